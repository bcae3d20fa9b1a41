"""Finding offers and assignments by their ids."""

import asyncio
from types import SimpleNamespace
from typing import cast

import pytest

from services.kit.auth import Principal
from services.kit.problem import Problem
from services.router.api import work
from services.router.api.context import Context
from tests.unit.router.api.routed import RoutedPublisher
from tests.unit.router.core.world import PARTITION, POOL, World

pytestmark = pytest.mark.anyio


def context_of(publisher: RoutedPublisher) -> Context:
    settings = SimpleNamespace(api_reply_timeout=0.5)
    return cast("Context", SimpleNamespace(replica=publisher.replica, settings=settings))


def principal(subject: str = "anna", tenant: str = "acme", role: str = "agent") -> Principal:
    return Principal(subject, tenant, frozenset({role}))


@pytest.fixture
def world() -> World:
    made = World()
    made.agent("anna")
    made.opened("c1")
    return made


async def test_open_offer_and_past_offer_are_found(world: World) -> None:
    offer = world.offer_of("c1")
    found = await work.find(context_of(RoutedPublisher(world)), principal(), "o", offer)
    assert found == work.Work(PARTITION, POOL, "anna")
    world.accept("c1")
    found = await work.find(context_of(RoutedPublisher(world)), principal(), "o", offer)
    assert found == work.Work(PARTITION, POOL, "anna")


async def test_assignment_is_found_while_it_lives_and_afterwards(world: World) -> None:
    world.accept("c1")
    assignment = world.assignment_of("c1")
    for _ in range(2):
        found = await work.find(context_of(RoutedPublisher(world)), principal(), "a", assignment)
        assert found.agent_id == "anna"
        if world.state("c1") == "assigned":
            world.complete("c1")


async def test_offer_that_the_replica_has_not_heard_of_yet_is_waited_for(world: World) -> None:
    publisher = RoutedPublisher(world)
    world.opened("c2")
    record = world.journal[-1]
    finding = asyncio.create_task(
        work.find(context_of(publisher), principal(), "o", world.offer_of("c2"))
    )
    await asyncio.sleep(0)
    assert not finding.done()
    publisher.take(record)
    publisher.replica._wake()
    assert (await finding).agent_id == "anna"


@pytest.mark.parametrize(
    "name", ["", "o", "o3-1", "a3-4-0", "o99-4-0", "o3-4-9", "x3-4-0", "o-1-2-3"]
)
async def test_what_is_no_offer_is_404(world: World, name: str) -> None:
    with pytest.raises(Problem) as refused:
        await work.find(context_of(RoutedPublisher(world)), principal(), "o", name)
    assert refused.value.status == 404


async def test_anothers_offer_is_403_and_another_companys_404(world: World) -> None:
    context, offer = context_of(RoutedPublisher(world)), world.offer_of("c1")
    for who, status in ((principal("bertil"), 403), (principal(tenant="other"), 404)):
        with pytest.raises(Problem) as refused:
            await work.find(context, who, "o", offer)
        assert refused.value.status == status
    found = await work.find(context, principal("boss", role="supervisor"), "o", offer)
    assert found.agent_id == "anna"
