"""What connects the transcripts with Kafka: following `messages` and the journal, without a group,
and the one thread that the store lives in."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from services.contracts.messages import ConversationStarted
from services.contracts.routing_events import AssignmentStarted
from services.conversations.desk import Desk
from services.conversations.repair import RepairBook
from services.conversations.store import Store
from services.kit import tasks
from services.kit.clock import Clock
from services.kit.journal_reader import JournalReader
from services.kit.messages import MessagesReader
from services.kit.publisher import Position

P = ParamSpec("P")
T = TypeVar("T")
_BREATH = 100
"""Records taken in before others get a turn of the loop: fewer than a feed has room for."""


class Shelf:
    """A store in a thread of its own. A part; start it first, it stops last."""

    name = "store"

    def __init__(self, cache: int) -> None:
        self._cache = cache
        self._thread = ThreadPoolExecutor(1, "store")
        self._store: Store | None = None

    async def start(self) -> None:
        """Make an empty store."""
        loop = asyncio.get_running_loop()
        self._store = await loop.run_in_executor(self._thread, Store, self._cache)

    async def stop(self) -> None:
        """Forget everything."""
        if self._store is not None:
            await self.run(Store.close)
        self._thread.shutdown()

    def trouble(self) -> str | None:
        """Never."""
        return None

    async def run(self, ask: Callable[..., T], *arguments: object) -> T:
        """`Store.<method>` with these arguments."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, ask, self._store, *arguments)


class Changes:
    """Somebody waits until something changes about a key."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[asyncio.Future[None]]] = {}

    def tell(self, key: str) -> None:
        """It has changed."""
        for future in self._waiting.pop(key, []):
            if not future.done():
                future.set_result(None)

    async def next(self, key: str, seconds: float) -> None:
        """Until it changes, or the time is over."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(key, [])
        waiting.append(future)
        await asyncio.wait([future], timeout=seconds)
        if not future.done():
            waiting.remove(future)
            if not waiting and self._waiting.get(key) is waiting:
                del self._waiting[key]


class Transcripts:
    """Follows `messages` into the store. A part."""

    name = "messages"

    def __init__(
        self,
        reader: MessagesReader,
        shelf: Shelf,
        desk: Desk,
        changes: Changes,
        began: Callable[[ConversationStarted], None],
    ) -> None:
        self._reader = reader
        self._shelf = shelf
        self._desk = desk
        self._changes = changes
        self._began = began
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to follow; returns at once."""
        self._task = tasks.start("messages", self._follow())

    async def stop(self) -> None:
        """End."""
        await tasks.stop(self._task)

    def trouble(self) -> str | None:
        """Not ready until all that stood in the topic has been read."""
        return None if self._reader.caught_up.is_set() else "messages are still being read"

    async def until(self, position: Position) -> None:
        """Wait until the record at `position` is in the store."""
        await self._reader.until(position.partition, position.offset)

    async def _follow(self) -> None:
        async for batch in self._reader.batches():
            taken = await self._shelf.run(Store.take, batch)
            for head in taken.heads:
                self._began(head)
                self._changes.tell(head.data.conversation_id)
            for count, said in enumerate(taken.said, 1):
                self._desk.said(said)
                if count % _BREATH == 0:
                    await asyncio.sleep(0)
            for delivery in taken.delivered:
                self._desk.delivered(delivery.data)


class Assignments:
    """Follows the journal: who has which conversation. A part. `turned` is called when there may
    be something to repair."""

    name = "journal"

    def __init__(
        self,
        reader: JournalReader,
        shelf: Shelf,
        desk: Desk,
        changes: Changes,
        book: RepairBook,
        clock: Clock,
        turned: Callable[[], None],
    ) -> None:
        self._reader = reader
        self._shelf = shelf
        self._desk = desk
        self._changes = changes
        self._book = book
        self._clock = clock
        self._turned = turned
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to follow; returns at once."""
        self._tasks = [
            tasks.start("journal", self._follow()),
            tasks.start("journal-begin", self._begin()),
        ]

    async def stop(self) -> None:
        """End."""
        for task in self._tasks:
            await tasks.stop(task)

    def trouble(self) -> str | None:
        """Not ready until all that stood in the journal has been read."""
        return None if self._reader.caught_up.is_set() else "the journal is still being read"

    async def _follow(self) -> None:
        async for batch in self._reader.batches():
            rows = [
                (event.conversation, event.pool.partition("/")[0], event.agent)
                for _, _, record in batch
                for event in record.events
                if isinstance(event, AssignmentStarted)
            ]
            if rows:  # first: who had a conversation may read it from the moment it is gone
                await self._shelf.run(Store.handle, rows)
            for count, (partition, _, record) in enumerate(batch, 1):
                self._book.journal(partition, record)
                for change in self._desk.holders.take(record):
                    self._desk.changed(change)
                    self._changes.tell(change.held.conversation)
                if count % _BREATH == 0:
                    await asyncio.sleep(0)
            if self._book:
                self._turned()

    async def _begin(self) -> None:
        await self._reader.caught_up.wait()
        self._book.begin(self._clock.monotonic())
        self._turned()
