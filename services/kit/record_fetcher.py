"""Fetching single records by their place, for those who know of a record and need its bytes."""

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from services.contracts.topics import Topic
from services.kit.log_reader import Raw, connected, disconnect, stopped_fetching
from services.kit.settings import Settings


class RecordFetcher:
    """One connection to `topic`, opened at the first use. Neighbours come in one fetch, as many
    as `max_bytes` hold (and one, however large)."""

    def __init__(
        self, settings: Settings, topic: Topic, *, max_bytes: int = 4 * 1024 * 1024
    ) -> None:
        self._settings = settings
        self._topic = topic
        self._max_bytes = max_bytes
        self._consumer: AIOKafkaConsumer | None = None
        self._place: tuple[int, int] | None = None

    async def fetch(self, partition: int, offset: int) -> Raw | None:
        """The record, None if it is gone (retention, compaction). Waits for a broker that is away,
        and for an offset that is not written yet."""
        consumer = self._consumer or await self._connect()
        tp = TopicPartition(self._topic.name, partition)
        if self._place is None or self._place[0] != partition:
            consumer.assign([tp])
            self._place = None
        if self._place != (partition, offset):
            consumer.seek(tp, offset)
        self._place = None
        while True:
            try:
                fetched = await consumer.getmany(tp, timeout_ms=1000, max_records=1)
            except OffsetOutOfRangeError:
                start = (await consumer.beginning_offsets([tp]))[tp]
                if offset < start:
                    return None
                consumer.seek(tp, offset)
                continue
            except KafkaError:
                continue
            if not fetched and stopped_fetching(consumer):
                await self.close()
                return await self.fetch(partition, offset)
            for record in fetched.get(tp, ()):
                if record.offset != offset:
                    return None
                self._place = (partition, offset + 1)
                return Raw(partition, offset, record.timestamp, record.key, record.value)

    async def close(self) -> None:
        """Disconnect."""
        if self._consumer is not None:
            consumer, self._consumer = self._consumer, None
            await disconnect(consumer)

    async def _connect(self) -> AIOKafkaConsumer:
        self._consumer = await connected(
            lambda: AIOKafkaConsumer(
                bootstrap_servers=self._settings.kafka,
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="none",
                max_partition_fetch_bytes=self._max_bytes,
                metadata_max_age_ms=5000,
                request_timeout_ms=15_000,
            )
        )
        return self._consumer
