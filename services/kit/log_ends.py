"""Asking how far a topic has been written, without reading it."""

import asyncio

from aiokafka import AIOKafkaConsumer, TopicPartition

from services.contracts.topics import Topic
from services.kit import tasks
from services.kit.errors import Unavailable
from services.kit.log_reader import AWAY, connected
from services.kit.settings import Settings


class LogEnds:
    """A connection for questions about offsets. A part."""

    name = "log ends"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._consumer: AIOKafkaConsumer | None = None
        self._connecting: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to connect; returns at once."""
        self._connecting = tasks.start("log-ends", self._connect())

    async def stop(self) -> None:
        """Disconnect."""
        await tasks.stop(self._connecting)
        if self._consumer is not None:
            await self._consumer.stop()

    def trouble(self) -> str | None:
        """Never: nothing that is asked for at a door waits for this."""
        return None

    async def end(self, topic: Topic, partition: int) -> int:
        """The offset after the last record. Raises `Unavailable`."""
        if self._consumer is None:
            raise Unavailable("Kafka has not been reached yet.")
        tp = TopicPartition(topic.name, partition)
        try:
            ends = await self._consumer.end_offsets([tp])
        except AWAY as error:
            raise Unavailable(f"Kafka is away ({type(error).__name__}).") from error
        return int(ends[tp])

    async def _connect(self) -> None:
        self._consumer = await connected(
            lambda: AIOKafkaConsumer(
                bootstrap_servers=self._settings.kafka,
                group_id=None,
                metadata_max_age_ms=30_000,
                request_timeout_ms=5_000,
            )
        )
