"""Following the journal: every partition's state, what is dirty, what is to be counted."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from services.contracts.journal import Record
from services.kit import tasks
from services.kit.journal_reader import JournalReader
from services.kit.settings import Settings
from services.router.core.partition import Partition
from services.router.follower.dirty import Dirty
from services.router.follower.numbers import Counters

_BREATH = 200
"""Records applied before others get a turn of the loop."""


def _nobody(_partition: Partition, _record: Record) -> None:
    """Nobody else wants to know."""


@dataclass(slots=True)
class Followed:
    """One partition: its state, how far the journal has been read (-1: nothing there), and what
    has changed since the views were written."""

    partition: Partition
    position: int = -1
    dirty: Dirty = field(default_factory=Dirty)


class Follow:
    """A part. `moved` and `news` are set after each batch, once the journal's past has been read:
    each has one reader, who clears it. `note`
    is told every record that counts, before it is applied."""

    name = "journal"

    def __init__(self, settings: Settings, journal: JournalReader, counters: Counters) -> None:
        self.followed = [Followed(Partition(number)) for number in range(settings.partitions)]
        self.moved = asyncio.Event()
        self.news = asyncio.Event()
        self._reader = journal
        self._counters = counters
        self.note: Callable[[Partition, Record], None] = _nobody
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to follow; returns at once."""
        self._task = tasks.start("follow", self._run())

    async def stop(self) -> None:
        """End."""
        await tasks.stop(self._task)

    def trouble(self) -> str | None:
        """Not ready until the journal has been read once."""
        return None if self.live else "the journal is still being read"

    @property
    def live(self) -> bool:
        """Whether the journal's past has been read."""
        return self._reader.caught_up.is_set()

    async def until_live(self) -> None:
        """Wait until the journal's past has been read."""
        await self._reader.caught_up.wait()

    async def _run(self) -> None:
        void = 0
        async for batch in self._reader.batches():
            for count, (number, offset, record) in enumerate(batch, 1):
                followed = self.followed[number]
                if offset >= self._reader.goal.get(number, 0):
                    self._counters.count(followed.partition, record)
                self.note(followed.partition, record)
                if not followed.dirty.everything:
                    followed.dirty.note(followed.partition, record)
                followed.partition.apply(record)
                followed.position = offset
                if count % _BREATH == 0:
                    await asyncio.sleep(0)
            for number, position in self._reader.positions.items():
                self.followed[number].position = position
            if self.live:
                self._counters.count_void(self._reader.void - void)
                self.moved.set()
                self.news.set()
            void = self._reader.void
