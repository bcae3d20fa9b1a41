"""The OpenAPI document: every route says what it does, with examples and its problems."""

from pathlib import Path
from typing import Any

import pytest

from services.router.api import shapes
from services.router.api.app import create_app
from services.router.api.settings import ApiSettings
from services.router.pool_file import parse


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    data: Path = tmp_path_factory.mktemp("data")
    return create_app(ApiSettings(environment="development", data=data)).openapi()


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if not path.startswith("/v1/dev/")
    ]


def test_every_route_has_a_summary_an_example_and_its_problems(document: dict[str, Any]) -> None:
    found = operations(document)
    assert len(found) == 25
    for name, operation in found:
        assert operation["summary"], name
        assert operation["security"], name
        answers = operation["responses"]
        done = answers.get("200") or answers["201"]
        assert done["content"]["application/json"]["example"], name
        for status in ("401", "422", "503"):
            assert "application/problem+json" in answers[status]["content"], (name, status)


def test_every_body_has_examples_that_it_accepts(document: dict[str, Any]) -> None:
    names = [name for name in document["components"]["schemas"] if name.endswith("Body")]
    assert len(names) >= 10
    for name in names:
        examples = document["components"]["schemas"][name]["examples"]
        assert examples, name
        for example in examples:
            getattr(shapes, name).model_validate(example)


def test_commands_say_that_they_may_answer_202(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        if name.startswith(("put", "post")) and not name.endswith(":classify"):
            assert "202" in operation["responses"], name


def test_example_of_a_pool_is_valid(document: dict[str, Any]) -> None:
    put = document["paths"]["/v1/pools/{tenant}/{pool}"]["put"]
    text = put["requestBody"]["content"]["application/yaml"]["example"]
    assert parse(text, partitions=6).pool == "kaarna/service"


def test_every_route_stands_in_the_readme(document: dict[str, Any]) -> None:
    table = Path("services/router/api/README.md").read_text()
    for name, _ in operations(document):
        method, path = name.split()
        verb = path.rpartition(":")[2] if ":" in path else path.rpartition("/")[2]
        assert verb.startswith("{") or f"{verb}`" in table, name
        assert f"`{method.upper()} /v1/{path.split('/')[2]}" in table, name
