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
        self._settings = settings
        self._max_records = max_records
        self._consumer: AIOKafkaConsumer | None = None

    async def open(self) -> None:
        """Connect and take the position."""
        self._consumer = await connected(
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
        self._consumer.assign(self._partitions)
        for tp in self._partitions:
            if tp.partition in self._start:
                self._consumer.seek(tp, self._start[tp.partition])

    def rewind(self) -> None:
        """Go back to the start."""
        assert self._consumer is not None  # noqa: S101 - open() first
        for tp in self._partitions:
            self._consumer.seek(tp, self._start.get(tp.partition, 0))

    async def ends(self) -> dict[int, int]:
        """The offset after the last record, per partition. Waits while the broker is away."""
        assert self._consumer is not None  # noqa: S101 - open() first
        while True:
            try:
                ends = await self._consumer.end_offsets(self._partitions)
                return {tp.partition: offset for tp, offset in ends.items()}
            except KafkaError as error:
                log.warning("end offsets not to be had yet", extra={"cause": repr(error)})
                await asyncio.sleep(0.2)

    async def read(self, timeout_ms: int = 1000) -> list[Raw]:
        """The next records of all partitions, each partition's in order; empty on a time-out."""
        assert self._consumer is not None  # noqa: S101 - open() first
        fetched = await self._consumer.getmany(timeout_ms=timeout_ms, max_records=self._max_records)
        return [
            Raw(tp.partition, r.offset, r.timestamp, r.key, r.value)
            for tp, records in fetched.items()
            for r in records
        ]

    async def batches(self) -> AsyncIterator[list[Raw]]:
        """Batches for ever."""
        while True:
            if batch := await self.read():
                yield batch

    async def close(self) -> None:
        """Disconnect."""
        if self._consumer is not None:
            consumer, self._consumer = self._consumer, None
            await consumer.stop()


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
