"""What the journal says about contacts, as far as channels need it: who has one, is it over."""

from typing import Literal

from services.contracts.journal import Record
from services.contracts.routing_events import (
    AssignmentEnded,
    AssignmentStarted,
    AssignmentWrapping,
    ContactChannelChanged,
    ContactClosed,
    ContactForgotten,
    ContactHandedOver,
    ContactOverflowed,
    ContactQueued,
    ContactRequeued,
    ContactWithdrawn,
)

ContactState = Literal["waiting", "assigned", "wrapping", "over"]
"""`waiting`: nobody has it (it may be offered); `wrapping`: the talk is over."""


class ContactStates:
    """Feed it every record that counts. Knows the newest `limit` contacts of `channels`. One that
    another pool took over is, under its old id, where it is there."""

    def __init__(self, channels: frozenset[str], *, limit: int = 100_000) -> None:
        self._channels = channels
        self._limit = limit
        self._states: dict[str, ContactState] = {}
        self._came: dict[str, str] = {}
        self._went: dict[str, str] = {}

    def get(self, contact_id: str) -> ContactState | None:
        """The contact's state; None for one not queued yet, of another channel, or long over."""
        return self._states.get(contact_id)

    def take(self, record: Record) -> None:
        """Apply a journal record."""
        for event in record.events:
            match event:
                case ContactQueued(contact=contact):
                    if contact.channel in self._channels:
                        self._add(contact.id)
                        if contact.origin is not None:
                            self._came[contact.id] = contact.origin.contact_id
                case ContactHandedOver(contact=contact_id, to_contact=there):
                    self._move(contact_id, self._states.get(there, "assigned"))
                    self._went[contact_id] = there
                case ContactRequeued(contact=contact_id):
                    if self._states.get(contact_id) != "over":
                        self._move(contact_id, "waiting")
                case AssignmentStarted(contact=contact_id):
                    self._move(contact_id, "assigned")
                case (
                    AssignmentWrapping(reason="transferred") | AssignmentEnded(result="transferred")
                ):
                    pass  # another agent has it
                case AssignmentWrapping(contact=contact_id):
                    self._move(contact_id, "wrapping")
                case AssignmentEnded(contact=contact_id, result="agent_lost" | "channel_changed"):
                    self._move(contact_id, "waiting")
                case ContactChannelChanged():
                    self._change_channel(event)
                case (
                    AssignmentEnded(contact=contact_id)
                    | ContactWithdrawn(contact=contact_id)
                    | ContactOverflowed(contact=contact_id)
                    | ContactClosed(contact=contact_id)
                ):
                    self._move(contact_id, "over")
                case ContactForgotten(contact=contact_id):
                    for known in (self._states, self._came, self._went):
                        known.pop(contact_id, None)

    def _add(self, contact_id: str) -> None:
        if len(self._states) >= self._limit:
            del self._states[next(iter(self._states))]
        self._states[contact_id] = "waiting"

    def _change_channel(self, event: ContactChannelChanged) -> None:
        """For those whose channel it leaves, the contact is over."""
        if event.channel not in self._channels:
            self._move(event.contact, "over")
            return
        if event.contact not in self._states:
            self._add(event.contact)
        self._move(event.contact, "assigned" if event.agent else "waiting")

    def _move(self, contact_id: str, state: ContactState) -> None:
        if contact_id in self._states:
            self._states[contact_id] = state
        before = self._came.get(contact_id, "")
        if self._went.get(before) == contact_id:
            self._move(before, state)
