"""The way into Kafka for services: `publish` returns when the event is durable, or says why not.

What is promised:

- it returns a position → the broker has acknowledged the event (acks=all, idempotent);
- `Unavailable(outcome_unknown=False)` → the event was not handed over;
- `Unavailable(outcome_unknown=True)` → it may yet be written: retry with the same id;
- it never hangs: after `publish_timeout` seconds there is an answer. In-flight records and bytes
  are bounded; beyond that, or while the oldest has waited too long, events are refused at once.

The producer lives in the caller's own loop: one with threads of its own costs several times the
processor time, because each event then passes the interpreter's lock again and again.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, KafkaTimeoutError, MessageSizeTooLargeError
from aiokafka.structs import RecordMetadata
from kafka.partitioner.default import murmur2

from services.contracts.codec import encode
from services.contracts.topics import ALL, Topic
from services.kit import tasks
from services.kit.clock import Clock
from services.kit.errors import InvalidMessage, Unavailable
from services.kit.log_reader import AWAY, connected
from services.kit.metrics import Metrics
from services.kit.settings import Settings

log = logging.getLogger(__name__)
_CLOSE_TIMEOUT = 3.0
_GIVE_UP_TURN = 0.1
_BATCH = 65536
_PLENTY = _BATCH // 4
"""Bytes in flight below which no batch can be full, the records' own frames (some 20 bytes each)
included: then nothing has to be waited for."""


def partition_of(key: str, partitions: int) -> int:
    """The partition of a key, as Kafka's own default partitioner chooses it (murmur2)."""
    hashed: int = murmur2(key.encode())
    return (hashed & 0x7FFFFFFF) % partitions


@dataclass(frozen=True, slots=True)
class Position:
    """Where an event stands in its topic."""

    partition: int
    offset: int


class Publisher:
    """One idempotent producer. Start it in the lifespan; it connects in the background."""

    name = "publisher"

    def __init__(
        self,
        settings: Settings,
        metrics: Metrics,
        clock: Clock,
        *,
        max_in_flight: int = 2000,
        max_bytes: int = 32 * 1024 * 1024,
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._clock = clock
        self._max_in_flight = max_in_flight
        self._max_bytes = max_bytes
        self._producer: AIOKafkaProducer | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._reached = asyncio.Event()
        self._lines: defaultdict[tuple[str, int], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._pending: dict[int, tuple[float, int]] = {}
        self._bytes = 0
        self._sent = 0
        self._shown = metrics.child("publish_in_flight")

    async def start(self) -> None:
        """Begin to connect; returns at once."""
        self._connecting = tasks.start("publisher-connect", self._connect())

    async def stop(self) -> None:
        """Send what is in flight (for a few seconds at most) and close."""
        await tasks.stop(self._connecting)
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await _close(producer)

    def trouble(self) -> str | None:
        """Why events cannot be published now, or None."""
        if self._producer is None:
            return "Kafka has not been reached yet"
        if self._stuck():
            return "Kafka does not acknowledge"
        return None

    @property
    def in_flight(self) -> int:
        """Events sent and not yet acknowledged."""
        return len(self._pending)

    async def publish(
        self, topic: Topic, event: msgspec.Struct, *, key: str, partition: int | None = None
    ) -> Position:
        """Write `event` and wait until it is durable.

        `partition`: explicit, or the one that `key` hashes to among the topic's.
        Raises `Unavailable` as promised above and `InvalidMessage` for an event too large.
        """
        return await self.publish_raw(topic, encode(event), key=key, partition=partition)

    async def publish_raw(
        self, topic: Topic, value: bytes | None, *, key: str, partition: int | None = None
    ) -> Position:
        """As `publish`, for bytes; None is a tombstone."""
        if partition is None:
            partition = partition_of(key, topic.partitions or self._settings.partitions)
        size = len(value or b"") + len(key)
        producer = self._producer_with_room(size)
        record = _Record(topic, partition, key.encode(), value, size)
        until = self._clock.monotonic() + self._settings.publish_timeout
        try:
            return await self._deliver(producer, record, until)
        except MessageSizeTooLargeError:
            # The broker refused a batch, so nothing of it is written; which record was too much
            # for it shows when each is sent alone.
            producer = await self._again(until)
        try:
            return await self._deliver(producer, record, until, alone=True)
        except MessageSizeTooLargeError as error:
            raise InvalidMessage("too_large", str(error)) from error

    async def publish_all(
        self, items: Iterable[tuple[Topic, msgspec.Struct, str, int | None]]
    ) -> list[Position]:
        """Several at once; raises the first failure after all have been answered."""
        results = await asyncio.gather(
            *(self.publish(t, e, key=k, partition=p) for t, e, k, p in items),
            return_exceptions=True,
        )
        positions = []
        for result in results:
            if isinstance(result, BaseException):
                raise result
            positions.append(result)
        return positions

    async def _deliver(
        self, producer: AIOKafkaProducer, record: "_Record", until: float, *, alone: bool = False
    ) -> Position:
        """Hand the record over and wait until it is durable."""
        self._sent += 1
        number = self._sent
        self._pending[number] = (self._clock.monotonic(), record.size)
        self._bytes += record.size
        self._shown.set(len(self._pending))
        try:
            sent = await self._hand_over(producer, record, until, alone)
        except BaseException:
            self._settle(number)
            raise
        # The record stays in flight whatever the caller does.
        sent.add_done_callback(partial(self._landed, producer, number, record.topic.name))
        if not await _done(sent, until - self._clock.monotonic()):
            self._metrics.count("publish_refused_total", reason="late")
            raise Unavailable("Kafka has not acknowledged in time.", outcome_unknown=True)
        error = sent.exception()
        if isinstance(error, MessageSizeTooLargeError):
            raise error
        if error is not None:
            raise Unavailable(f"Kafka refused ({error!r}).", outcome_unknown=True)
        meta = sent.result()
        if meta.offset < 0:  # written, but nobody knows where
            raise Unavailable("Kafka knows this event.", outcome_unknown=True)
        return Position(meta.partition, meta.offset)

    async def _hand_over(
        self, producer: AIOKafkaProducer, record: "_Record", until: float, alone: bool
    ) -> "asyncio.Future[RecordMetadata]":
        """Append the record to its partition's batch. Waits only while that is full, in line."""
        topic, partition = record.topic.name, record.partition
        line = self._lines[topic, partition]
        known = producer.client.cluster.partitions_for_topic(topic) or ()
        at_once = partition in known and self._bytes < _PLENTY and not (alone or line.locked())
        try:
            if at_once:
                return await producer.send(  # type: ignore[no-any-return]
                    topic, value=record.value, key=record.key, partition=partition
                )
            async with (
                asyncio.timeout(until - self._clock.monotonic()),
                line,
            ):
                if partition not in await producer.partitions_for(topic):
                    self._metrics.count("publish_refused_total", reason="unknown_partition")
                    raise Unavailable(f"{topic} has no partition {partition} now.")
                if alone:
                    batch = producer.create_batch()
                    batch.append(key=record.key, value=record.value, timestamp=None)
                    return await producer.send_batch(batch, topic, partition=partition)  # type: ignore[no-any-return]
                return await producer.send(  # type: ignore[no-any-return]
                    topic, value=record.value, key=record.key, partition=partition
                )
        except MessageSizeTooLargeError as error:
            raise InvalidMessage("too_large", str(error)) from error
        except TimeoutError:
            self._metrics.count("publish_refused_total", reason="full")
            raise Unavailable("Too much is on its way to Kafka.", retry_after=1.0) from None
        except KafkaError as error:
            self._metrics.count("publish_refused_total", reason="away")
            if not isinstance(error, KafkaTimeoutError):
                self._reconnect(producer, error)
            raise Unavailable(f"Kafka is away ({type(error).__name__}).") from error

    def _landed(
        self,
        producer: AIOKafkaProducer,
        number: int,
        topic: str,
        sent: "asyncio.Future[RecordMetadata]",
    ) -> None:
        started = self._settle(number)
        error = sent.exception()
        if error is None:
            took = self._clock.monotonic() - started
            self._metrics.observe("publish_seconds", took, topic=topic)
        else:
            self._reconnect(producer, error)

    def _settle(self, number: int) -> float:
        """No longer in flight; returns when it was handed over."""
        started, size = self._pending.pop(number)
        self._bytes -= size
        self._shown.set(len(self._pending))
        return started

    def _producer_with_room(self, size: int) -> AIOKafkaProducer:
        if self._producer is None:
            self._metrics.count("publish_refused_total", reason="away")
            raise Unavailable("Kafka has not been reached yet.")
        if self._stuck():
            self._metrics.count("publish_refused_total", reason="away")
            raise Unavailable("Kafka does not acknowledge.")
        if len(self._pending) >= self._max_in_flight or self._bytes + size > self._max_bytes:
            self._metrics.count("publish_refused_total", reason="full")
            raise Unavailable("Too much is on its way to Kafka.", retry_after=1.0)
        return self._producer

    def _stuck(self) -> bool:
        if not self._pending:
            return False
        oldest = next(iter(self._pending.values()))[0]
        return self._clock.monotonic() - oldest > self._settings.publish_timeout

    async def _again(self, until: float) -> AIOKafkaProducer:
        """The new producer, after a failure. Raises `Unavailable` when it does not come in time."""
        try:
            async with asyncio.timeout(until - self._clock.monotonic()):
                while self._producer is None:
                    await self._reached.wait()
                return self._producer
        except TimeoutError:
            raise Unavailable("Kafka has not been reached again in time.") from None

    def _reconnect(self, failed: AIOKafkaProducer, error: BaseException) -> None:
        """A failed send leaves an idempotent producer unusable: make a new one. What else was on
        its way on the same partition fails after it."""
        if failed is not self._producer:
            return
        log.error("a send failed for good; making a new producer", extra={"cause": repr(error)})
        self._producer = None
        self._reached.clear()
        self._connecting = tasks.start("publisher-connect", self._connect(failed))

    async def _connect(self, old: AIOKafkaProducer | None = None) -> None:
        if old is not None:
            await _close(old)
        while True:
            producer = await connected(self._make)
            try:
                # An unknown topic would hold up whoever publishes to it first.
                for topic in ALL:
                    await producer.partitions_for(topic.name)
            except AWAY as error:
                log.warning("the topics are not known yet", extra={"cause": repr(error)})
                await _close(producer)
            except BaseException:
                await _close(producer)
                raise
            else:
                self._producer = producer
                self._reached.set()
                return

    def _make(self) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            bootstrap_servers=self._settings.kafka,
            client_id=f"jonoton-{self._metrics.service}",
            acks="all",
            enable_idempotence=True,
            # One request is under way at a time; what comes meanwhile is the next one's batch.
            linger_ms=0,
            max_batch_size=_BATCH,
            request_timeout_ms=5000,
            metadata_max_age_ms=30_000,
        )


async def _done(future: "asyncio.Future[RecordMetadata]", seconds: float) -> bool:
    """Whether it is done in time; as `asyncio.wait` of one, at a third of its cost."""
    over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def wake(_: object = None) -> None:
        if not over.done():
            over.set_result(None)

    future.add_done_callback(wake)
    timer = over.get_loop().call_later(max(0.0, seconds), wake)
    try:
        await over
    finally:
        timer.cancel()
        future.remove_done_callback(wake)
    return future.done()


@dataclass(frozen=True, slots=True)
class _Record:
    topic: Topic
    partition: int
    key: bytes
    value: bytes | None
    size: int


async def _close(producer: AIOKafkaProducer) -> None:
    """Send what is in flight, for at most `_CLOSE_TIMEOUT` seconds; then give it up."""
    stopping = asyncio.create_task(producer.stop())
    try:
        await asyncio.wait([stopping], timeout=_CLOSE_TIMEOUT)
    finally:
        if not stopping.done():
            await _give_up(producer, stopping)
    if not stopping.cancelled() and (error := stopping.exception()) is not None:
        log.warning("a producer did not close", extra={"cause": repr(error)})


async def _give_up(producer: AIOKafkaProducer, stopping: "asyncio.Task[None]") -> None:
    """There is no public way: stop() would wait for the broker for ever."""
    log.warning("what was on its way to Kafka is given up")
    producer._message_accumulator.fail_all(KafkaError("given up"))  # noqa: SLF001
    while not stopping.done():
        producer._sender.sender_task.cancel()  # noqa: SLF001
        await asyncio.wait([stopping], timeout=_GIVE_UP_TURN)
    await producer.client.close()
