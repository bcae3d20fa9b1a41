"""The JSON Schema of a pool's file, by which editors complete and check it."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from jsonschema import Draft7Validator

from services.contracts import pool
from services.contracts.pool_schema import document, text

ROOT = Path(__file__).resolve().parents[2]
COMMITTED = ROOT / "docs" / "pool.schema.json"
DEMO = ROOT / "demo" / "kaarna.yaml"


@pytest.fixture(scope="module")
def validator() -> Draft7Validator:
    Draft7Validator.check_schema(document())
    return Draft7Validator(document())


@pytest.fixture
def demo() -> Any:
    # Editors read dates as texts; so does the platform.
    return yaml.load(DEMO.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)


def test_committed_schema_is_what_the_structs_say() -> None:
    remedy = "run `python -m services.contracts.pool_schema > docs/pool.schema.json`"
    assert COMMITTED.read_text(encoding="utf-8") == text(), remedy


def test_every_property_of_every_struct_is_in_it() -> None:
    definitions = document()["definitions"]
    for name in ("PoolConfig", "QueueConfig", "ChannelConfig", "CalendarConfig", "Instead"):
        struct = next(cls for cls in _structs() if cls.__name__ == name)
        assert list(definitions[name]["properties"]) == list(struct.__struct_fields__)


def test_examples_of_configurations_are_valid(validator: Draft7Validator) -> None:
    examples = ROOT / "services" / "contracts" / "examples"
    found = [
        json.loads(path.read_bytes())["data"]["config"]
        for path in sorted(examples.glob("contact-events/pool.configure*.json"))
    ]
    assert found
    for config in found:
        assert [error.message for error in validator.iter_errors(config)] == []


def test_misspelt_name_and_wrong_value_are_refused_with_their_place(
    validator: Draft7Validator,
) -> None:
    config = {
        "pool": "a/b",
        "partition": 0,
        "channels": {"chat": {"cost": 300}},
        "queues": {"q": {"max_weight": 3}},
        "fallback_queue": "q",
    }
    places = {tuple(error.path) for error in validator.iter_errors(config)}
    assert places == {("channels", "chat", "cost"), ("queues", "q")}


def test_property_says_what_the_docstring_says_of_it() -> None:
    queue = document()["definitions"]["QueueConfig"]["properties"]
    assert "goes the way of `overflow`" in queue["max_wait"]["description"]
    assert "goes the way of `closed`" in queue["calendar"]["description"]
    assert queue["overflow"]["allOf"] == [{"$ref": "#/definitions/Instead"}]


def test_demo_pool_names_the_schema_and_has_no_unknown_names(demo: Any) -> None:
    first = DEMO.read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=../docs/pool.schema.json"
    assert (DEMO.parent / first.partition("=")[2]).resolve() == COMMITTED
    queues = document()["definitions"]["QueueConfig"]["properties"]
    assert all(set(queue) <= set(queues) for queue in demo["queues"].values())


def _structs() -> list[type[msgspec.Struct]]:
    return [
        one
        for one in vars(pool).values()
        if isinstance(one, type) and issubclass(one, msgspec.Struct)
    ]
