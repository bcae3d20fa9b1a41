"""The waiting contacts of one signature: channel, queue, priority and skills."""

from heapq import heapify, heappop, heappush

from services.contracts.routing_events import QueuedContact
from services.router.core.class_key import ClassKey, class_key
from services.router.core.model import Contact

Entry = tuple[int, str, int, Contact]
"""(virtual start, contact id, ticket, contact)."""


def window_of(facts: QueuedContact) -> int:
    """The time in which a scheduled contact is promised to be served, in ms, rounded down by less
    than a quarter so that promises are of few kinds; 0 if nothing was promised."""
    if not facts.due_at:
        return 0
    window = max(1, facts.due_at - facts.virtual_start)
    fine = max(0, window.bit_length() - 3)
    return window >> fine << fine


class Line:
    """Not `queued` are those for which one more agent may be asked. `able` are the agents with the
    required skills, `able_count` of them, as of the index's count `skilling`; `away_count` of
    those are not present, as of `staffing`. `window`: see `window_of`."""

    __slots__ = (
        "able",
        "able_count",
        "away_count",
        "channel",
        "heap",
        "key",
        "number",
        "preferred",
        "priority",
        "queue",
        "queued",
        "required",
        "size",
        "skilling",
        "staffing",
        "step",
        "window",
    )

    def __init__(self, number: int, contact: Contact) -> None:
        self.number = number
        self.channel = contact.facts.channel
        self.queue = contact.queue
        self.priority = contact.urgency
        self.queued = contact.state == "queued"
        self.required = contact.required
        self.preferred = contact.preferred
        self.step = contact.step
        self.window = window_of(contact.facts)
        self.key: ClassKey = class_key(self.channel, self.queue, self.required)
        self.heap: list[Entry] = []
        self.size = 0
        self.able = 0
        self.able_count = 0
        self.skilling = -1
        self.away_count = 0
        self.staffing = (-1, -1)

    def head(self) -> Entry | None:
        """The oldest entry; those of contacts that wait no more are dropped on the way."""
        heap = self.heap
        while heap:
            entry = heap[0]
            if entry[3].ticket == entry[2]:
                return entry
            heappop(heap)
        return None

    def pass_over(self) -> Entry:
        """Take the head, which must be valid, out of the way until it is restored."""
        return heappop(self.heap)

    def restore(self, entry: Entry) -> None:
        """The inverse of `pass_over`."""
        heappush(self.heap, entry)

    def compact(self) -> None:
        """Drop all entries that are no longer valid."""
        self.heap[:] = [entry for entry in self.heap if entry[3].ticket == entry[2]]
        heapify(self.heap)
