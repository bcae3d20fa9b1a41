"""Reading a topic without a consumer group: every process sees everything, from where it asks."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from services.contracts.topics import Topic
from services.kit.settings import Settings

log = logging.getLogger(__name__)
AWAY = (KafkaError, RuntimeError)
"""What a request to a broker that is away raises. RuntimeError is uvloop's word for a connection
that has just been closed; aiokafka lets it through."""


@dataclass(frozen=True, slots=True)
class Raw:
    """One record as it stands in the log. `at`: the record's timestamp in ms."""

    partition: int
    offset: int
    at: int
    key: bytes | None
    value: bytes | None


class LogReader:
    """Reads partitions of one topic in order, from `start` (partition → offset; a partition not
    named: from its beginning). Waits for a broker that is away, for ever."""

    def __init__(
        self,
        settings: Settings,
        topic: Topic,
        *,
        partitions: Iterable[int] | None = None,
        start: Mapping[int, int] | None = None,
        max_records: int = 5000,
    ) -> None:
        self.topic = topic
        count = topic.partitions or settings.partitions
        self._partitions = [
            TopicPartition(topic.name, number)
            for number in (partitions if partitions is not None else range(count))
        ]
        self._start = dict(start or {})
        self._next: dict[int, int] = {}
        self._settings = settings
        self._max_records = max_records
        self._consumer: AIOKafkaConsumer | None = None

    async def open(self) -> None:
        """Connect and take the position."""
        self._next = dict(self._start)
        self._consumer = await self._connected()

    async def _connected(self) -> AIOKafkaConsumer:
        consumer: AIOKafkaConsumer = await connected(
            lambda: AIOKafkaConsumer(
                bootstrap_servers=self._settings.kafka,
                group_id=None,
                enable_auto_commit=False,
                # With `latest`, an await between assign() and seek() may land at the end.
                auto_offset_reset="earliest",
                max_partition_fetch_bytes=4 * 1024 * 1024,
                metadata_max_age_ms=5000,
                request_timeout_ms=15_000,
            )
        )
        consumer.assign(self._partitions)
        for tp in self._partitions:
            if tp.partition in self._next:
                consumer.seek(tp, self._next[tp.partition])
        return consumer

    def rewind(self) -> None:
        """Go back to the start."""
        assert self._consumer is not None  # noqa: S101 - open() first
        self._next = {tp.partition: self._start.get(tp.partition, 0) for tp in self._partitions}
        for tp in self._partitions:
            self._consumer.seek(tp, self._next[tp.partition])

    async def ends(self) -> dict[int, int]:
        """The offset after the last record, per partition. Waits while the broker is away."""
        assert self._consumer is not None  # noqa: S101 - open() first
        while True:
            try:
                ends = await self._consumer.end_offsets(self._partitions)
                return {tp.partition: offset for tp, offset in ends.items()}
            except AWAY as error:
                log.warning("end offsets not to be had yet", extra={"cause": repr(error)})
                await asyncio.sleep(0.2)

    async def read(self, timeout_ms: int = 1000) -> list[Raw]:
        """The next records of all partitions, each partition's in order; empty on a time-out."""
        assert self._consumer is not None  # noqa: S101 - open() first
        fetched = await self._consumer.getmany(timeout_ms=timeout_ms, max_records=self._max_records)
        if not fetched and stopped_fetching(self._consumer):
            # The old one goes last: others may be asking it for the ends meanwhile.
            fresh = await self._connected()
            old, self._consumer = self._consumer, fresh
            await disconnect(old)
        for tp, records in fetched.items():
            self._next[tp.partition] = records[-1].offset + 1
        return [
            Raw(tp.partition, r.offset, r.timestamp, r.key, r.value)
            for tp, records in fetched.items()
            for r in records
        ]

    async def batches(self, every: float = 0.0) -> AsyncIterator[list[Raw]]:
        """Batches for ever. `every`: seconds to gather records for after each one: each fetch
        costs reader and broker about as much as decoding a hundred records."""
        while True:
            if batch := await self.read():
                yield batch
                if every:
                    await asyncio.sleep(every)

    async def close(self) -> None:
        """Disconnect."""
        if self._consumer is not None:
            consumer, self._consumer = self._consumer, None
            await disconnect(consumer)


def stopped_fetching(consumer: AIOKafkaConsumer) -> bool:
    """Whether the consumer will never fetch again: then it answers "nothing there" for ever, and
    only a new one helps.

    aiokafka's fetching task dies of a KeyError when a request times out whose connection is gone
    already (0.14; a broker killed under load shows it), and nobody looks at the task.
    """
    fetcher = consumer._fetcher  # noqa: SLF001 - there is no other way to see it
    if fetcher is None or not fetcher.error_future.done():
        return False
    log.error("the consumer has stopped fetching: a new one is needed")
    return True


async def disconnect(consumer: AIOKafkaConsumer) -> None:
    """Stop a consumer, and close its connections even if its fetching had died."""
    try:
        await consumer.stop()
    except KafkaError:
        await consumer._client.close()  # noqa: SLF001 - what stop() did not come to


async def connected(make: Callable[[], Any]) -> Any:
    """Make and start an aiokafka client, again and again until the broker answers."""
    pause = 0.1
    while True:
        client = make()
        try:
            await client.start()
        except (KafkaError, OSError) as error:
            await client.stop()
            log.warning("Kafka is away", extra={"cause": repr(error)})
            await asyncio.sleep(pause)
            pause = min(pause * 2, 2.0)
        except BaseException:  # cancelled: whoever asked has a deadline
            await client.stop()
            raise
        else:
            return client
