"""The API's own copy of the router's state: it follows the journal, and so knows of replies and
offers as soon as they are durable and count, whether Redis is there or not."""

import asyncio
import logging
from collections.abc import Callable

from services.contracts.journal import Record
from services.kit import tasks
from services.kit.errors import Unavailable
from services.kit.journal_reader import JournalReader
from services.kit.settings import Settings
from services.router.core.partition import Partition
from services.router.core.pool import Pool

log = logging.getLogger(__name__)
_BREATH = 200
"""Records applied before others get a turn of the loop."""


Note = Callable[[int, int, Record], None]
"""Hears of a record's place: partition, offset, record. May not wait."""
Listener = Callable[[Partition, Record], None]
"""Hears of a record. May not wait."""


class Replica:
    """Every partition's state, as new as the journal. A part."""

    name = "journal"

    def __init__(self, settings: Settings, journal: JournalReader | None = None) -> None:
        self.partitions = [Partition(number) for number in range(settings.partitions)]
        self._reader = journal or JournalReader(settings)
        self._before: list[Listener] = []
        self._after: list[Listener] = []
        self._notes: list[Note] = []
        self._waiting: list[tuple[Callable[[], object], asyncio.Future[None]]] = []
        self._live = False
        self._task: asyncio.Task[None] | None = None

    def listen(self, after: Listener, *, before: Listener | None = None) -> None:
        """Call `before` and `after` each record is applied, once the past has been read."""
        self._after.append(after)
        if before is not None:
            self._before.append(before)

    def trace(self, note: Note) -> None:
        """Call `note` with every record that counts and its offset, those of the past, too."""
        self._notes.append(note)

    async def start(self) -> None:
        """Begin to follow; returns at once."""
        self._task = tasks.start("replica", self._follow())

    async def stop(self) -> None:
        """End."""
        await tasks.stop(self._task)

    def trouble(self) -> str | None:
        """Not ready until the journal has been read once."""
        return None if self._live else "the journal is still being read"

    def require_live(self) -> None:
        """Raises `Unavailable` until the journal has been read once."""
        if not self._live:
            raise Unavailable("The routing journal is still being read.")

    def find_pool(self, name: str) -> tuple[Partition, Pool] | None:
        """The pool's partition and state, None if the router knows no such pool.

        Raises `Unavailable` until the journal has been read once.
        """
        self.require_live()
        for partition in self.partitions:
            if (pool := partition.pools.get(name)) is not None:
                return partition, pool
        return None

    async def until(self, holds: Callable[[], object], seconds: float | None = None) -> bool:
        """Wait until the condition holds, looking again after each batch; False if it did not in
        time."""
        if holds():
            return True
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((holds, future))
        try:
            await asyncio.wait([future], timeout=seconds)
        finally:
            future.cancel()  # the next batch clears it away
        return bool(holds())

    async def _follow(self) -> None:
        watch = asyncio.create_task(self._until_live())
        try:
            async for batch in self._reader.batches():
                for count, (number, offset, record) in enumerate(batch, 1):
                    for note in self._notes:
                        note(number, offset, record)
                    self.take(number, record)
                    if count % _BREATH == 0:
                        await asyncio.sleep(0)
                self._wake()
        finally:
            await tasks.stop(watch)

    async def _until_live(self) -> None:
        await self._reader.caught_up.wait()
        log.info("the journal has been read", extra={"positions": dict(self._reader.positions)})
        self.become_live()

    def become_live(self) -> None:
        """The past has been read: from now on everybody is told."""
        self._live = True
        self._wake()

    def take(self, number: int, record: Record) -> None:
        """Apply a record that counts."""
        partition = self.partitions[number]
        if not self._live:
            partition.apply(record)
            return
        for before in self._before:
            before(partition, record)
        partition.apply(record)
        for after in self._after:
            after(partition, record)

    def _wake(self) -> None:
        still = []
        for holds, future in self._waiting:
            if future.done():
                continue
            if holds():
                future.set_result(None)
            else:
                still.append((holds, future))
        self._waiting = still
