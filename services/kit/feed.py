"""One reader of a topic for all services of a process that follow it: every record is fetched and
decoded once, and everybody sees the same ones in the same order, from the beginning.

Everybody has a pace of its own, within bounds: a reader may be `AHEAD` batches behind; then the
others wait for it, so that a long past is never in memory as a whole.
"""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass
from typing import Generic, Self, TypeVar

from services.contracts.topics import Topic
from services.kit import tasks
from services.kit.log_reader import LogReader, Raw
from services.kit.settings import Settings

T = TypeVar("T")
AHEAD = 8


@dataclass(frozen=True, slots=True)
class _Batch(Generic[T]):
    """`positions`: partition → offset of the last record read, unusable ones included; `read`: how
    many records it was made of."""

    items: list[T]
    positions: dict[int, int]
    read: int


class Feed(ABC, Generic[T]):
    """All partitions of a topic (or some), without a group. Reads while somebody listens.

    `every`: seconds to gather records for, where nobody waits for them. A record that `hear` raises
    for ends the feed: everybody who reads it gets the error.
    """

    def __init__(
        self,
        settings: Settings,
        topic: Topic,
        *,
        partitions: Iterable[int] | None = None,
        every: float = 0.0,
    ) -> None:
        self.topic = topic
        self._log = LogReader(settings, topic, partitions=partitions)
        self._every = every
        self._readers: list[FeedReader[T]] = []
        self._pump: asyncio.Task[None] | None = None

    @abstractmethod
    def hear(self, raw: Raw) -> T | None:
        """What readers get of the record; None: nothing."""

    @abstractmethod
    def anew(self) -> Self:
        """Another feed of the same partitions, that begins at the beginning."""

    def join(self, reader: "FeedReader[T]") -> "Feed[T]":
        """The feed that the reader is to read: this one; one of its own when this has begun
        already, for nobody may miss the beginning."""
        feed = self if self._pump is None else self.anew()
        feed._readers.append(reader)  # noqa: SLF001 - another one of ours
        return feed

    def begin(self) -> None:
        """Somebody reads now."""
        if self._pump is None:
            self._pump = asyncio.create_task(self._run(), name=f"feed of {self.topic.name}")

    async def leave(self, reader: "FeedReader[T]") -> None:
        """The reader reads no more. With the last one the connection is closed."""
        if reader in self._readers:
            self._readers.remove(reader)
        if not self._readers:
            await tasks.stop(self._pump)

    async def _run(self) -> None:
        try:
            await self._read()
        except Exception as error:  # noqa: BLE001 - whoever reads has to deal with it
            for reader in self._readers:
                reader.fail(error)

    async def _read(self) -> None:
        await self._log.open()
        try:
            goal = {p: end for p, end in (await self._log.ends()).items() if end > 0}
            for reader in self._readers:
                reader.aim(goal)
            async for raws in self._log.batches(self._every):
                items = [item for raw in raws if (item := self.hear(raw)) is not None]
                batch = _Batch(items, {raw.partition: raw.offset for raw in raws}, len(raws))
                for reader in tuple(self._readers):
                    await reader.put(batch)
        finally:
            await self._log.close()


class FeedReader(Generic[T]):
    """One who reads a feed. Make it before the others begin, and read it then.

    `positions`: partition → offset of the last record read. `goal`: partition → the topic's end at
    the start; what lies before it is the past. A batch counts as taken in when the next one is
    asked for; `caught_up` is set when the past has been taken in.
    """

    def __init__(self, feed: Feed[T]) -> None:
        self.topic = feed.topic
        self.positions: dict[int, int] = {}
        self.goal: dict[int, int] = {}
        self.caught_up = asyncio.Event()
        self._feed = feed.join(self)
        self._taken: dict[int, int] = {}
        self._waiting: dict[int, list[tuple[int, asyncio.Future[None]]]] = {}
        self._batches: deque[_Batch[T]] = deque()
        self._error: Exception | None = None
        self._left = False
        self._some = asyncio.Event()
        self._room = asyncio.Event()

    async def batches(self) -> AsyncGenerator[list[T]]:
        """Batches for ever, once. An empty one may come: positions have moved, no more.

        Raises what the feed could not read.
        """
        self._feed.begin()
        try:
            while True:
                batch = await self._next()
                self.positions.update(batch.positions)
                self.note(batch.items, batch.read)
                yield batch.items
                self._take_in(batch.positions)
        finally:
            self._left = True
            self._room.set()
            await self._feed.leave(self)

    async def until(self, partition: int, offset: int) -> None:
        """Wait until the record there has been taken in."""
        if self._taken.get(partition, -1) >= offset:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(partition, [])
        entry = (offset, future)
        waiting.append(entry)
        try:
            await future
        finally:
            if entry in waiting:
                waiting.remove(entry)

    def note(self, items: list[T], read: int) -> None:
        """`read` records have come, and these items of them."""

    # What the feed says

    def aim(self, goal: dict[int, int]) -> None:
        """The past ends there."""
        self.goal = goal
        self._check_goal()

    async def put(self, batch: _Batch[T]) -> None:
        """Take the next batch; waits while too many wait already."""
        while len(self._batches) >= AHEAD and not self._left:
            self._room.clear()
            await self._room.wait()
        self._batches.append(batch)
        self._some.set()

    def fail(self, error: Exception) -> None:
        """Nothing comes any more."""
        self._error = error
        self._some.set()

    async def _next(self) -> _Batch[T]:
        while not self._batches:
            if self._error is not None:
                raise self._error
            self._some.clear()
            await self._some.wait()
        batch = self._batches.popleft()
        self._room.set()
        return batch

    def _take_in(self, positions: dict[int, int]) -> None:
        self._taken.update(positions)
        for partition in positions.keys() & self._waiting.keys():
            for offset, future in self._waiting[partition]:
                if offset <= positions[partition] and not future.done():
                    future.set_result(None)
        self._check_goal()

    def _check_goal(self) -> None:
        if not self.caught_up.is_set():
            taken = self._taken
            if all(taken.get(p, -1) >= end - 1 for p, end in self.goal.items()):
                self.caught_up.set()
