"""Callbacks and appointments: contacts that people and programs open."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from services.contracts.contact_events import ContactOpened
from services.contracts.pool import Rule
from services.kit.auth import Role
from tests.unit.router.api.door import Door
from tests.unit.router.core.world import POOL, START, World, config

pytestmark = pytest.mark.anyio
URL = f"/v1/contacts/{POOL}"
LATER = START + 86_400_000
CALLBACK = {
    "conversation_id": "v1",
    "channel": "phone",
    "topic": "billing",
    "language": "de",
    "not_before": LATER,
    "due_at": LATER + 1_800_000,
    "preferred_agent": "ann",
    "customer": "k1",
}


@pytest.fixture
def door(tmp_path: Path) -> Door:
    world = World(config(rules=(Rule(queue="urgent", when={"field.car": "yes"}),)))
    world.upsert("ann", {"de": 3})
    return Door(world, tmp_path)


async def opened(
    door: Door, body: Any, role: Role = "agent", *, key: str = "", tenant: str = "acme"
) -> httpx.Response:
    async with door.client("ann", role, tenant=tenant) as client:
        headers = {"Idempotency-Key": key} if key else {}
        return await client.post(URL, json=body, headers=headers)


@pytest.mark.parametrize("role", ["agent", "supervisor", "administrator", "integration"])
async def test_callback_reaches_the_router_with_its_window(door: Door, role: Role) -> None:
    answer = await opened(door, CALLBACK, role)
    assert answer.status_code == 201
    view = answer.json()
    assert view["conversation_id"] == "v1"
    assert answer.headers["Location"] == f"{URL}/{view['contact_id']}"
    assert door.world.contact(view["contact_id"])["channel"] == "phone"
    [data] = door.sent(ContactOpened)
    assert data == {
        "pool": POOL,
        "contact_id": view["contact_id"],
        "opened_at": door.world.now,
        **CALLBACK,
    }


async def test_same_key_is_the_same_contact(door: Door) -> None:
    first = await opened(door, CALLBACK, key="k")
    again = await opened(door, CALLBACK, key="k")
    other = await opened(door, CALLBACK, key="l")
    assert first.json() == again.json()
    assert first.json()["contact_id"] != other.json()["contact_id"]
    assert len(door.world.partition.pools[POOL].contacts) == 2


async def test_id_that_the_caller_gives_is_the_contacts(door: Door) -> None:
    for _ in range(2):
        answer = await opened(door, {**CALLBACK, "contact_id": "c7"})
        assert (answer.status_code, answer.json()["contact_id"]) == (201, "c7")
    assert len(door.world.partition.pools[POOL].contacts) == 1


async def test_field_that_a_rule_reads_may_come_and_no_other(door: Door) -> None:
    answer = await opened(door, {**CALLBACK, "fields": {"car": "yes"}})
    assert answer.json()["queue"] == "urgent"
    answer = await opened(door, {**CALLBACK, "fields": {"name": "Anna Ek"}})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["fields.name"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"channel": "telex"}, "channel"),
        ({"preferred_agent": "nobody"}, "preferred_agent"),
        ({"due_at": LATER - 1}, "body"),
        ({"conversation_id": ""}, "conversation_id"),
        ({"opened_at": 5}, "opened_at"),
        ({"not_before": -1}, "not_before"),
    ],
)
async def test_what_cannot_be_is_refused_by_name(
    door: Door, change: dict[str, Any], field: str
) -> None:
    answer = await opened(door, {**CALLBACK, **change})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert door.publisher.written == []


async def test_who_may_not_opens_nothing(door: Door) -> None:
    assert (await opened(door, CALLBACK, "auditor")).status_code == 403
    assert (await opened(door, CALLBACK, "supervisor", tenant="other")).status_code == 403
    assert door.publisher.written == []


async def test_while_the_router_is_away_it_is_202_and_not_lost(door: Door) -> None:
    door.publisher.asleep = True
    answer = await opened(door, CALLBACK, key="k")
    assert (answer.status_code, answer.json()["state"]) == (202, "pending")
    door.publisher.wake()
    async with door.client("boss", "supervisor") as client:
        assert (await client.get(answer.headers["Location"])).status_code == 200


async def test_while_kafka_is_away_it_is_503(door: Door) -> None:
    door.publisher.away = {"contact-events"}
    answer = await opened(door, CALLBACK)
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
