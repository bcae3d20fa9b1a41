"""The owner's own reader of the input log: what the feed did not deliver is read here."""

import logging

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

from services.contracts.topics import CONTACT_EVENTS
from services.kit.errors import RefusedToStart
from services.kit.log_reader import AWAY, connected, disconnect, stopped_fetching
from services.router.settings import RouterSettings

log = logging.getLogger(__name__)


class InputLog:
    """Reads one partition of contact-events from a given offset, without a group."""

    def __init__(self, settings: RouterSettings, partition: int) -> None:
        self._settings = settings
        self._tp = TopicPartition(CONTACT_EVENTS.name, partition)
        self._consumer: AIOKafkaConsumer | None = None
        self._next = -1
        """Where the reader stands."""
        self._floor = 0
        """The log's start, once retention was seen to have removed what was asked for."""

    async def open(self) -> None:
        """Connect; waits for the broker."""
        self._consumer = await connected(
            lambda: AIOKafkaConsumer(
                bootstrap_servers=self._settings.kafka,
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="none",
                max_partition_fetch_bytes=4 * 1024 * 1024,
                metadata_max_age_ms=5000,
                request_timeout_ms=15_000,
            )
        )
        self._consumer.assign([self._tp])

    async def read(self, offset: int, timeout_ms: int) -> list[tuple[int, bytes]]:
        """Records at `offset` and beyond, in order; empty after `timeout_ms`.

        Offsets may be missing. If retention has removed `offset`, goes on at the log's start and
        says so. Raises `RefusedToStart` if `offset` lies beyond the log's end.
        """
        consumer = self._consumer
        assert consumer is not None  # noqa: S101 - open() first
        offset = max(offset, self._floor)
        if self._next != offset:
            consumer.seek(self._tp, offset)
            self._next = offset
        try:
            fetched = await consumer.getmany(self._tp, timeout_ms=timeout_ms, max_records=5000)
        except OffsetOutOfRangeError:
            await self._find_start(offset)
            return []
        except AWAY as error:
            log.warning("the input log cannot be read", extra={"cause": repr(error)})
            return []
        records = fetched.get(self._tp, [])
        if not records and stopped_fetching(consumer):
            await self.close()
            await self.open()
            self._next = -1
        if records:
            self._next = records[-1].offset + 1
        return [(record.offset, record.value or b"") for record in records]

    def lag(self, last: int) -> int:
        """Records after offset `last`, as far as the reader knows."""
        assert self._consumer is not None  # noqa: S101 - open() first
        return max(0, int(self._consumer.highwater(self._tp) or 0) - last - 1)

    async def close(self) -> None:
        """Disconnect."""
        if self._consumer is not None:
            consumer, self._consumer = self._consumer, None
            await disconnect(consumer)

    async def _find_start(self, offset: int) -> None:
        assert self._consumer is not None  # noqa: S101 - open() first
        start = (await self._consumer.beginning_offsets([self._tp]))[self._tp]
        if offset >= start:
            end = (await self._consumer.end_offsets([self._tp]))[self._tp]
            raise RefusedToStart(
                f"the journal answers input up to offset {offset - 1} of {self._tp.topic}/"
                f"{self._tp.partition}, whose log ends at {end}: the topic has been restored from "
                "another place; restore its journal with it"
            )
        log.critical(
            "input was removed by retention before it was routed",
            extra={"partition": self._tp.partition, "from": offset, "to": start},
        )
        self._floor = start
