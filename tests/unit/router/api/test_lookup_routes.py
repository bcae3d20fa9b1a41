"""What the look-ups answer, and whom."""

from pathlib import Path

import pytest

from services.router.core import forecasts
from tests.unit.router.api.door import Door
from tests.unit.router.core.world import POOL, World

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
