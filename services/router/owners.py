"""The owners of this process, one for each partition that Faust assigned (protocol, point 3)."""

import asyncio
from collections.abc import Callable

from services.kit import tasks
from services.kit.metrics import Metrics
from services.router.assignment import Assignment
from services.router.owner import Owner


class Owners:
    """Partitions that are gone → their owners stop; kept ones go on working, through the
    rebalance too (the fence makes that safe); new ones → one owner each."""

    def __init__(
        self, assignment: Assignment, make: Callable[[int], Owner], metrics: Metrics
    ) -> None:
        self._assignment = assignment
        self._make = make
        self._metrics = metrics
        self._owners: dict[int, Owner] = {}
        self._stopping: set[asyncio.Task[None]] = set()

    def assigned(self, partitions: frozenset[int], generation: int) -> None:
        """Take a new assignment; never waits."""
        self._assignment.take(partitions, generation)
        for number in self._owners.keys() - partitions:
            task = tasks.start(f"stop-{number}", self._owners.pop(number).stop())
            self._stopping.add(task)
            task.add_done_callback(self._stopping.discard)
        for number in sorted(partitions - self._owners.keys()):
            owner = self._owners[number] = self._make(number)
            owner.start()
        self._metrics.set("router_partitions", len(partitions))

    def offer(self, partition: int, offset: int, value: bytes) -> None:
        """The live feed: hand over and go on."""
        if owner := self._owners.get(partition):
            owner.offer(offset, value)

    def waiting(self) -> list[int]:
        """Partitions that are assigned and not active yet."""
        return [number for number, owner in self._owners.items() if not owner.active]

    async def stop(self) -> None:
        """Stop every owner and wait for it."""
        owners, self._owners = self._owners, {}
        await asyncio.gather(*(owner.stop() for owner in owners.values()), *self._stopping)
