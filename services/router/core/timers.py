"""What is due when. All of it follows from applied events, so a replay has the same timers.

Nothing is ever removed: an entry whose subject has moved on is dead and dropped when it surfaces.
`alive` must be monotone: an entry once dead stays dead.
"""

from collections import deque
from collections.abc import Callable
from heapq import heapify, heappop, heappush

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


class Timers:
    """A heap of timers, the earliest first; equal times in the order of kind, pool, id."""

    __slots__ = ("_alive", "heap")

    def __init__(self, alive: Alive) -> None:
        self.heap: list[Timer] = []
        self._alive = alive

    def push(self, due: Millis, kind: int, pool: str, key: str, second: str = "") -> None:
        """One more timer."""
        heappush(self.heap, (due, kind, pool, key, second))

    def earliest(self) -> Timer | None:
        """The first timer that is alive; those before it are dropped."""
        heap = self.heap
        while heap:
            if self._alive(heap[0]):
                return heap[0]
            heappop(heap)
        return None

    def pop(self, now: Millis) -> Timer | None:
        """Take the first timer that is alive and due."""
        heap = self.heap
        while heap and heap[0][0] <= now:
            timer = heappop(heap)
            if self._alive(timer):
                return timer
        return None

    def living(self) -> set[Timer]:
        """All timers that are alive (for comparison)."""
        return {timer for timer in self.heap if self._alive(timer)}

    def prune(self) -> None:
        """Forget the dead ones."""
        self.heap = [timer for timer in self.heap if self._alive(timer)]
        heapify(self.heap)


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
        due, times = self.due.heap, self.times.heap
        forget, wake = self.forget.heap, self.wake.heap
        return (
            bool(self.todo)
            or (bool(due) and due[0][0] <= now)
            or (bool(times) and times[0][0] <= now)
            or (bool(forget) and forget[0][0] <= now)
            or (bool(wake) and wake[0][0] <= now)
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
        """The inverse of `dump`: sorted lists are heaps."""
        self.due.heap, self.times.heap = due, times
        self.forget.heap, self.wake.heap = forget, wake
        self.todo = deque(todo)

    def living(self) -> set[Timer]:
        """Everything that is to come (for comparison)."""
        work = {timer for timer in self.todo if self._alive(timer)}
        heaps = (self.due, self.times, self.forget, self.wake)
        return work.union(*(timers.living() for timers in heaps))
