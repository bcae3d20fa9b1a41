"""Every event has examples, and what stands in them can be read for ever.

The rules of compatibility that these tests hold:

- a reader ignores members that it does not know, so a writer may add an optional one at any time;
- the one exception is a pool's configuration, which people write: a misspelt word is refused;
- a type that a reader does not know is refused: readers learn a new type before writers use it;
- an incompatible change is a new type. An example file is never changed to make a test pass.
"""

import json
from typing import Any

import msgspec
import pytest

from services.contracts.asyncapi import EXAMPLES, types_of
from services.contracts.base import event_type
from services.contracts.pool import PoolConfig
from services.contracts.topics import CONTACT_EVENTS, ROUTING_JOURNAL, SETTINGS
from tests.contract.examples import UNIONS, Example, Place, all_examples, places

LATER = "introduced_later"
PERSONAL = {"address", "email", "first_name", "last_name", "name", "phone", "text"}

each_example = pytest.mark.parametrize("example", all_examples(), ids=lambda example: example.path)


@pytest.mark.parametrize("folder", UNIONS)
def test_every_event_type_has_an_example(folder: str) -> None:
    shown = {path.json["type"] for path in all_examples() if path.path.startswith(f"{folder}/")}
    assert {event_type(cls) for cls in types_of(UNIONS[folder])} - shown == set()


def test_every_example_lies_in_the_folder_of_a_topic() -> None:
    files = {
        path.relative_to(EXAMPLES).as_posix() for path in EXAMPLES.rglob("*") if path.is_file()
    }
    assert files - {example.path for example in all_examples()} == set()


@each_example
def test_example_is_named_after_its_type(example: Example) -> None:
    assert f"{example.name}.".startswith(f"{example.json['type']}.")


@each_example
def test_example_decodes_and_encodes_to_the_same_json(example: Example) -> None:
    event = msgspec.json.decode(example.raw, type=example.events)
    assert event_type(type(event)) == example.json["type"]
    assert json.loads(msgspec.json.encode(event)) == example.json


@each_example
def test_unknown_type_is_refused_by_its_name(example: Example) -> None:
    document = example.json | {"type": "contact.exploded"}
    with pytest.raises(msgspec.ValidationError, match=r"'contact.exploded' - at `\$\.type`"):
        example.decode(document)


@each_example
def test_wrong_shape_is_refused_naming_the_field(example: Example) -> None:
    document, found = _opened(example)
    for place in found:
        for _, key, path in place.fields():
            right = place.json[key]
            place.json[key] = "a word" if isinstance(right, dict | list) else {"an": "object"}
            with pytest.raises(msgspec.ValidationError) as refusal:
                example.decode(document)
            assert f"- at `{path}`" in str(refusal.value)
            place.json[key] = right


@each_example
def test_missing_member_is_refused_by_its_name(example: Example) -> None:
    document, found = _opened(example)
    for place in found:
        for name in place.required():
            value = place.json.pop(name)
            with pytest.raises(msgspec.ValidationError) as refusal:
                example.decode(document)
            assert f"missing required field `{name}`" in str(refusal.value)
            place.json[name] = value


@each_example
def test_member_of_a_later_version_is_ignored(example: Example) -> None:
    document, found = _opened(example)
    known = example.decode(document)
    for place in found:
        if place.strict:
            continue
        if isinstance(place.json, list):
            place.json.append(LATER)
        else:
            place.json[LATER] = {"of": ["any", "shape"]}
    assert example.decode(document) == known


@each_example
def test_only_a_pools_configuration_refuses_unknown_members(example: Example) -> None:
    document, found = _opened(example)
    for place in found:
        if not place.strict:
            continue
        assert type(place.struct).__module__ == PoolConfig.__module__
        place.json[LATER] = 1
        with pytest.raises(msgspec.ValidationError, match=LATER):
            example.decode(document)
        del place.json[LATER]


@pytest.mark.parametrize("topic", [CONTACT_EVENTS, ROUTING_JOURNAL, SETTINGS])
def test_topic_has_no_member_for_personal_data(topic: Any) -> None:
    schemas = msgspec.json.schema_components([topic.events])[1].values()
    named = {name for schema in schemas for name in schema.get("properties", {})}
    assert named & PERSONAL == set()


def _opened(example: Example) -> tuple[Any, list[Place]]:
    document = example.json
    return document, list(places(example.decode(document), document))
