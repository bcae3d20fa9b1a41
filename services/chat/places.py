"""Where the customers' contacts are by the journal: waiting, with an agent, over. Pure."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from services.chat.core import SERVED
from services.contracts.journal import Record
from services.contracts.routing_events import (
    HANDED_OVER,
    AssignmentEnded,
    AssignmentStarted,
    AssignmentWrapping,
    ContactChannelChanged,
    ContactClosed,
    ContactForgotten,
    ContactHandedOver,
    ContactOverflowed,
    ContactParked,
    ContactProbed,
    ContactQueued,
    ContactRequeued,
    ContactWithdrawn,
)

State = Literal["waiting", "parked", "assigned", "closed"]
"""`parked`: the queue is closed, the contact waits for its opening."""


class Line(NamedTuple):
    """A queue of a pool, and the partition that they are on."""

    partition: int
    pool: str
    queue: str


@dataclass(slots=True)
class Place:
    """A customer's contact. `line`: in which it stands or stood; `reason`: why it is closed. If its
    queue did not take it: `why` not, what to do `instead`, and when the queue opens (0: not known;
    for a parked one, too)."""

    contact_id: str
    conversation_id: str
    line: Line
    state: State = "waiting"
    reason: str = ""
    why: str = ""
    instead: str = ""
    opens_at: int = 0


@dataclass(frozen=True, slots=True)
class Moved:
    """A contact's state is another one now; `before` None: it is new."""

    place: Place
    before: State | None


class Places:
    """Feed it every record that counts; then `moved` are the contacts of ours that it moved,
    `lines` those in which somebody came or left, on whatever channel, and `probed` the
    conversations whose customers are to be asked whether they are still there."""

    def __init__(self) -> None:
        self._contacts: dict[str, Place] = {}
        self._newest: dict[str, str] = {}
        self._lines: dict[str, Line] = {}
        self._standing: dict[Line, dict[str, None]] = {}
        self.moved: list[Moved] = []
        self.lines: set[Line] = set()
        self.probed: list[str] = []

    def of(self, conversation_id: str) -> Place | None:
        """The conversation's newest contact, if the router knows one."""
        contact_id = self._newest.get(conversation_id)
        return None if contact_id is None else self._contacts.get(contact_id)

    def contact(self, contact_id: str) -> Place | None:
        """A contact of ours, from when it was queued until the router forgets it."""
        return self._contacts.get(contact_id)

    def standing(self, line: Line) -> list[str]:
        """The contacts of all channels that stand in the line: nobody has taken them yet."""
        return list(self._standing.get(line, ()))

    def take(self, partition: int, record: Record) -> None:
        """Apply a journal record."""
        self.moved, self.lines, self.probed = [], set(), []
        for event in record.events:
            match event:
                case ContactQueued(pool=pool, contact=contact):
                    line = Line(partition, pool, contact.queue)
                    self._lines[contact.id] = line
                    self._enter(contact.id, line)
                    if contact.channel in SERVED:
                        place = Place(contact.id, contact.conversation, line)
                        self._contacts[contact.id] = place
                        if contact.origin is None:
                            self._newest[contact.conversation] = contact.id
                            self.moved.append(Moved(place, None))
                case ContactRequeued(contact=contact_id, classified=classified):
                    self._note(contact_id, "", "", 0)
                    if classified is not None:
                        self._change_line(contact_id, classified.queue)
                    self._move(contact_id, "waiting")
                case AssignmentStarted(contact=contact_id):
                    # One that comes from another pool is the conversation's from here on.
                    if contact_id in self._contacts:
                        self._newest[event.conversation] = contact_id
                    self._move(contact_id, "assigned")
                case ContactHandedOver(contact=contact_id):
                    self._lines.pop(contact_id, None)
                # What was handed over has an event of its own: queued again, or another's.
                case AssignmentWrapping(contact=contact_id, reason=reason):
                    if reason not in HANDED_OVER:
                        self._move(contact_id, "closed", "completed")
                case AssignmentEnded(contact=contact_id, result=result):
                    if result not in HANDED_OVER:
                        self._move(contact_id, "closed", result)
                case ContactWithdrawn(contact=contact_id, reason=reason):
                    self._move(contact_id, "closed", reason)
                    self._lines.pop(contact_id, None)
                case ContactParked(contact=contact_id, opens_at=opens_at):
                    self._note(contact_id, "", "", opens_at)
                    self._move(contact_id, "parked")
                case ContactOverflowed(contact=contact_id, reason=why, action=instead):
                    self._note(contact_id, why, instead, event.opens_at)
                    self._move(contact_id, "closed", "overflowed")
                    self._lines.pop(contact_id, None)
                case ContactClosed(contact=contact_id):
                    self._move(contact_id, "closed", "completed")
                    self._lines.pop(contact_id, None)
                case ContactChannelChanged():
                    self._change_channel(event)
                case ContactProbed(contact=contact_id, conversation=conversation):
                    if contact_id in self._contacts:
                        self.probed.append(conversation)
                case ContactForgotten(contact=contact_id):
                    self._forget(contact_id)

    def _change_line(self, contact_id: str, queue: str) -> None:
        line = self._lines.get(contact_id)
        if line is None:
            return
        self._leave(contact_id, line)
        self._lines[contact_id] = line._replace(queue=queue)
        if contact_id in self._contacts:
            self._contacts[contact_id].line = self._lines[contact_id]

    def _change_channel(self, event: ContactChannelChanged) -> None:
        """The contact leaves the chat, or comes to it from elsewhere."""
        contact_id, line = event.contact, self._lines.get(event.contact)
        if event.channel not in SERVED:
            place = self._contacts.get(contact_id)
            if place is not None:
                before, place.state, place.reason = place.state, "closed", "channel_changed"
                self.moved.append(Moved(place, before))
                self._forget(contact_id)
        elif contact_id not in self._contacts and line is not None:
            place = Place(contact_id, event.conversation, line)
            place.state = "assigned" if event.agent else "waiting"
            self._contacts[contact_id] = place
            self._newest[event.conversation] = contact_id
            self.moved.append(Moved(place, None))

    def _move(self, contact_id: str, state: State, reason: str = "") -> None:
        line = self._lines.get(contact_id)
        if line is not None and state == "waiting":
            self._enter(contact_id, line)
        elif line is not None:
            self._leave(contact_id, line)
        place = self._contacts.get(contact_id)
        if place is not None and place.state != state:
            before, place.state, place.reason = place.state, state, reason
            # One that another pool has not accepted is not the conversation's: nobody is told.
            if self._newest.get(place.conversation_id) == contact_id:
                self.moved.append(Moved(place, before))

    def _note(self, contact_id: str, why: str, instead: str, opens_at: int) -> None:
        place = self._contacts.get(contact_id)
        if place is not None:
            place.why, place.instead, place.opens_at = why, instead, opens_at

    def _enter(self, contact_id: str, line: Line) -> None:
        self._standing.setdefault(line, {})[contact_id] = None
        self.lines.add(line)

    def _leave(self, contact_id: str, line: Line) -> None:
        standing = self._standing.get(line, {})
        if contact_id in standing:
            del standing[contact_id]
            self.lines.add(line)
        if not standing:
            self._standing.pop(line, None)

    def _forget(self, contact_id: str) -> None:
        place = self._contacts.pop(contact_id, None)
        if place is not None and self._newest.get(place.conversation_id) == contact_id:
            del self._newest[place.conversation_id]
