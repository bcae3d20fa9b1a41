"""What is due when. All of it follows from applied events, so a replay has the same timers.

Nothing is removed by itself: an entry whose subject has moved on is dead, and is dropped when it
surfaces or at the next sweep.
`alive` must be monotone: an entry once dead stays dead.
"""

from collections import deque
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from itertools import chain
from math import inf

from services.contracts.base import Millis

# At the same millisecond: first who is gone, then what was missed.
LEASE, GRACE, ASSIGNMENT_GRACE, OFFER, WRAP_UP, FORGET, ASK_AGAIN = range(7)
RECLASSIFY, DETACH = range(7, 9)
PROBE, GIVE_UP, PAUSE, RAMP = range(9, 13)
RELAX, HOLD, MAX_WAIT, NOT_BEFORE, CALENDAR, UNPARK = range(20, 26)
PLAN = 30

Timer = tuple[Millis, int, str, str, str]
"""(due, kind, pool, id, second id)."""
Alive = Callable[[Timer], bool]
NEVER = inf
SWEEP = 20_000
"""After so many new timers, or as many as there were, the dead ones are swept out."""
_LANES = 4


class Timers:
    """Timers, the earliest first; equal times in the order of kind, pool, id.

    Timers of one kind mostly have one span and come in the order in which they are due: they stand
    in lanes, each in order, where adding and taking cost nothing to speak of; what fits in no lane
    is in a heap. Nothing is due before `bound`.
    """

    __slots__ = ("_alive", "_heap", "_lanes", "_until_sweep", "bound")

    def __init__(self, alive: Alive) -> None:
        self.bound: float = NEVER
        self._alive = alive
        self._heap: list[Timer] = []
        self._lanes: dict[int, tuple[deque[Timer], ...]] = {}
        self._until_sweep = SWEEP

    def __len__(self) -> int:
        return len(self._heap) + sum(len(lane) for lanes in self._lanes.values() for lane in lanes)

    def push(self, due: Millis, kind: int, pool: str, key: str, second: str = "") -> None:
        """One more timer."""
        self._put((due, kind, pool, key, second))
        self._until_sweep -= 1
        if not self._until_sweep:
            self._sweep()

    def earliest(self) -> Timer | None:
        """The first timer that is alive; those before it are dropped."""
        first: Timer | None = None
        alive, heap = self._alive, self._heap
        for lanes in self._lanes.values():
            for lane in lanes:
                while lane and not alive(lane[0]):
                    lane.popleft()
                if lane and (first is None or lane[0] < first):
                    first = lane[0]
        while heap and not alive(heap[0]):
            heappop(heap)
        if heap and (first is None or heap[0] < first):
            first = heap[0]
        self.bound = NEVER if first is None else first[0]
        return first

    def pop(self, now: Millis) -> Timer | None:
        """Take the first timer that is alive and due."""
        if now < self.bound:
            return None
        first = self.earliest()
        if first is None or first[0] > now:
            return None
        for lane in self._lanes[first[1]]:
            if lane and lane[0] == first:
                return lane.popleft()
        return heappop(self._heap)

    def living(self) -> set[Timer]:
        """All timers that are alive (for comparison)."""
        lanes = (lane for lanes in self._lanes.values() for lane in lanes)
        return {timer for timer in chain(self._heap, *lanes) if self._alive(timer)}

    def load(self, timers: list[Timer]) -> None:
        """Have these, sorted, instead of all others."""
        self._heap, self._lanes, self.bound = [], {}, NEVER
        for timer in timers:
            self._put(timer)

    def _sweep(self) -> None:
        """Drop the dead ones behind those that are alive: else they would stay for as long."""
        alive = self._alive
        self._heap = [timer for timer in self._heap if alive(timer)]
        heapify(self._heap)
        for kind, lanes in self._lanes.items():
            self._lanes[kind] = tuple(deque(filter(alive, lane)) for lane in lanes)
        self._until_sweep = max(SWEEP, len(self))

    def _put(self, timer: Timer) -> None:
        if timer[0] < self.bound:
            self.bound = timer[0]
        lanes = self._lanes.get(timer[1])
        if lanes is None:
            lanes = self._lanes[timer[1]] = tuple(deque() for _ in range(_LANES))
        for lane in lanes:
            if not lane or lane[-1] <= timer:
                lane.append(timer)
                return
        heappush(self._heap, timer)


class Schedule:
    """The timers of a partition, by what their coming means.

    - `due`: what somebody waits for; being late here means that the router was away.
    - `times`: a time of a waiting contact's or a queue's own; may be late.
    - `forget`: housekeeping, may be late.
    - `wake`: a contact may be tried again; leads to no event by itself, so replay drops what is
      due where the live router looked at it.
    - `todo`: work that an event left to do, in small portions, without a time.
    """

    __slots__ = ("_alive", "due", "forget", "times", "todo", "wake")

    def __init__(self, alive: Alive) -> None:
        self._alive = alive
        self.due = Timers(alive)
        self.times = Timers(alive)
        self.forget = Timers(alive)
        self.wake = Timers(alive)
        self.todo: deque[Timer] = deque()

    def comes_by(self, now: Millis) -> bool:
        """Whether something may be due by now: quick, and never wrong if False."""
        return (
            bool(self.todo)
            or self.due.bound <= now
            or self.times.bound <= now
            or self.forget.bound <= now
            or self.wake.bound <= now
        )

    def next_todo(self) -> Timer | None:
        """The first piece of work still to do; it stays until its event makes it dead."""
        todo = self.todo
        while todo:
            if self._alive(todo[0]):
                return todo[0]
            todo.popleft()
        return None

    def earliest(self, now: Millis) -> Millis | None:
        """When something is due; `now` if work is left over."""
        if self.next_todo() is not None:
            return now
        heads = [
            head[0]
            for timers in (self.due, self.times, self.forget, self.wake)
            if (head := timers.earliest()) is not None
        ]
        return min(heads) if heads else None

    def dump(self) -> tuple[list[Timer], list[Timer], list[Timer], list[Timer], list[Timer]]:
        """All that is alive: due, times, forget, wake, and the work left to do in its order."""
        todo = [timer for timer in self.todo if self._alive(timer)]
        return (
            sorted(self.due.living()),
            sorted(self.times.living()),
            sorted(self.forget.living()),
            sorted(self.wake.living()),
            todo,
        )

    def load(
        self,
        due: list[Timer],
        times: list[Timer],
        forget: list[Timer],
        wake: list[Timer],
        todo: list[Timer],
    ) -> None:
        """The inverse of `dump`."""
        self.due.load(due)
        self.times.load(times)
        self.forget.load(forget)
        self.wake.load(wake)
        self.todo = deque(todo)

    def living(self) -> set[Timer]:
        """Everything that is to come (for comparison)."""
        work = {timer for timer in self.todo if self._alive(timer)}
        heaps = (self.due, self.times, self.forget, self.wake)
        return work.union(*(timers.living() for timers in heaps))
