"""What the look-ups answer, and whom."""

from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from services.contracts.pool import Rule
from services.kit.auth import Role
from services.router.api import examples
from services.router.core import forecasts
from tests.unit.router.api.door import Door
from tests.unit.router.core.world import POOL, RULES, World, config

pytestmark = pytest.mark.anyio


@pytest.fixture
def world() -> World:
    return World()


async def test_position_is_a_place_with_a_wait_or_says_that_it_is_unknown(
    world: World, tmp_path: Path
) -> None:
    for contact in ("c1", "c2"):
        world.opened(contact)
    door = Door(world, tmp_path)
    async with door.client("wall", "integration") as client:
        answer = await client.get(f"/v1/contacts/{POOL}/c2/position")
        assert answer.status_code == 200
        found = answer.json()
        assert (found["position"], found["waiting"], found["expected_wait"]) == (2, 2, "unknown")
        world.cancel("c1")
        door.publisher.take(world.journal[-1])
        assert (await client.get(f"/v1/contacts/{POOL}/c2/position")).json()["position"] == 1
        gone = await client.get(f"/v1/contacts/{POOL}/c1/position")
        assert (gone.status_code, gone.json()["contact_state"]) == (409, "withdrawn")


async def test_expected_wait_is_what_is_left_of_it(world: World, tmp_path: Path) -> None:
    world.agent("anna")
    for number in range(43):
        world.opened(f"c{number:02}", "phone")
        if number > 2:
            world.accept(f"c{number - 3:02}")
            world.wait(60)
            world.complete(f"c{number - 3:02}")
    door = Door(world, tmp_path)
    async with door.client("wall", "supervisor") as client:
        answer = await client.get(f"/v1/contacts/{POOL}/c42/position")
    found = answer.json()
    assert (found["position"], found["waiting"]) == (2, 2)
    pool = world.partition.pools[POOL]
    whole = forecasts.of_contact(pool, pool.contacts["c42"], world.now)
    assert whole is not None
    waited = world.now - found["waiting_since"]
    assert waited == 60_000
    assert found["expected_wait"] == {
        "median": whole.median - waited,
        "p50": [whole.half[0] - waited, whole.half[1] - waited],
        "p90": [whole.most[0] - waited, whole.most[1] - waited],
    }
    assert 0 < whole.median - waited < 600_000


async def classify(door: Door, body: Any, role: Role = "supervisor") -> httpx.Response:
    async with door.client("boss", role) as client:
        return await client.post(f"/v1/pools/{POOL}:classify", json=body)


async def test_dry_run_of_the_pool_as_it_is(world: World, tmp_path: Path) -> None:
    world.agent("ann", billing=3)
    door = Door(world, tmp_path)
    answer = await classify(door, {"contact": {"channel": "chat", "topic": "billing"}})
    assert answer.status_code == 200
    found = answer.json()
    assert (found["queue"], found["rule"], found["version"]) == ("billing", 2, 1)
    assert (found["draft"], found["agents"]["free"], found["open"]) == (False, 1, True)
    assert found["at"] == world.now
    assert door.publisher.written == []


@pytest.mark.parametrize("as_text", [True, False])
async def test_dry_run_of_a_configuration_that_is_not_applied(
    world: World, tmp_path: Path, as_text: bool
) -> None:
    door = Door(world, tmp_path)
    draft = msgspec.to_builtins(config(rules=(Rule(queue="urgent"), *RULES)))
    given = msgspec.yaml.encode(draft).decode() if as_text else draft
    answer = await classify(door, {"contact": {"channel": "chat"}, "config": given, "at": 5})
    found = answer.json()
    assert (found["queue"], found["draft"], found["at"]) == ("urgent", True, 5)
    assert world.partition.pools[POOL].version == 1


async def test_dry_run_of_a_pool_that_is_not_there_yet(world: World, tmp_path: Path) -> None:
    door = Door(world, tmp_path)
    draft = msgspec.to_builtins(config(pool="acme/new"))
    async with door.client("boss", "administrator") as client:
        url = "/v1/pools/acme/new:classify"
        given = {"contact": {"channel": "chat"}, "config": draft}
        found = (await client.post(url, json=given)).json()
        assert (found["queue"], found["version"], found["agents"]["able"]) == ("general", 0, 0)
        del given["config"]
        assert (await client.post(url, json=given)).status_code == 404


async def test_mistakes_of_a_draft_are_named_with_their_lines(world: World, tmp_path: Path) -> None:
    door = Door(world, tmp_path)
    answer = await classify(door, {"contact": {"channel": "chat"}, "config": f"pool: {POOL}\n"})
    assert answer.status_code == 422
    assert {error["line"] for error in answer.json()["errors"]} == {1}
    other = msgspec.to_builtins(config(pool="acme/other"))
    answer = await classify(door, {"contact": {"channel": "chat"}, "config": other})
    assert [error["field"] for error in answer.json()["errors"]] == ["pool"]


@pytest.mark.parametrize("role", ["agent", "integration"])
async def test_rules_are_tried_by_who_may_read_them(
    world: World, tmp_path: Path, role: Role
) -> None:
    answer = await classify(Door(world, tmp_path), {"contact": {"channel": "chat"}}, role)
    assert answer.status_code == 403


async def test_examples_of_the_document_are_what_is_answered(world: World, tmp_path: Path) -> None:
    world.agent("ann")
    world.opened("c1")
    world.accept("c1")
    world.opened("c2")
    world.opened("w1", topic="billing")
    door = Door(world, tmp_path)
    dry_run = {"contact": {"channel": "chat", "topic": "billing"}}
    async with door.client("boss", "supervisor") as client:
        for path, example in (
            (f"/v1/agents/{POOL}/ann", examples.AGENT),
            (f"/v1/contacts/{POOL}/c2", examples.CONTACT),
            (f"/v1/contacts/{POOL}/w1/position", examples.POSITION),
            (f"/v1/contacts/{POOL}/c2/explain", examples.EXPLANATION),
            (f"/v1/queues/{POOL}", examples.QUEUES),
        ):
            alike(example, (await client.get(path)).json(), path)
        answer = await client.post(f"/v1/pools/{POOL}:classify", json=dry_run)
        alike(examples.DRY_RUN, answer.json(), "classify")


FREE = {"skills", "limits", "required", "preferred", "fields", "terms", "why", "expected_wait"}
"""Members whose keys are the pool's own."""


def alike(example: Any, real: Any, where: str) -> None:
    """The same keys, at every depth; of lists the first elements."""
    if isinstance(example, dict) and isinstance(real, dict):
        assert example.keys() == real.keys(), where
        for key in example.keys() - FREE:
            alike(example[key], real[key], f"{where}.{key}")
    elif isinstance(example, list) and isinstance(real, list) and example and real:
        alike(example[0], real[0], where)
