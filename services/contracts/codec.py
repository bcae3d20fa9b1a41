"""Encode and decode events. One decoder per union, made once."""

from functools import cache
from typing import Any

import msgspec

from services.contracts.topics import Topic

_encoder = msgspec.json.Encoder()


def encode(event: msgspec.Struct) -> bytes:
    """The event as JSON."""
    return _encoder.encode(event)


@cache
def _decoder(events: Any) -> "msgspec.json.Decoder[Any]":
    return msgspec.json.Decoder(events)


def decode(topic: Topic, raw: bytes) -> Any:
    """The event that `raw` holds, typed as the topic's union.

    Raises `msgspec.ValidationError` (wrong shape or unknown type, naming the field) or
    `msgspec.DecodeError` (not JSON).
    """
    return _decoder(topic.events).decode(raw)
