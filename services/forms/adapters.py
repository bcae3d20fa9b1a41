"""The forms service's ways out: writing an opening to Kafka, and reading one back for a receipt."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import msgspec

from services.contracts.codec import decode
from services.contracts.messages import (
    ConversationStarted,
    CreatedMessage,
    MessageCreated,
    StartedConversation,
)
from services.contracts.pool import PoolConfig
from services.contracts.topics import CONTACT_EVENTS, MESSAGES, Topic
from services.forms.core import Opening
from services.forms.tokens import Slip
from services.kit.log_reader import LogReader
from services.kit.publisher import Position, partition_of
from services.kit.settings import Settings

_READERS = 8


class Publishes(Protocol):
    """What is needed of `services.kit.publisher.Publisher`, with its promises."""

    async def publish(
        self, topic: Topic, event: msgspec.Struct, *, key: str, partition: int | None = None
    ) -> Position:
        """Durable when it returns."""

    async def publish_all(
        self, items: Iterable[tuple[Topic, msgspec.Struct, str, int | None]]
    ) -> list[Position]:
        """Several at once, in order within a partition."""


class Pools(Protocol):
    """What is needed of `services.kit.pools.PoolDirectory`."""

    def get(self, pool: str) -> PoolConfig | None:
        """The pool's configuration, or None."""


class Door:
    """Makes openings durable."""

    def __init__(self, settings: Settings, publisher: Publishes) -> None:
        self._partitions = settings.partitions
        self._publisher = publisher

    async def let_in(self, opening: Opening, pool: PoolConfig) -> Slip:
        """Head and message first, then the contact: when it returns, all are durable.

        Raises `Unavailable`: then the customer sends again, and what was written already is
        written again with the same ids.
        """
        data = opening.head.data
        conversation = data.conversation_id
        partition = partition_of(conversation, self._partitions)
        head, message = await self._publisher.publish_all(
            (
                (MESSAGES, opening.head, f"{conversation}/head", partition),
                (MESSAGES, opening.message, f"{conversation}/{opening.message.id}", partition),
            )
        )
        await self._publisher.publish(
            CONTACT_EVENTS, opening.contact, key=pool.pool, partition=pool.partition
        )
        return Slip(data.contact_id, conversation, partition, head.offset, message.offset)


@dataclass(frozen=True, slots=True)
class Sent:
    """What a receipt shows, as it stands in Kafka."""

    head: StartedConversation
    message: CreatedMessage


class Receipts:
    """Reads back what a slip points to: any process can show a receipt, and no other store holds
    what the customer wrote."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._free = asyncio.Semaphore(_READERS)

    async def find(self, slip: Slip) -> Sent | None:
        """What was sent; None if it has been erased, or if Kafka does not answer in time."""
        try:
            async with asyncio.timeout(self._settings.publish_timeout), self._free:
                records = await self._records(slip.partition, slip.head, slip.message)
        except TimeoutError:
            return None
        head, message = records.get(slip.head), records.get(slip.message)
        if not isinstance(head, ConversationStarted) or not isinstance(message, MessageCreated):
            return None
        if {head.data.conversation_id, message.data.conversation_id} != {slip.conversation_id}:
            return None  # the topic was made anew: other records stand there now
        return Sent(head.data, message.data)

    async def _records(self, partition: int, *offsets: int) -> dict[int, object]:
        first, last = min(offsets), max(offsets)
        found: dict[int, object] = {}
        reader = LogReader(
            self._settings, MESSAGES, partitions=[partition], start={partition: first}
        )
        await reader.open()
        try:
            while batch := await reader.read():
                for raw in batch:
                    if raw.offset in offsets and raw.value is not None:
                        found[raw.offset] = decode(MESSAGES, raw.value)
                if batch[-1].offset >= last:
                    break
        finally:
            await reader.close()
        return found
