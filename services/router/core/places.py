"""Who stands where in line: counted by binary search, for those who ask often.

Follows a pool from outside: `follow` is told the events of each record after they were applied.
The engine itself never asks, and so does not pay for it.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable
from dataclasses import dataclass

from services.contracts.base import Level, Millis, Name
from services.contracts.routing_events import AnyRoutingEvent, RoutingEvent
from services.router.core.model import Contact
from services.router.core.pool import Pool

_CHUNK = 512
Mark = tuple[Millis, str]
"""(virtual start, contact id): the order inside a line."""
LineKey = tuple[Name, int, Name, tuple[tuple[Name, Level], ...]]
"""(queue, priority, channel, required skills)."""


class SortedMarks:
    """A sorted list in chunks: adding, removing and counting cost a few hundred steps at most,
    whatever its length."""

    __slots__ = ("_chunks", "_last", "size")

    def __init__(self, marks: Iterable[Mark] = ()) -> None:
        ordered = sorted(marks)
        self.size = len(ordered)
        self._chunks = [ordered[at : at + _CHUNK] for at in range(0, len(ordered), _CHUNK)]
        self._last = [chunk[-1] for chunk in self._chunks]

    def add(self, mark: Mark) -> None:
        """One more."""
        self.size += 1
        if not self._chunks:
            self._chunks, self._last = [[mark]], [mark]
            return
        at = min(bisect_left(self._last, mark), len(self._chunks) - 1)
        chunk = self._chunks[at]
        insort(chunk, mark)
        if len(chunk) > 2 * _CHUNK:
            self._chunks[at : at + 1] = [chunk[:_CHUNK], chunk[_CHUNK:]]
            self._last[at : at + 1] = [chunk[_CHUNK - 1], chunk[-1]]
        else:
            self._last[at] = chunk[-1]

    def remove(self, mark: Mark) -> None:
        """One less; it must be there."""
        at = bisect_left(self._last, mark)
        chunk = self._chunks[at]
        del chunk[bisect_left(chunk, mark)]
        self.size -= 1
        if chunk:
            self._last[at] = chunk[-1]
        else:
            del self._chunks[at], self._last[at]

    def before(self, mark: Mark) -> int:
        """How many are smaller."""
        at = bisect_left(self._last, mark)
        if at == len(self._chunks):
            return self.size
        return sum(map(len, self._chunks[:at])) + bisect_left(self._chunks[at], mark)


@dataclass(frozen=True, slots=True)
class Place:
    """`position` in the queue from 1; `ahead_alike`: those of them who want the same (channel,
    skills, priority) and came before."""

    position: int
    ahead_alike: int


class Places:
    """The places of one pool's waiting contacts. `of` is exact as of the last `follow`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._at: dict[str, tuple[LineKey, Mark]] = {}
        self._lines: dict[Name, dict[LineKey, SortedMarks]] = {}
        self._build()

    def follow(self, events: Iterable[AnyRoutingEvent]) -> None:
        """These have been applied to the pool (others' are passed over)."""
        for event in events:
            if isinstance(event, RoutingEvent) and event.pool == self._pool.name:
                contact = getattr(event, "contact", None)
                if contact is not None:
                    self._update(contact if isinstance(contact, str) else contact.id)

    def of(self, contact_id: str) -> Place | None:
        """The contact's place among those of its queue who wait, by priority, then age, then id;
        None if it does not wait."""
        contact = self._pool.contacts.get(contact_id)
        if contact is None or contact.state != "queued":
            return None
        waiting = self._pool.tally.get((contact.queue, "queued"), 0)
        counted = sum(marks.size for marks in self._lines.get(contact.queue, {}).values())
        if counted != waiting or self._at.get(contact_id) != _place(contact):
            # Something changed that names no contact: count everybody anew.
            self._build()
        key, mark = _place(contact)
        position = 1
        ahead_alike = 0
        for line, marks in self._lines[contact.queue].items():
            if line[1] > contact.priority:
                position += marks.size
            elif line[1] == contact.priority:
                ahead = marks.before(mark)
                position += ahead
                ahead_alike += ahead if line == key else 0
        return Place(position, ahead_alike)

    def _update(self, contact_id: str) -> None:
        contact = self._pool.contacts.get(contact_id)
        now = _place(contact) if contact is not None and contact.state == "queued" else None
        before = self._at.get(contact_id)
        if now == before:
            return
        if before is not None:
            key, mark = before
            del self._at[contact_id]
            lines = self._lines[key[0]]
            lines[key].remove(mark)
            if not lines[key].size:
                del lines[key]
        if now is not None:
            self._at[contact_id] = now
            lines = self._lines.setdefault(now[0][0], {})
            lines.setdefault(now[0], SortedMarks()).add(now[1])

    def _build(self) -> None:
        self._at = {
            contact.id: _place(contact)
            for contact in self._pool.contacts.values()
            if contact.state == "queued"
        }
        marks: dict[LineKey, list[Mark]] = {}
        for key, mark in self._at.values():
            marks.setdefault(key, []).append(mark)
        self._lines = {}
        for key, those in marks.items():
            self._lines.setdefault(key[0], {})[key] = SortedMarks(those)


def _place(contact: Contact) -> tuple[LineKey, Mark]:
    required = tuple(sorted(contact.required.items()))
    key = (contact.queue, contact.priority, contact.facts.channel, required)
    return key, (contact.facts.virtual_start, contact.id)
