"""Writing the journal: one idempotent producer per process, for opens, records and ticks.

Its order is what makes a foreign `open` plain to see: whatever this process sent before one is
before it in the log. A failed send ends the process; a supervisor starts it again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer
from aiokafka.structs import RecordMetadata

from services.contracts.codec import encode
from services.contracts.contact_events import ClockTick, TickData
from services.contracts.journal import Open, Record, encode_entry
from services.contracts.topics import CONTACT_EVENTS, ROUTING_JOURNAL
from services.kit import tasks
from services.kit.clock import Clock, to_datetime
from services.kit.log_reader import connected
from services.kit.metrics import Metrics
from services.router.settings import RouterSettings

log = logging.getLogger(__name__)
Sent = asyncio.Future[RecordMetadata]
FEW = 16
"""Fewer records join the batch that is being filled: one of their own waits for it to leave."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An acknowledged `open`: its offset is the epoch, `at` the broker's clock (ms) when it was
    appended, `since` this process's monotonic clock (s) when the answer came."""

    epoch: int
    at: int
    since: float


class JournalWriter:
    """The process's only way to write."""

    def __init__(self, settings: RouterSettings, clock: Clock, metrics: Metrics, name: str) -> None:
        self.name = name
        self._settings = settings
        self._clock = clock
        self._journalled = metrics.child("router_journal_seconds")
        self._producer: AIOKafkaProducer | None = None
        self._in_flight = 0
        self._room = asyncio.Event()
        self._room.set()

    async def start(self) -> None:
        """Connect; waits for the broker."""
        self._producer = await connected(
            lambda: AIOKafkaProducer(
                bootstrap_servers=self._settings.kafka,
                acks="all",
                enable_idempotence=True,
                linger_ms=self._settings.router_linger_ms,
                max_batch_size=65536,
                request_timeout_ms=8000,
                metadata_max_age_ms=5000,
            )
        )

    async def stop(self) -> None:
        """Send what is in flight and disconnect."""
        if self._producer is not None:
            await self._producer.stop()

    async def open(self, partition: int, generation: int) -> Opened:
        """Take a partition over. Returns when the `open` is durable."""
        sent = await self._send(
            ROUTING_JOURNAL.name,
            partition,
            encode_entry(Open(writer=self.name, generation=generation)),
        )
        meta: RecordMetadata = await asyncio.shield(sent)
        return Opened(meta.offset, meta.timestamp, self._clock.monotonic())

    async def records(self, partition: int, records: Sequence[Record]) -> None:
        """Send records in this order; returns when they are on their way (it is then fixed)."""
        if self._in_flight >= self._settings.router_in_flight:
            self._room.clear()
            await self._room.wait()
        values = [encode_entry(record) for record in records]
        started = self._clock.monotonic()
        if len(values) < FEW:
            for value in values:
                sent = await self._send(ROUTING_JOURNAL.name, partition, value)
                self._on_its_way(sent, 1, started)
            return
        done = 0
        while done < len(values):
            # A batch of one's own costs a record a fourth of what `send` does: no future for each.
            batch = self._running().create_batch()
            first = done
            while done < len(values) and batch.append(key=None, value=values[done], timestamp=None):
                done += 1
            sent = await self._guarded(
                self._running().send_batch(batch, ROUTING_JOURNAL.name, partition=partition)
            )
            self._on_its_way(sent, done - first, started)

    async def tick(self, partition: int, due_at: int) -> None:
        """Ask the partition's owner, whoever that is, to look at its timers."""
        event = ClockTick(
            id=f"tick-{partition}-{due_at}",
            source="router",
            time=to_datetime(self._clock.now_ms()),
            data=TickData(due_at=due_at),
        )
        await self._send(CONTACT_EVENTS.name, partition, encode(event))

    async def _send(self, topic: str, partition: int, value: bytes) -> Sent:
        return await self._guarded(self._running().send(topic, value=value, partition=partition))

    async def _guarded(self, sending: Awaitable[Sent]) -> Sent:
        try:
            sent = await sending
        except Exception as error:
            tasks.die("the journal cannot be written", error)
            raise
        sent.add_done_callback(_fatal)
        return sent

    def _running(self) -> AIOKafkaProducer:
        assert self._producer is not None  # noqa: S101 - start() first
        return self._producer

    def _on_its_way(self, sent: Sent, count: int, started: float) -> None:
        self._in_flight += count
        sent.add_done_callback(lambda _: self._landed(count, started))

    def _landed(self, count: int, started: float) -> None:
        self._in_flight -= count
        self._journalled.observe(self._clock.monotonic() - started)
        if not self._room.is_set() and self._in_flight < self._settings.router_in_flight // 2:
            self._room.set()


def _fatal(sent: Sent) -> None:
    if not sent.cancelled() and (error := sent.exception()) is not None:
        tasks.die("a record of the journal was not written", error)
