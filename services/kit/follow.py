"""A view of a topic that a service keeps in memory: follow it, and know that it is up to date.

Every process sees everything (no consumer group), from the beginning, and goes on for ever.
"""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from services.contracts.journal import Record
from services.kit import tasks
from services.kit.errors import Unavailable
from services.kit.feed import FeedReader
from services.kit.journal_reader import Decided, JournalReader
from services.kit.log_ends import LogEnds

T = TypeVar("T")
_BREATH = 200
"""Records taken before others get a turn of the loop."""


class Follower(Generic[T]):
    """Hands each item of the reader's feed to `take`, in order within a partition. A part.

    `take` does not wait. `ends` has a connection of its own: on the reader's, every question would
    wait for the broker to answer the fetch before it, half a second when nothing comes.
    """

    def __init__(self, reader: FeedReader[T], take: Callable[[T], None], ends: LogEnds) -> None:
        self.name = f"view of {reader.topic.name}"
        self._reader = reader
        self._take = take
        self._ends = ends
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to follow; returns at once."""
        self._task = tasks.start(self.name, self._follow())

    async def stop(self) -> None:
        """End."""
        await tasks.stop(self._task)

    def trouble(self) -> str | None:
        """Not ready until all that stood in the topic at the start has been taken."""
        return None if self._reader.caught_up.is_set() else "not read to its end yet"

    async def current(self, partition: int, *, timeout: float = 3.0) -> None:
        """Return when all that stood in the partition at the time of the call has been taken.

        Raises `Unavailable`, after `timeout` seconds at the latest.
        """
        try:
            async with asyncio.timeout(timeout):
                end = await self._ends.end(self._reader.topic, partition)
                await self._reader.until(partition, end - 1)
        except TimeoutError:
            raise Unavailable(f"The {self.name} is not up to date.") from None

    async def _follow(self) -> None:
        async for batch in self._reader.batches():
            for count, item in enumerate(batch, 1):
                self._take(item)
                if count % _BREATH == 0:
                    await asyncio.sleep(0)


def follow_journal(
    reader: JournalReader, take: Callable[[Record], None], ends: LogEnds
) -> Follower[Decided]:
    """A follower of the routing journal that hands over the records alone."""
    return Follower(reader, lambda decided: take(decided[2]), ends)
