"""`python -m services.contracts.asyncapi`: the AsyncAPI 3.0 document of the whole platform.

Everything in it comes from the declarations (`topics.ALL`) and the example files beside them. It
speaks for the platform, not for one service: `send` and `receive` operations name who does it.
"""

import inspect
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_args

import msgspec

from services.contracts.base import event_type
from services.contracts.topics import ALL, Topic

EXAMPLES = Path(__file__).with_name("examples")
_DESCRIPTION = """\
The events of the Jonoton platform on Apache Kafka. A record's value is JSON; its `type` says which
message it is. Readers ignore members that they do not know (a pool's configuration alone refuses
them); a type that they do not know goes to the dead letters, so readers are brought up to date
before writers. An incompatible change is a new type."""


def types_of(events: Any) -> tuple[type, ...]:
    """The struct classes of a union (or the one class that is none), in the order declared."""
    return get_args(events) or (events,)


def load_examples(folder: Path = EXAMPLES) -> dict[str, list[tuple[str, Any]]]:
    """Topic → its examples as `(name, JSON)`, sorted by name."""
    return {
        topic.name: [
            (path.stem, json.loads(path.read_bytes()))
            for path in sorted((folder / topic.name).glob("*.json"))
        ]
        for topic in ALL
    }


def document(
    topics: Iterable[Topic] = ALL, examples: Mapping[str, list[tuple[str, Any]]] | None = None
) -> dict[str, Any]:
    """The AsyncAPI document of `topics`; `examples` as `load_examples` gives them."""
    topics = tuple(topics)
    shown = examples or {}
    messages: dict[str, Any] = {}
    classes = {event_type(cls): cls for topic in topics for cls in types_of(topic.events)}
    references, schemas = msgspec.json.schema_components(
        classes.values(), ref_template="#/components/schemas/{name}"
    )
    payloads = dict(zip(classes, references, strict=True))
    for topic in topics:
        for cls in types_of(topic.events):
            name = event_type(cls)
            if name not in messages:
                messages[name] = _message(cls, payloads[name], topic)
            known = messages[name]["examples"]
            known += [
                {"name": title, "payload": example}
                for title, example in shown.get(topic.name, ())
                if example["type"] == name
            ]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Jonoton",
            "version": "1",
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "kafka": {
                "host": "{brokers}",
                "protocol": "kafka",
                "variables": {
                    "brokers": {
                        "default": "127.0.0.1:9092",
                        "description": "The setting JONOTON_KAFKA.",
                    }
                },
            }
        },
        "channels": {topic.name: _channel(topic) for topic in topics},
        "operations": {
            name: operation for topic in topics for name, operation in _operations(topic)
        },
        "components": {
            "messages": messages,
            "schemas": {name: _draft_07(schema) for name, schema in schemas.items()},
        },
    }


def _message(cls: type, payload: dict[str, Any], topic: Topic) -> dict[str, Any]:
    name = event_type(cls)
    return {
        "name": name,
        "title": cls.__name__,
        "summary": inspect.cleandoc(cls.__doc__ or "").partition("\n\n")[0],
        "contentType": "application/json",
        "payload": payload,
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": topic.key},
                "bindingVersion": "0.5.0",
            }
        },
        "examples": [],
    }


def _channel(topic: Topic) -> dict[str, Any]:
    kafka: dict[str, Any] = {"topic": topic.name}
    if topic.partitions:
        kafka["partitions"] = topic.partitions
    kafka["topicConfiguration"] = {
        name: _configured(name, value) for name, value in topic.config.items()
    }
    kafka["bindingVersion"] = "0.5.0"
    spread = (
        f"Partitions: {topic.partitions}."
        if topic.partitions
        else "Partitions: the site's number, fixed when it is installed."
    )
    return {
        "address": topic.name,
        "title": topic.name,
        "description": f"{topic.purpose}\n\nKey: {topic.key}. {spread}",
        "messages": {
            name: {"$ref": f"#/components/messages/{name}"}
            for name in map(event_type, types_of(topic.events))
        },
        "bindings": {"kafka": kafka},
    }


def _configured(name: str, value: str) -> Any:
    if name == "cleanup.policy":
        return value.split(",")
    return int(value) if value.lstrip("-").isdecimal() else value


def _operations(topic: Topic) -> Iterable[tuple[str, dict[str, Any]]]:
    for action, verb, services in (
        ("send", "writes", topic.written_by),
        ("receive", "reads", topic.read_by),
    ):
        for service in services:
            yield (
                f"{service.replace(' ', '-')}.{verb}.{topic.name}",
                {
                    "action": action,
                    "channel": {"$ref": f"#/channels/{topic.name}"},
                    "summary": f"{service} {verb} {topic.name}",
                    "tags": [{"name": service}],
                },
            )


def _draft_07(schema: Any) -> Any:
    """AsyncAPI's Schema Object is JSON Schema draft 07 with a `discriminator` of its own; msgspec
    writes 2020-12 with OpenAPI's. Members beside a `$ref` would be ignored there."""
    if isinstance(schema, list):
        return [_draft_07(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "properties":
            made[key] = {name: _draft_07(member) for name, member in value.items()}
        elif key in {"default", "enum", "const"}:
            made[key] = value
        elif key != "discriminator":
            made[key] = _draft_07(value)
    if "prefixItems" in made:
        rest = made.pop("items", None)
        made["items"] = made.pop("prefixItems")
        if rest is not None:
            made["additionalItems"] = rest
    if "description" in made:
        made["description"] = inspect.cleandoc(made["description"])
    if "$ref" in made and len(made) > 1:
        made = {"allOf": [{"$ref": made.pop("$ref")}], **made}
    return made


def text() -> str:
    """The document of everything declared, as it is committed."""
    return json.dumps(document(examples=load_examples()), indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """Print the document."""
    sys.stdout.write(text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
