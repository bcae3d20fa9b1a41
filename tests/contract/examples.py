"""The example files beside the contracts, found by what is declared."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from services.contracts.asyncapi import EXAMPLES
from services.contracts.routing_events import AnyRoutingEvent
from services.contracts.topics import ALL, ROUTING_JOURNAL

UNIONS: dict[str, Any] = {topic.name: topic.events for topic in ALL}
UNIONS[f"{ROUTING_JOURNAL.name}/events"] = AnyRoutingEvent
"""Folder → the type that its files decode as. The journal's records hold the routing events."""


@dataclass(frozen=True, slots=True)
class Example:
    """One file: `path` below the folder of examples, and the type that it must decode as."""

    path: str
    events: Any

    @property
    def name(self) -> str:
        """The file's name without `.json`: `<event type>[.variant]`."""
        return Path(self.path).stem

    @property
    def raw(self) -> bytes:
        """The file."""
        return (EXAMPLES / self.path).read_bytes()

    @property
    def json(self) -> Any:
        """The file's JSON, fresh."""
        return json.loads(self.raw)

    def decode(self, document: Any) -> Any:
        """The event that a JSON document of this example's kind is. Raises `MsgspecError`."""
        return msgspec.json.decode(json.dumps(document), type=self.events)


def all_examples() -> list[Example]:
    """Every file in a folder that is declared."""
    return [
        Example(f"{folder}/{path.name}", events)
        for folder, events in UNIONS.items()
        for path in sorted((EXAMPLES / folder).glob("*.json"))
    ]


@dataclass(frozen=True, slots=True)
class Place:
    """A struct inside a decoded example: the struct, its JSON (to change it), and its path as
    msgspec writes it."""

    struct: msgspec.Struct
    json: Any
    path: str

    @property
    def strict(self) -> bool:
        """Whether it refuses members that it does not know."""
        return bool(self.struct.__struct_config__.forbid_unknown_fields)

    def fields(self) -> Iterator[tuple[str, Any, str]]:
        """`(attribute, key or index in the JSON, path)` of each field that the JSON holds."""
        for index, field in enumerate(msgspec.structs.fields(self.struct)):
            if isinstance(self.json, list):
                yield field.name, index, f"{self.path}[{index}]"
            elif field.encode_name in self.json:
                yield field.name, field.encode_name, f"{self.path}.{field.encode_name}"

    def required(self) -> list[str]:
        """The members that must be there."""
        if isinstance(self.json, list):
            return []
        return [f.encode_name for f in msgspec.structs.fields(self.struct) if f.required]


def places(value: Any, document: Any, path: str = "$") -> Iterator[Place]:
    """Every struct inside `value`, which `document` was decoded to."""
    if isinstance(value, msgspec.Struct):
        place = Place(value, document, path)
        yield place
        for name, key, below in place.fields():
            yield from places(getattr(value, name), document[key], below)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from places(item, document[name], f"{path}[...]")
    elif isinstance(value, tuple | list):
        for index, item in enumerate(value):
            yield from places(item, document[index], f"{path}[{index}]")
