"""What a document must look like to be AsyncAPI 3.0, for the objects that ours is made of.

A JSON Schema in our own words: the specification's rules for those objects, and stricter in that
nothing else may stand in them. Whoever adds another kind of object to the document adds it here.
"""

from typing import Any

TEXT = {"type": "string", "minLength": 1}
VERSION_0_5 = {"const": "0.5.0"}
SCHEMA = {"$ref": "http://json-schema.org/draft-07/schema#"}


def _object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": sorted(required),
        "additionalProperties": False,
    }


def _map(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "propertyNames": {"pattern": r"^[\w\d.-]+$"},
        "additionalProperties": item,
    }


def _reference(place: str) -> dict[str, Any]:
    return _object({"$ref": {"type": "string", "pattern": rf"^#/{place}/[\w\d.-]+$"}})


_KAFKA_CHANNEL = _object(
    {"topic": TEXT, "bindingVersion": VERSION_0_5},
    {
        "partitions": {"type": "integer", "minimum": 1},
        "topicConfiguration": {
            "type": "object",
            "properties": {
                "cleanup.policy": {"type": "array", "items": {"enum": ["compact", "delete"]}},
                "retention.ms": {"type": "integer", "minimum": -1},
                "retention.bytes": {"type": "integer", "minimum": -1},
                "delete.retention.ms": {"type": "integer", "minimum": 0},
            },
            "additionalProperties": {"type": ["integer", "string"]},
        },
    },
)
_CHANNEL = _object(
    {
        "address": TEXT,
        "title": TEXT,
        "description": TEXT,
        "messages": _map(_reference("components/messages")),
        "bindings": _object({"kafka": _KAFKA_CHANNEL}),
    }
)
_OPERATION = _object(
    {
        "action": {"enum": ["send", "receive"]},
        "channel": _reference("channels"),
        "summary": TEXT,
        "tags": {"type": "array", "items": _object({"name": TEXT}), "minItems": 1},
    }
)
_MESSAGE = _object(
    {
        "name": TEXT,
        "title": TEXT,
        "summary": {"type": "string"},
        "contentType": TEXT,
        "payload": _reference("components/schemas"),
        "bindings": _object({"kafka": _object({"key": SCHEMA, "bindingVersion": VERSION_0_5})}),
        "examples": {"type": "array", "items": _object({"name": TEXT, "payload": {}})},
    }
)
_SERVER = _object(
    {
        "host": TEXT,
        "protocol": TEXT,
        "variables": _map(_object({"default": TEXT, "description": TEXT})),
    }
)
PROFILE = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    **_object(
        {
            "asyncapi": {"const": "3.0.0"},
            "info": _object(
                {
                    "title": TEXT,
                    "version": TEXT,
                    "description": TEXT,
                    "license": _object({"name": TEXT}),
                }
            ),
            "defaultContentType": TEXT,
            "servers": _map(_SERVER),
            "channels": {**_map(_CHANNEL), "minProperties": 1},
            "operations": {**_map(_OPERATION), "minProperties": 1},
            "components": _object(
                {"messages": _map(_MESSAGE), "schemas": _map({"type": "object", "allOf": [SCHEMA]})}
            ),
        }
    ),
}
