"""A consumer group's loop, for what must be done once: at least once, commit last.

`InvalidMessage` → the dead letters; `Unavailable` → wait and retry in place; anything else is a
bug and ends the process, uncommitted. Too many dead letters in a row stop the consumer: then the
reader is at fault, or the writer, and going on would empty the topic into the dead letters.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CommitFailedError

from services.contracts.codec import decode
from services.contracts.topics import Topic
from services.kit import tasks
from services.kit.dead_letter import DeadLetters
from services.kit.errors import InvalidMessage, Unavailable
from services.kit.log_reader import AWAY, Raw, connected, disconnect, stopped_fetching
from services.kit.metrics import Metrics
from services.kit.settings import Settings

log = logging.getLogger(__name__)
GATHER = 0.1
"""Seconds in which records gather before the next are read: a fetch and a commit for each one would
cost many times what handling it does."""
_COMMIT_TIMEOUT = 5.0
Handler = Callable[[Any, Raw], Awaitable[None]]


class GroupConsumer:
    """Calls `handler(event, raw)` for each record of `topic`, in order within a partition."""

    def __init__(
        self,
        settings: Settings,
        metrics: Metrics,
        topic: Topic,
        group: str,
        handler: Handler,
        dead_letters: DeadLetters,
        *,
        stop_after: int = 20,
    ) -> None:
        self.name = f"consumer of {topic.name}"
        self._settings = settings
        self._metrics = metrics
        self._topic = topic
        self._group = group
        self._handler = handler
        self._dead_letters = dead_letters
        self._stop_after = stop_after
        self._in_a_row = 0
        self._stopped = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to consume; returns at once."""
        self._task = tasks.start(self.name, self._run())

    async def stop(self) -> None:
        """End after the record in hand has been cut off; it is not committed."""
        await tasks.stop(self._task)

    def trouble(self) -> str | None:
        """Why nothing is consumed, or None."""
        if self._stopped:
            return f"{self._stop_after} unreadable records in a row: stopped"
        return None

    async def _run(self) -> None:
        while not self._stopped:
            await self._consume()

    async def _consume(self) -> None:
        """Until stopped, or until the consumer has stopped fetching."""
        consumer = await connected(
            lambda: AIOKafkaConsumer(
                self._topic.name,
                bootstrap_servers=self._settings.kafka,
                group_id=self._group,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                session_timeout_ms=10_000,
                heartbeat_interval_ms=1000,
                # Waiting in place for a dependency may take hours and loses no partition: only a
                # process that is gone does, by its session.
                max_poll_interval_ms=86_400_000,
                metadata_max_age_ms=5000,
            )
        )
        done: dict[TopicPartition, int] = {}
        loop = asyncio.get_running_loop()
        try:
            while not self._stopped:
                fetched = await consumer.getmany(timeout_ms=1000, max_records=500)
                read = loop.time()
                if not fetched and stopped_fetching(consumer):
                    return
                for tp, records in fetched.items():
                    ours = partial(_assigned, consumer, tp)
                    for r in records:
                        raw = Raw(tp.partition, r.offset, r.timestamp, r.key, r.value)
                        if not (ours() and await self._handle(raw, ours)):
                            break  # it went to another process, and what is in hand with it
                        if self._stopped:
                            return
                    else:
                        done[tp] = records[-1].offset + 1
                        if loop.time() - read > GATHER:
                            await self._commit(consumer, done)
                if fetched:
                    await self._commit(consumer, done)
                    await asyncio.sleep(GATHER)
        finally:
            await self._commit(consumer, done)
            await disconnect(consumer)

    async def _handle(self, raw: Raw, ours: Callable[[], bool]) -> bool:
        """False if the partition went away while the record waited: then it is not done here."""
        pause = 0.1
        while True:
            try:
                if raw.value is not None:
                    await self._handler(self._decode(raw.value), raw)
                self._in_a_row = 0
                self._count("done")
            except InvalidMessage as error:
                self._in_a_row += 1
                if self._in_a_row >= self._stop_after:
                    self._stopped = True
                    log.critical("%s: %s", self.name, self.trouble())
                    return True
                if not await self._bury(raw, error):
                    continue
                self._count("refused")
            except Unavailable as error:
                self._count("retried")
                log.warning("%s waits: %s", self.name, error.detail)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)
                if not ours():
                    return False
                continue
            return True

    async def _bury(self, raw: Raw, error: InvalidMessage) -> bool:
        try:
            await self._dead_letters.write(self._topic, raw, error.reason, error.detail)
        except Unavailable:
            self._in_a_row -= 1
            await asyncio.sleep(0.5)
            return False
        return True

    def _decode(self, value: bytes) -> Any:
        try:
            return decode(self._topic, value)
        except msgspec.MsgspecError as error:
            raise InvalidMessage("undecodable", str(error)) from error

    async def _commit(self, consumer: AIOKafkaConsumer, done: dict[TopicPartition, int]) -> None:
        """Commit what is done and still ours, in one request; `done` is empty afterwards."""
        offsets = {tp: offset for tp, offset in done.items() if _assigned(consumer, tp)}
        done.clear()
        if not offsets:
            return
        try:
            async with asyncio.timeout(_COMMIT_TIMEOUT):
                await consumer.commit(offsets)
        except CommitFailedError:
            log.info("%s: the partition moved before the commit", self.name)
        except (*AWAY, TimeoutError) as error:
            log.warning("%s: not committed: %r", self.name, error)

    def _count(self, result: str) -> None:
        self._metrics.count("consumed_total", topic=self._topic.name, result=result)


def _assigned(consumer: AIOKafkaConsumer, tp: TopicPartition) -> bool:
    return tp in consumer.assignment()
