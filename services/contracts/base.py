"""The shapes that all contracts share: identifiers, milliseconds, the CloudEvents envelope."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\s\x00-\x1f]+$")]
"""An opaque identifier. Never a name, an address or anything else that says who somebody is."""

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9_.:/-]+$")]
"""A word of the configuration: a channel, a queue, a skill, a pool (`tenant/pool`)."""

Millis = Annotated[int, msgspec.Meta(ge=0)]
"""A point in time: milliseconds since 1970-01-01 UTC."""

Moment = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799_999)]
"""A point in time that somebody names: `Millis` until the end of the year 9999."""

Level = Annotated[int, msgspec.Meta(ge=1, le=5)]
"""A skill's level: 1 (beginner) to 5 (expert)."""

ShortText = Annotated[str, msgspec.Meta(max_length=500)]


class Event(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, tag_field="type"):
    """An event on an input topic, with the attribute names of CloudEvents 1.0 (JSON format).

    `id` is made by whoever knows the fact first and is stable over retries; `source` is the
    service that wrote it; `subject` the id of what it is about; `traceparent` W3C trace context.
    """

    id: Id
    source: Name
    time: datetime
    subject: str = ""
    traceparent: str = ""
    specversion: Literal["1.0"] = "1.0"


def event_type(cls: type) -> str:
    """The `type` that stands in the JSON of a tagged struct class."""
    tag = cls.__struct_config__.tag  # type: ignore[attr-defined]
    return str(tag)
