"""Who has which conversation, as the journal tells it. Pure."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from services.contracts.journal import Record
from services.contracts.routing_events import (
    AssignmentEnded,
    AssignmentStarted,
    AssignmentWrapping,
    ContactClosed,
    ContactHandedOver,
    ContactOverflowed,
    ContactQueued,
    ContactWithdrawn,
)

State = Literal["waiting", "assigned", "wrapping"]


class Holder(NamedTuple):
    """An agent of a pool."""

    pool: str
    agent: str


@dataclass(frozen=True, slots=True)
class Held:
    """A conversation in an agent's hands."""

    assignment: str
    contact: str
    conversation: str
    holder: Holder


@dataclass(frozen=True, slots=True)
class Change:
    """`came`: the agent has it from now on; else it is gone from the agent."""

    held: Held
    came: bool


class Holders:
    """Feed it every record that counts. Only what lives now is kept."""

    def __init__(self) -> None:
        self._assignments: dict[str, Held] = {}
        self._by_holder: dict[Holder, dict[str, Held]] = {}
        self._by_conversation: dict[str, Held] = {}
        self._states: dict[str, State] = {}

    def of(self, conversation_id: str) -> Holder | None:
        """Who has the conversation now."""
        held = self._by_conversation.get(conversation_id)
        return None if held is None else held.holder

    def held_by(self, holder: Holder) -> list[str]:
        """The agent's conversations now, the longest held first."""
        return list(self._by_holder.get(holder, ()))

    def state(self, contact_id: str) -> State | None:
        """Where a contact that lives is."""
        return self._states.get(contact_id)

    def take(self, record: Record) -> list[Change]:
        """Apply a journal record; who got and who lost a conversation by it."""
        changes: list[Change] = []
        for event in record.events:
            match event:
                case ContactQueued(contact=contact):
                    self._states[contact.id] = "waiting"
                case AssignmentStarted():
                    self._states[event.contact] = "assigned"
                    holder = Holder(event.pool, event.agent)
                    held = Held(event.assignment, event.contact, event.conversation, holder)
                    self._assignments[held.assignment] = held
                    self._by_holder.setdefault(holder, {})[held.conversation] = held
                    self._by_conversation[held.conversation] = held
                    changes.append(Change(held, came=True))
                case AssignmentWrapping(contact=contact_id, reason=reason):
                    if reason != "transferred":
                        self._states[contact_id] = "wrapping"
                case AssignmentEnded(assignment=assignment, contact=contact_id, result=result):
                    if result in ("agent_lost", "channel_changed"):
                        self._states[contact_id] = "waiting"
                    if (ended := self._end(assignment)) is not None:
                        changes.append(Change(ended, came=False))
                case (
                    ContactWithdrawn(contact=contact_id)
                    | ContactOverflowed(contact=contact_id)
                    | ContactClosed(contact=contact_id)
                    | ContactHandedOver(contact=contact_id)
                ):
                    self._states.pop(contact_id, None)
        return changes

    def _end(self, assignment: str) -> Held | None:
        held = self._assignments.pop(assignment, None)
        if held is None:
            return None
        # A newer contact of the same conversation may be in hand already: that one stays.
        if self._by_conversation.get(held.conversation) is held:
            del self._by_conversation[held.conversation]
        mine = self._by_holder[held.holder]
        if mine.get(held.conversation) is not held:
            return None
        del mine[held.conversation]
        if not mine:
            del self._by_holder[held.holder]
        return held
