"""A view of a topic that a service keeps in memory: follow it, and know that it is up to date.

Every process sees everything (no consumer group), from the beginning, and goes on for ever.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable

import msgspec

from services.contracts.journal import Record, Validity, decode_entry
from services.contracts.topics import ROUTING_JOURNAL, Topic
from services.kit import tasks
from services.kit.errors import Unavailable
from services.kit.log_ends import LogEnds
from services.kit.log_reader import LogReader, Raw
from services.kit.settings import Settings

log = logging.getLogger(__name__)


class Follower:
    """Hands each record of `topic` to `take`, in order within a partition. A part.

    `take` does not wait. A record that is not JSON of the topic's shape is skipped and logged.
    `ends` has a connection of its own: on the reader's, every question would wait for the broker
    to answer the fetch before it, half a second when nothing comes.
    """

    def __init__(
        self, settings: Settings, topic: Topic, take: Callable[[Raw], None], ends: LogEnds
    ) -> None:
        self.name = f"view of {topic.name}"
        self._topic = topic
        self._reader = LogReader(settings, topic)
        self._take = take
        self._ends = ends
        self._next: dict[int, int] = {}
        self._goal: dict[int, int] | None = None
        self._moved = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to follow; returns at once."""
        self._task = tasks.start(self.name, self._follow())

    async def stop(self) -> None:
        """End."""
        await tasks.stop(self._task)

    def trouble(self) -> str | None:
        """Not ready until all that stood in the topic at the start has been taken."""
        if self._goal is None or not self._reached(self._goal):
            return "not read to its end yet"
        return None

    async def current(self, partition: int, *, timeout: float = 3.0) -> None:
        """Return when all that stood in the partition at the time of the call has been taken.

        Raises `Unavailable`, after `timeout` seconds at the latest.
        """
        try:
            async with asyncio.timeout(timeout):
                while self._goal is None:
                    await self._moved.wait()
                goal = {partition: await self._ends.end(self._topic, partition)}
                while not self._reached(goal):
                    await self._moved.wait()
        except TimeoutError:
            raise Unavailable(f"The {self.name} is not up to date.") from None

    async def _follow(self) -> None:
        await self._reader.open()
        try:
            self._goal = await self._reader.ends()
            self._wake()
            async for batch in self._reader.batches():
                for raw in batch:
                    self._take_one(raw)
                    self._next[raw.partition] = raw.offset + 1
                self._wake()
        finally:
            await self._reader.close()

    def _take_one(self, raw: Raw) -> None:
        try:
            self._take(raw)
        except msgspec.MsgspecError:
            place = {"partition": raw.partition, "offset": raw.offset}
            log.error("%s: a record cannot be read", self.name, extra=place)

    def _reached(self, goal: dict[int, int]) -> bool:
        return all(self._next.get(partition, 0) >= end for partition, end in goal.items())

    def _wake(self) -> None:
        """Everybody who waits looks again, once."""
        self._moved.set()
        self._moved = asyncio.Event()


def follow_journal(settings: Settings, take: Callable[[Record], None], ends: LogEnds) -> Follower:
    """A follower of the routing journal that hands over only the records that count."""
    validity: defaultdict[int, Validity] = defaultdict(Validity)

    def take_raw(raw: Raw) -> None:
        entry = decode_entry(raw.value or b"")
        record = validity[raw.partition].admit(raw.offset, entry)
        if record is not None:
            take(record)

    return Follower(settings, ROUTING_JOURNAL, take_raw, ends)
