"""The topic `messages` for those who write to it and those who follow it without a group."""

import logging
from typing import NamedTuple

import msgspec

from services.contracts.codec import decode
from services.contracts.messages import MessageEvent
from services.contracts.topics import MESSAGES
from services.kit.feed import Feed, FeedReader
from services.kit.log_reader import Raw
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


def hear(raw: Raw) -> Heard:
    """What a record says. Raises `msgspec.MsgspecError` for one that cannot be read."""
    conversation, _, record = (raw.key or b"").decode(errors="replace").partition("/")
    if raw.value is None:
        return Heard(conversation, record, raw, None)
    event = decode(MESSAGES, raw.value)
    return Heard(event.data.conversation_id, record, raw, event)


class MessagesFeed(Feed[Heard]):
    """The topic, for all of a process. A record that cannot be read is logged and left out: the
    consumer groups write the dead letters."""

    def __init__(self, settings: Settings, *, every: float = 0.0) -> None:
        super().__init__(settings, MESSAGES, every=every)
        self._made_of = settings, every

    def hear(self, raw: Raw) -> Heard | None:
        """The record, if it can be read."""
        try:
            return hear(raw)
        except msgspec.MsgspecError as error:
            where = {"partition": raw.partition, "offset": raw.offset}
            # Not the error's text: it may quote what somebody wrote.
            log.error("a message cannot be read: %s", type(error).__name__, extra=where)
            return None

    def anew(self) -> "MessagesFeed":
        """Another one."""
        settings, every = self._made_of
        return MessagesFeed(settings, every=every)


class MessagesReader(FeedReader[Heard]):
    """Follows all partitions of `messages` from the beginning: those of `feed`, or by itself.
    Counts what it reads."""

    def __init__(
        self, settings: Settings, metrics: Metrics, feed: MessagesFeed | None = None
    ) -> None:
        super().__init__(feed or MessagesFeed(settings))
        topic = MESSAGES.name
        self._done = metrics.child("consumed_total", topic=topic, result="done")
        self._refused = metrics.child("consumed_total", topic=topic, result="refused")

    def note(self, items: list[Heard], read: int) -> None:
        """Count them; tombstones are neither done nor refused."""
        self._done.inc(sum(heard.event is not None for heard in items))
        self._refused.inc(read - len(items))
