"""Writes missing contact events again. The deciding is `repair`'s; here it is done."""

import asyncio
import logging

from services.contracts.conversation import contact_opened
from services.contracts.messages import ConversationStarted
from services.contracts.topics import CONTACT_EVENTS
from services.conversations.core import NAME
from services.conversations.repair import Missed, RepairBook
from services.kit import tasks
from services.kit.clock import Clock
from services.kit.errors import Unavailable
from services.kit.log_ends import LogEnds
from services.kit.metrics import Metrics
from services.kit.pools import PoolDirectory
from services.kit.publisher import Publisher

log = logging.getLogger(__name__)
_AGAIN = 2.0
"""Seconds until what could not be done is tried again."""


class Repairer:
    """Wakes at the next due time, or when the journal has moved while something is looked for. A
    part."""

    name = "repair"

    def __init__(
        self,
        book: RepairBook,
        publisher: Publisher,
        pools: PoolDirectory,
        ends: LogEnds,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._book = book
        self._publisher = publisher
        self._pools = pools
        self._ends = ends
        self._clock = clock
        self._metrics = metrics
        self._turn = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin; returns at once."""
        self._task = tasks.start("repair", self._run())

    async def stop(self) -> None:
        """End."""
        await tasks.stop(self._task)

    def trouble(self) -> str | None:
        """Never: nothing at the doors waits for it."""
        return None

    def began(self, head: ConversationStarted) -> None:
        """A conversation has begun: its contact event has to come."""
        if not len(self._book):
            self._turn.set()  # the task may be waiting without a due time
        self._book.head(head, self._clock.monotonic(), self._clock.now_ms())

    def turned(self) -> None:
        """The journal has moved."""
        self._turn.set()

    async def _run(self) -> None:
        while True:
            due = self._book.next_due()
            try:
                async with asyncio.timeout(
                    None if due is None else max(0.0, due - self._clock.monotonic())
                ):
                    await self._turn.wait()
            except TimeoutError:
                pass
            self._turn.clear()
            for missed in self._book.to_look_for(self._clock.monotonic()):
                await self._look(missed)
            for missed in self._book.to_write(self._clock.now_ms()):
                await self._write(missed)
            for missed in self._book.in_vain():
                contact_id = missed.head.data.contact_id
                log.error("the router takes no contact of this id", extra={"contact": contact_id})

    async def _look(self, missed: Missed) -> None:
        try:
            partition = self._partition(missed)
            end = await self._ends.end(CONTACT_EVENTS, partition)
        except Unavailable:
            self._book.later(missed, self._clock.monotonic() + _AGAIN)
        else:
            self._book.look(missed, partition, end)

    async def _write(self, missed: Missed) -> None:
        data = missed.head.data
        if self._book.seen(data.contact_id):  # it has come while others were written
            return
        try:
            position = await self._publisher.publish(
                CONTACT_EVENTS,
                contact_opened(missed.head, NAME),
                key=data.pool,
                partition=self._partition(missed),
            )
        except Unavailable:
            self._book.later(missed, self._clock.monotonic() + _AGAIN)
            return
        self._book.written(missed, position.offset)
        self._metrics.count("conversations_repaired_total")
        log.warning(
            "a contact event was missing: written again", extra={"contact": data.contact_id}
        )

    def _partition(self, missed: Missed) -> int:
        config = self._pools.get(missed.head.data.pool)
        if config is None:
            raise Unavailable("The pool is not declared.")
        return config.partition
