"""Which contact events are missing, so that they have to be written again. Pure.

A channel writes a conversation's head first and its contact event after it; one that dies between
leaves a customer whom nobody hears. Missing is what can be shown to be missing: the grace time is
over, and the router has answered everything that stood in the pool's input log after it, and the
contact is not among it. So a router that is away, or far behind, repairs nothing.
"""

from dataclasses import dataclass

from services.contracts.journal import Record
from services.contracts.messages import ConversationStarted
from services.contracts.routing_events import ContactQueued

WINDOW_MS = 12 * 3_600_000
"""A head older than this is left alone: the router may have forgotten its contact, and would take
it for a new one."""
_REMEMBERED_MS = 24 * 3_600_000
_MOST = 100_000


@dataclass(slots=True)
class Missed:
    """A head whose contact has not been seen. `due`: when to look (monotonic seconds). `goal`: the
    offset in the pool's input log up to which the router must have come; None until it is known.
    `written`: the contact event stands there, written by us."""

    head: ConversationStarted
    due: float
    partition: int = -1
    goal: int | None = None
    written: bool = False


class RepairBook:
    """Feed it every head and every journal record that counts; ask it what to do.

    Nothing is due before `begin`: the journal's past has to be read first.
    """

    def __init__(self, grace: float) -> None:
        self._grace = grace
        self._seen: dict[str, int] = {}
        self._missed: dict[str, Missed] = {}
        self._reached: dict[int, int] = {}
        self._begun = False

    def __len__(self) -> int:
        return len(self._missed)

    def seen(self, contact_id: str) -> bool:
        """Whether the router has had the contact, within the last day."""
        return contact_id in self._seen

    def begin(self, now: float) -> None:
        """The journal has been read up to now: the grace times count from here."""
        self._begun = True
        for missed in self._missed.values():
            missed.due = now + self._grace

    def head(self, head: ConversationStarted, now: float, now_ms: int) -> None:
        """A conversation has begun (or a new contact in it)."""
        contact_id = head.data.contact_id
        if contact_id in self._seen or contact_id in self._missed:
            return
        if now_ms - head.data.opened_at > WINDOW_MS:
            return
        if len(self._missed) >= _MOST:
            del self._missed[next(iter(self._missed))]
        self._missed[contact_id] = Missed(head, now + self._grace)

    def journal(self, partition: int, record: Record) -> None:
        """The router has answered an input."""
        self._reached[partition] = max(record.src.offset, self._reached.get(partition, -1))
        for event in record.events:
            if isinstance(event, ContactQueued):
                self._seen[event.contact.id] = record.at
                self._missed.pop(event.contact.id, None)
        while self._seen:
            oldest = next(iter(self._seen))
            if record.at - self._seen[oldest] <= _REMEMBERED_MS:
                break
            del self._seen[oldest]

    def next_due(self) -> float | None:
        """When to ask `to_look_for` again, at the latest."""
        if not self._begun:
            return None
        return min((one.due for one in self._missed.values() if one.goal is None), default=None)

    def to_look_for(self, now: float) -> list[Missed]:
        """Their grace is over: say by `look` how far the router has to come before they count as
        missing."""
        if not self._begun:
            return []
        return [one for one in self._missed.values() if one.goal is None and one.due <= now]

    def look(self, missed: Missed, partition: int, end: int) -> None:
        """The pool's input log ends before the offset `end` now."""
        missed.partition = partition
        missed.goal = end - 1

    def later(self, missed: Missed, due: float) -> None:
        """It could not be looked for, or not be written: again at `due`."""
        missed.goal = None
        missed.due = due

    def to_write(self, now_ms: int) -> list[Missed]:
        """Missing: to be written now, and by `written` to be marked so."""
        return [
            one
            for one in list(self._missed.values())
            if not one.written and self._passed(one) and self._young(one, now_ms)
        ]

    def written(self, missed: Missed, offset: int) -> None:
        """The contact event stands at `offset`."""
        missed.written = True
        missed.goal = offset

    def in_vain(self) -> list[Missed]:
        """The router has read what we wrote and does not take it. They are forgotten here."""
        given_up = [one for one in self._missed.values() if one.written and self._passed(one)]
        for one in given_up:
            del self._missed[one.head.data.contact_id]
        return given_up

    def _passed(self, missed: Missed) -> bool:
        return missed.goal is not None and self._reached.get(missed.partition, -1) >= missed.goal

    def _young(self, missed: Missed, now_ms: int) -> bool:
        if now_ms - missed.head.data.opened_at <= WINDOW_MS:
            return True
        del self._missed[missed.head.data.contact_id]
        return False
