"""The topic `messages` for those who write to it and those who follow it without a group."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import NamedTuple

import msgspec

from services.contracts.codec import decode
from services.contracts.messages import MessageEvent
from services.contracts.topics import MESSAGES
from services.kit.log_reader import LogReader, Raw
from services.kit.metrics import Metrics
from services.kit.publisher import Position, Publisher, partition_of
from services.kit.settings import Settings

log = logging.getLogger(__name__)


class Heard(NamedTuple):
    """One record: `conversation` and `record` are the two halves of its key; `event` None is a
    tombstone."""

    conversation: str
    record: str
    raw: Raw
    event: MessageEvent | None


async def publish_record(
    publisher: Publisher, settings: Settings, event: MessageEvent, record: str
) -> Position:
    """Write `event` under the key `<conversation id>/<record>`, on the conversation's partition.

    `record` must be the record's own: with one key for two messages compaction would take away
    the first, and with it the `seq` that everybody knows. Raises as `Publisher.publish` does.
    """
    conversation = event.data.conversation_id
    return await publisher.publish(
        MESSAGES,
        event,
        key=f"{conversation}/{record}",
        partition=partition_of(conversation, settings.partitions),
    )


class MessagesReader:
    """Follows all partitions of `messages` from the beginning.

    A batch counts as taken in when the next one is asked for. `caught_up` is set when all that
    stood in the topic at the start has been taken in. A record that cannot be read is logged,
    counted and left out: the consumer groups write the dead letters.
    """

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._log = LogReader(settings, MESSAGES)
        self._metrics = metrics
        self._positions: dict[int, int] = {}
        self._goal: dict[int, int] = {}
        self._waiting: dict[int, list[tuple[int, asyncio.Future[None]]]] = {}
        self.caught_up = asyncio.Event()

    async def batches(self) -> AsyncIterator[list[Heard]]:
        """Batches for ever. Closes its connection at the end."""
        await self._log.open()
        try:
            self._goal = {p: end for p, end in (await self._log.ends()).items() if end > 0}
            self._check_goal()
            async for raws in self._log.batches():
                yield [heard for raw in raws if (heard := self._heard(raw)) is not None]
                for raw in raws:
                    self._positions[raw.partition] = raw.offset
                self._wake({raw.partition for raw in raws})
                self._check_goal()
        finally:
            await self._log.close()

    async def until(self, position: Position) -> None:
        """Wait until the record at `position` has been taken in."""
        if self._positions.get(position.partition, -1) >= position.offset:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(position.partition, [])
        entry = (position.offset, future)
        waiting.append(entry)
        try:
            await future
        finally:
            if entry in waiting:
                waiting.remove(entry)

    def _heard(self, raw: Raw) -> Heard | None:
        conversation, _, record = (raw.key or b"").decode(errors="replace").partition("/")
        if raw.value is None:
            return Heard(conversation, record, raw, None)
        try:
            event = decode(MESSAGES, raw.value)
        except msgspec.MsgspecError as error:
            self._metrics.count("consumed_total", topic=MESSAGES.name, result="refused")
            where = {"partition": raw.partition, "offset": raw.offset}
            # Not the error's text: it may quote what somebody wrote.
            log.error("a message cannot be read: %s", type(error).__name__, extra=where)
            return None
        self._metrics.count("consumed_total", topic=MESSAGES.name, result="done")
        return Heard(event.data.conversation_id, record, raw, event)

    def _wake(self, partitions: set[int]) -> None:
        for partition in partitions & self._waiting.keys():
            reached = self._positions[partition]
            for offset, future in self._waiting[partition]:
                if offset <= reached and not future.done():
                    future.set_result(None)

    def _check_goal(self) -> None:
        if not self.caught_up.is_set():
            positions = self._positions
            if all(positions.get(p, -1) >= end - 1 for p, end in self._goal.items()):
                self.caught_up.set()
