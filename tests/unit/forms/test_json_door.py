"""The JSON door: for programs, with the same checks as the pages."""

import json
from typing import Any

import httpx
import pytest

from services.contracts.topics import CONTACT_EVENTS
from services.kit.case_number import case_number
from tests.unit.forms.helpers import FILLED_IN, Desk

pytestmark = pytest.mark.anyio
DOOR = "/v1/forms/kaarna/service/car-service"


async def post(
    desk: Desk,
    fields: dict[str, Any],
    *,
    key: str = "6f1c9f0e",
    language: str = "en",
    path: str = DOOR,
) -> httpx.Response:
    """Knock."""
    headers = {"Idempotency-Key": key} if key else {}
    async with desk.client() as client:
        return await client.post(
            path, json={"language": language, "fields": fields}, headers=headers
        )


async def test_accepted_form_is_a_contact_with_a_case_number(desk: Desk) -> None:
    answer = await post(desk, FILLED_IN | {"mileage": 123000, "email": None})
    assert answer.status_code == 202
    contact = desk.contacts[0].data
    assert answer.json() == {
        "case": case_number(contact.contact_id),
        "contact_id": contact.contact_id,
        "conversation_id": contact.conversation_id,
    }
    assert (contact.channel, contact.language, contact.fields) == (
        "form",
        "en",
        {"answer_by": "phone"},
    )


async def test_same_key_with_the_same_contents_is_the_same_contact(desk: Desk) -> None:
    first, second = await post(desk, FILLED_IN), await post(desk, FILLED_IN)
    assert first.json() == second.json()
    assert len({contact.data.contact_id for contact in desk.contacts}) == 1


async def test_another_key_or_other_contents_are_another_contact(desk: Desk) -> None:
    answers = [
        await post(desk, FILLED_IN),
        await post(desk, FILLED_IN, key="other"),
        await post(desk, FILLED_IN | {"name": "Matti"}),
        await post(desk, FILLED_IN, language="fi"),
    ]
    assert len({answer.json()["contact_id"] for answer in answers}) == 4


@pytest.mark.parametrize(
    ("language", "message"),
    [
        ("fi", "Kirjoita nimesi."),
        ("sv", "Skriv ditt namn."),
        ("en", "Enter your name."),
    ],
)
async def test_problem_names_every_field_in_the_language_asked_for(
    desk: Desk, language: str, message: str
) -> None:
    answer = await post(desk, FILLED_IN | {"name": "", "phone": "12"}, language=language)
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    errors = answer.json()["errors"]
    assert {"field": "name", "message": message} in errors
    assert [error["field"] for error in errors] == ["name", "phone"]
    assert not desk.publisher.written


async def test_field_that_the_form_has_not_is_named(desk: Desk) -> None:
    answer = await post(desk, FILLED_IN | {"colour": "red"})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["colour"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"language": "de", "fields": {}}, "language"),
        ({"fields": {}}, "language"),
        ({"language": "fi"}, "fields"),
        ({"language": "fi", "fields": {"name": True}}, "fields.name"),
        ({"language": "fi", "fields": {}, "more": 1}, "more"),
        ({"language": "fi", "fields": {f"f{n}": "" for n in range(101)}}, "fields"),
    ],
)
async def test_body_of_the_wrong_shape_is_a_problem_that_names_the_field(
    desk: Desk, body: dict[str, Any], field: str
) -> None:
    async with desk.client() as client:
        answer = await client.post(DOOR, json=body, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 422
    assert field in {error["field"].removesuffix(".str") for error in answer.json()["errors"]}


async def test_text_that_no_text_can_hold_is_no_error_of_ours(desk: Desk) -> None:
    async with desk.client() as client:
        answer = await client.post(
            DOOR,
            content=b'{"language":"fi","fields":{"name":"\\ud800"}}',
            headers={"Idempotency-Key": "k", "Content-Type": "application/json"},
        )
    assert answer.status_code == 422


async def test_key_is_needed(desk: Desk) -> None:
    answer = await post(desk, FILLED_IN, key="")
    assert answer.status_code == 422
    assert "Idempotency-Key" in answer.json()["errors"][0]["field"]
    assert not desk.publisher.written


@pytest.mark.parametrize(
    "path", ["/v1/forms/kaarna/service/nothing", "/v1/forms/kaarna/nobody/car-service"]
)
async def test_unknown_pool_or_form_is_a_problem(desk: Desk, path: str) -> None:
    answer = await post(desk, FILLED_IN, path=path)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"


async def test_not_durable_is_503_and_safe_to_send_again(desk: Desk) -> None:
    desk.publisher.away, desk.publisher.unknown = {CONTACT_EVENTS.name}, True
    answer = await post(desk, FILLED_IN)
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
    assert answer.json()["outcome_unknown"] is True
    desk.publisher.away = set()
    again = await post(desk, FILLED_IN)
    assert again.status_code == 202
    assert {c.data.contact_id for c in desk.contacts} == {again.json()["contact_id"]}


async def test_pools_not_known_yet_is_503(desk: Desk) -> None:
    desk.pools.pools = None
    answer = await post(desk, FILLED_IN)
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers


@pytest.mark.parametrize(
    ("fields", "key", "language"),
    [
        (FILLED_IN, "k", "en"),
        (FILLED_IN | {"mileage": 123000}, "k", "fi"),
        (FILLED_IN | {"mileage": True}, "k", "en"),
        (FILLED_IN | {"mileage": 1.5}, "k", "en"),
        (FILLED_IN | {"x" * 101: "y"}, "k", "en"),
        ({f"field-{n}": "x" for n in range(101)}, "k", "en"),
        (FILLED_IN | {"unknown": "x"}, "k", "en"),
        (FILLED_IN, "", "en"),
        (FILLED_IN, "k" * 201, "en"),
        (FILLED_IN, "k", "xx"),
        ({}, "k", "en"),
    ],
)
async def test_quick_way_and_the_frameworks_answer_the_same(
    desk: Desk, fields: dict[str, Any], key: str, language: str
) -> None:
    """A header sent twice takes the framework's way."""
    headers = [("Content-Type", "application/json"), *([("Idempotency-Key", key)] if key else [])]
    content = json.dumps({"language": language, "fields": fields})
    async with desk.client() as client:
        quick = await client.post(DOOR, content=content, headers=headers)
        twice = [*headers, ("X-Twice", "1"), ("X-Twice", "2")]
        slow = await client.post(DOOR, content=content, headers=twice)
    assert (quick.status_code, quick.json()) == (slow.status_code, slow.json())
    assert quick.headers["content-type"] == slow.headers["content-type"]
