"""The routing journal: its records, and the one rule that says which of them count.

A partition of the journal holds `open` entries (a writer takes the partition over) and records
(one per input event). A record counts if its `epoch` is the offset of the last `open` before it.
Everything else is void, for every reader alike; nothing else decides (docs/architecture.md).
"""

from typing import Any

import msgspec

from services.contracts.base import Id, Millis
from services.contracts.routing_events import AnyRoutingEvent


class Source(msgspec.Struct, frozen=True, array_like=True):
    """The input that a record answers: `(topic id, offset)`, in the record's own partition."""

    topic: str
    offset: int


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer to a command: its id, an HTTP status, and what the caller is told."""

    id: Id
    status: int
    body: dict[str, Any] = {}


class Open(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="journal.open"):
    """`writer` owns the partition from this offset on; `generation` is the consumer group's."""

    writer: str
    generation: int


class Record(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    tag_field="type",
    tag="journal.record",
):
    """What one input event led to. `at` is the router's time in ms; `events` the whole change."""

    epoch: int
    src: Source
    at: Millis
    events: tuple[AnyRoutingEvent, ...] = ()
    reply: Reply | None = None


Entry = Open | Record

_decoder: msgspec.json.Decoder[Entry] = msgspec.json.Decoder(Entry)
_encoder = msgspec.json.Encoder()


def encode_entry(entry: Entry) -> bytes:
    """The entry as JSON."""
    return _encoder.encode(entry)


def decode_entry(raw: bytes) -> Entry:
    """The inverse of `encode_entry`. Raises `msgspec.MsgspecError` (a `ValidationError` mostly)."""
    return _decoder.decode(raw)


class Validity:
    """The pure filter of one partition: feed it every entry in offset order.

    `epoch` is the offset of the last `open` seen (or that of the snapshot one starts from; -1:
    none). `void` counts the records that did not count.
    """

    __slots__ = ("epoch", "void")

    def __init__(self, epoch: int = -1) -> None:
        self.epoch = epoch
        self.void = 0

    def admit(self, offset: int, entry: Entry) -> Record | None:
        """The entry if it is a record that counts, else None (an `open`, or a void record)."""
        if isinstance(entry, Open):
            self.epoch = offset
            return None
        if entry.epoch != self.epoch or entry.epoch < 0:
            self.void += 1
            return None
        return entry
