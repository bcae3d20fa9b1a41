"""Who stands where in line: counted by binary search, for those who ask often.

Follows a pool from outside: `follow` is told the events of each record after they were applied.
The engine itself never asks, and so does not pay for it.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable
from dataclasses import dataclass

from services.contracts.base import Millis, Name
from services.contracts.routing_events import AnyRoutingEvent, RoutingEvent
from services.router.core.class_key import SkillsKey, skills_key
from services.router.core.model import Contact
from services.router.core.pool import Pool

_CHUNK = 512
Mark = tuple[Millis, str]
"""(virtual start, contact id): the order inside a line."""
LineKey = tuple[Name, int, Name, SkillsKey]
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
        self._queues: dict[Name, dict[int, SortedMarks]] = {}
        self._lines: dict[LineKey, SortedMarks] = {}
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
        place = key, mark = _place(contact)
        waiting = self._pool.tally.get((contact.queue, "queued"), 0)
        counted = sum(marks.size for marks in self._queues.get(contact.queue, {}).values())
        if counted != waiting or self._at.get(contact_id) != place:
            # Something changed that names no contact: count everybody anew.
            self._build()
        position = 1
        for priority, marks in self._queues[contact.queue].items():
            if priority > contact.priority:
                position += marks.size
            elif priority == contact.priority:
                position += marks.before(mark)
        return Place(position, self._lines[key].before(mark))

    def _update(self, contact_id: str) -> None:
        contact = self._pool.contacts.get(contact_id)
        now = _place(contact) if contact is not None and contact.state == "queued" else None
        before = self._at.get(contact_id)
        if now == before:
            return
        if before is not None:
            del self._at[contact_id]
            self._remove(*before)
        if now is not None:
            self._at[contact_id] = now
            key, mark = now
            self._queues.setdefault(key[0], {}).setdefault(key[1], SortedMarks()).add(mark)
            self._lines.setdefault(key, SortedMarks()).add(mark)

    def _remove(self, key: LineKey, mark: Mark) -> None:
        queue, line = self._queues[key[0]], self._lines[key]
        queue[key[1]].remove(mark)
        line.remove(mark)
        if not line.size:
            del self._lines[key]
        if not queue[key[1]].size:
            del queue[key[1]]
            if not queue:
                del self._queues[key[0]]

    def _build(self) -> None:
        waiting = [one for one in self._pool.contacts.values() if one.state == "queued"]
        self._at = {contact.id: _place(contact) for contact in waiting}
        lines: dict[LineKey, list[Mark]] = {}
        queues: dict[Name, dict[int, list[Mark]]] = {}
        for key, mark in self._at.values():
            lines.setdefault(key, []).append(mark)
            queues.setdefault(key[0], {}).setdefault(key[1], []).append(mark)
        self._lines = {key: SortedMarks(marks) for key, marks in lines.items()}
        self._queues = {
            queue: {priority: SortedMarks(marks) for priority, marks in of.items()}
            for queue, of in queues.items()
        }


def _place(contact: Contact) -> tuple[LineKey, Mark]:
    skills = skills_key(contact.required)
    key = (contact.queue, contact.priority, contact.facts.channel, skills)
    return key, (contact.facts.virtual_start, contact.id)
