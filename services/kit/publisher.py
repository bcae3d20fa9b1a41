"""The way into Kafka for services: `publish` returns when the event is durable, or says why not.

kafka-python's producer runs in its own threads; this bridges it to asyncio. What is promised:

- it returns a position → the broker has acknowledged the event (acks=all, idempotent);
- `Unavailable(outcome_unknown=False)` → the event was not handed over;
- `Unavailable(outcome_unknown=True)` → it may yet be written: retry with the same id;
- it never hangs: after `publish_timeout` seconds there is an answer. In-flight records and bytes
  are bounded; beyond that, or while the oldest has waited too long, events are refused at once.
"""

import asyncio
import logging
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError, MessageSizeTooLargeError
from kafka.partitioner.default import murmur2

from services.contracts.codec import encode
from services.contracts.topics import ALL, Topic
from services.kit import tasks
from services.kit.clock import Clock
from services.kit.errors import InvalidMessage, Unavailable
from services.kit.metrics import Metrics
from services.kit.settings import Settings

log = logging.getLogger(__name__)
_CLOSE_TIMEOUT = 3.0
_KNOCK_TIMEOUT = 1.0
_WARM_UP_WAITS = 25
"""Times `max_block_ms`."""


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
        self._producer: Any = None
        self._connecting: asyncio.Task[None] | None = None
        self._pending: dict[int, tuple[float, int]] = {}
        self._bytes = 0
        self._sent = 0
        self._stopped = False

    async def start(self) -> None:
        """Begin to connect; returns at once."""
        self._connecting = tasks.start("publisher-connect", self._connect())

    async def stop(self) -> None:
        """Send what is in flight (for a few seconds at most) and close."""
        self._stopped = True
        await tasks.stop(self._connecting)
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await asyncio.to_thread(_close, producer)

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
        self._refuse_if_full(size)
        loop, producer = asyncio.get_running_loop(), self._producer
        answer: asyncio.Future[Position] = loop.create_future()
        self._sent += 1
        number = self._sent
        started = self._clock.monotonic()
        try:
            sent = producer.send(topic.name, value=value, key=key.encode(), partition=partition)
        except MessageSizeTooLargeError as error:
            raise InvalidMessage("too_large", str(error)) from error
        except ValueError as error:  # what the broker last said of the topic lacks the partition
            self._metrics.count("publish_refused_total", reason="unknown_partition")
            raise Unavailable(f"{topic.name} has no partition {partition} now.") from error
        except KafkaError as error:
            self._metrics.count("publish_refused_total", reason="away")
            raise Unavailable(f"Kafka is away ({type(error).__name__}).") from error
        self._pending[number] = (started, size)
        self._bytes += size
        self._metrics.set("publish_in_flight", len(self._pending))

        def settle(position: Position | None, error: BaseException | None) -> None:
            del self._pending[number]
            self._bytes -= size
            self._metrics.set("publish_in_flight", len(self._pending))
            failure: Exception | None = None
            if position is not None:
                took = self._clock.monotonic() - started
                self._metrics.observe("publish_seconds", took, topic=topic.name)
            elif self._reconnect(producer, error) and isinstance(error, MessageSizeTooLargeError):
                failure = InvalidMessage("too_large", str(error))
            else:
                failure = Unavailable(f"Kafka refused ({error!r}).", outcome_unknown=True)
            if answer.done():  # the caller has gone: too late, or cancelled
                return
            if position is None or position.offset < 0:  # written, but nobody knows where
                answer.set_exception(
                    failure or Unavailable("Kafka knows this event.", outcome_unknown=True)
                )
            else:
                answer.set_result(position)

        def from_thread(position: Position | None, error: BaseException | None) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(settle, position, error)

        sent.add_callback(lambda meta: from_thread(Position(meta.partition, meta.offset), None))
        sent.add_errback(lambda error: from_thread(None, error))
        # asyncio.wait, not wait_for: the record stays in flight whatever the caller does.
        try:
            await asyncio.wait([answer], timeout=self._settings.publish_timeout)
        finally:
            late = answer.cancel()  # False if it is done
        if late:
            self._metrics.count("publish_refused_total", reason="late")
            raise Unavailable("Kafka has not acknowledged in time.", outcome_unknown=True)
        return answer.result()

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

    def _refuse_if_full(self, size: int) -> None:
        if self._producer is None:
            self._metrics.count("publish_refused_total", reason="away")
            raise Unavailable("Kafka has not been reached yet.")
        if self._stuck():
            self._metrics.count("publish_refused_total", reason="away")
            raise Unavailable("Kafka does not acknowledge.")
        if len(self._pending) >= self._max_in_flight or self._bytes + size > self._max_bytes:
            self._metrics.count("publish_refused_total", reason="full")
            raise Unavailable("Too much is on its way to Kafka.", retry_after=1.0)

    def _stuck(self) -> bool:
        if not self._pending:
            return False
        oldest = next(iter(self._pending.values()))[0]
        return self._clock.monotonic() - oldest > self._settings.publish_timeout

    def _reconnect(self, failed: Any, error: BaseException | None) -> bool:
        """A failed send leaves an idempotent producer unusable: make a new one.

        True for the send that failed. What else was on its way fails after it, with its error.
        """
        if failed is not self._producer:
            return False
        log.error("a send failed for good; making a new producer", extra={"cause": repr(error)})
        self._producer = None
        self._connecting = tasks.start("publisher-connect", self._connect(failed))
        return True

    async def _connect(self, old: Any = None) -> None:
        if old is not None:
            await asyncio.to_thread(_close, old)
        pause = 0.1
        while self._producer is None:
            try:
                self._producer = await asyncio.to_thread(self._build)
            except (KafkaError, OSError) as error:
                log.warning("Kafka is away", extra={"cause": repr(error)})
                await asyncio.sleep(pause)
                pause = min(pause * 2, 2.0)

    def _build(self) -> Any:
        servers = self._settings.kafka.split(",")
        _knock(servers)
        producer = KafkaProducer(
            bootstrap_servers=servers,
            client_id=f"jonoton-{self._metrics.service}",
            acks="all",
            enable_idempotence=True,
            delivery_timeout_ms=86_400_000,
            request_timeout_ms=5000,
            max_block_ms=200,
            linger_ms=2,
            batch_size=65536,
            reconnect_backoff_max_ms=1000,
            bootstrap_timeout_ms=3000,
            metadata_max_age_ms=30_000,
            allow_auto_create_topics=False,
        )
        try:
            self._warm_up(producer)
        except BaseException:
            producer.close(timeout=0)
            raise
        if self._stopped:  # nobody waited for this thread
            producer.close(timeout=0)
        return producer

    def _warm_up(self, producer: Any) -> None:
        """Learn every topic's partitions: an unknown topic would block the loop in send().

        With patience: where processor time is short, new producers again and again would take
        more of it than the answer that they do not wait for.
        """
        waits = _WARM_UP_WAITS
        for topic in ALL:
            while True:
                try:
                    producer.partitions_for(topic.name)
                except KafkaTimeoutError:
                    waits -= 1
                    if waits == 0 or self._stopped:
                        raise
                else:
                    break


def _knock(servers: list[str]) -> None:
    """Raise `OSError` unless somebody listens: a producer whose constructor fails leaves its
    sockets open until the garbage collector comes by."""
    for number, server in enumerate(servers, 1):
        host, _, port = server.strip().rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), _KNOCK_TIMEOUT).close()
        except OSError:
            if number == len(servers):
                raise
        else:
            return


def _close(producer: Any) -> None:
    """Send what is in flight, for at most `_CLOSE_TIMEOUT` seconds; then give it up."""
    try:
        producer.close(timeout=_CLOSE_TIMEOUT)
    except KafkaError as error:  # close() flushes first, and raises before it has stopped anything
        log.warning("what was on its way to Kafka is given up", extra={"cause": repr(error)})
        producer._sender.force_close()  # noqa: SLF001 - there is no other way to end its thread
