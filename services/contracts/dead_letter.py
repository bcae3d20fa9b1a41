"""The record of a `<topic>-dlq`: what nobody could read, whole, with the reason."""

import msgspec

from services.contracts.base import Event


class RefusedRecord(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """`value` and `key` are the original bytes (base64 in JSON); `detail` says what is wrong."""

    topic: str
    partition: int
    offset: int
    reason: str
    detail: str
    reader: str
    value: bytes | None = None
    key: bytes | None = None


class RecordRefused(Event, frozen=True, kw_only=True, tag="record.refused"):
    """A reader met a record that it can never use. Id: `<topic>/<partition>/<offset>`."""

    data: RefusedRecord
