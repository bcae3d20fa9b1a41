"""Point 8 of routing.md: a returning customer gets the agent who served them last, for a limited
time, then anyone. A reply to a closed case goes the same way."""

from collections.abc import Iterator
from typing import Any

import pytest

from services.contracts.pool import PoolConfig, QueueConfig
from services.router.core import apply_work, partition
from services.router.core.queries import queue_views
from tests.unit.router.core.world import POOL, QUEUES, World, config

HOLD = 30


def pool(hold: float = HOLD, **more: Any) -> PoolConfig:
    general = QueueConfig(preferred_agent=hold)
    return config(queues={**QUEUES, "general": general}, **more)


@pytest.fixture
def world() -> Iterator[World]:
    """Two agents, both free; `anna` has served the customer `x1`, and is on a call."""
    world = World(pool())
    world.agent("anna")
    world.opened("before", customer="x1")
    world.accept("before")
    world.complete("before")
    world.opened("call", "phone")
    world.accept("call")
    world.agent("ben")
    yield world
    assert world.replayed().fingerprint() == world.partition.fingerprint()


def test_returning_customer_waits_for_the_agent_they_know(world: World) -> None:
    world.opened("c1", customer="x1")
    assert world.contact("c1")["preferred_agent_id"] == "anna"
    assert world.state("c1") == "queued"
    world.wait(5)
    world.complete("call")
    assert world.agent_of("c1") == "anna"


def test_after_a_limited_time_anybody_may_have_them(world: World) -> None:
    world.opened("c1", customer="x1")
    world.wait(HOLD - 0.001)
    assert world.state("c1") == "queued"
    world.wait(0.001)
    assert world.agent_of("c1") == "ben"


def test_agent_they_know_is_asked_first_when_free(world: World) -> None:
    world.wait(1)
    world.complete("call")
    world.opened("c0")
    assert world.agent_of("c0") == "ben", "the longest idle"
    world.cancel("c0")
    world.opened("c1", customer="x1")
    assert world.agent_of("c1") == "anna"


def test_other_customers_do_not_wait(world: World) -> None:
    world.opened("c1", customer="x2")
    assert world.agent_of("c1") == "ben"
    world.opened("c2")
    assert world.agent_of("c2") == "ben"


def test_the_channel_may_name_the_agent(world: World) -> None:
    world.complete("call")
    world.opened("c1", customer="x1", preferred_agent="ben")
    assert world.agent_of("c1") == "ben"


@pytest.mark.parametrize("how", ["break", "offline", "connection", "gateway", "skills"])
def test_when_the_agent_leaves_anybody_may_have_them_at_once(world: World, how: str) -> None:
    world.opened("c1", customer="x1", language="de")
    world.upsert("ben", {"de": 1})
    assert world.agent_of("c1") == "ben", "anna speaks no German: she is not waited for"
    world.opened("c2", customer="x1")
    assert world.state("c2") == "queued"
    if how == "connection":
        world.disconnect("anna")
    elif how == "gateway":
        world.connect("ben", "s2", gateway="g2")
        for _ in range(100):
            world.heartbeat("g2", period=60.0)
            world.now += 1_000
            world.tick()
            if world.state("c2") != "queued":
                break
    elif how == "skills":
        world.upsert("anna", {}, {"chat": 0})
    else:
        world.presence("anna", how)
    assert world.agent_of("c2") == "ben"


def test_a_closed_and_reopened_case_goes_to_whoever_is_there(world: World) -> None:
    world.presence("anna", "offline")
    world.opened("c1", customer="x1")
    assert world.agent_of("c1") == "ben"
    world.accept("c1")
    world.complete("c1")
    world.presence("anna", "available")
    world.complete("call")
    world.wait(600)
    world.opened("c2", customer="x1")
    assert world.agent_of("c2") == "ben", "who served them last, and is there"
    world.accept("c2")
    world.complete("c2")
    world.disconnect("ben")
    world.opened("c3", customer="x1")
    assert world.agent_of("c3") == "anna"


def test_a_reply_to_a_closed_case_goes_to_who_answered_it(world: World) -> None:
    world.presence("ben", "break")
    world.complete("call")
    world.opened("mail", "email", conversation_id="case-7")
    world.accept("mail")
    world.complete("mail")
    world.presence("ben", "available")
    world.opened("call", "phone")
    world.wait(3600)
    world.opened("reply", "email", conversation_id="case-7")
    assert world.contact("reply")["preferred_agent_id"] == "anna"
    assert world.agent_of("reply") == "anna"


def test_agent_who_declined_is_not_waited_for(world: World) -> None:
    world.complete("call")
    world.opened("c1", customer="x1")
    world.decline("c1")
    assert world.agent_of("c1") == "ben"


def test_of_those_who_wait_for_one_agent_the_older_comes_first(world: World) -> None:
    world.opened("c2", customer="x1", opened_at=world.now - 1_000)
    world.opened("c1", customer="x1", opened_at=world.now - 2_000)
    world.opened("c3", customer="x1", tier="gold")
    world.complete("call")
    assert [c for c in ("c1", "c2", "c3") if world.agent_of(c) == "anna"] == ["c1", "c2"]
    assert world.agent_of("c3") == "ben", "its queue does not wait for anybody"


def test_held_contacts_come_before_those_who_wait_for_anybody(world: World) -> None:
    world.presence("ben", "break")
    world.opened("anybody", "phone")
    world.wait(1)
    world.opened("c1", customer="x1")
    world.complete("call")
    assert world.agent_of("c1") == "anna"
    assert world.state("anybody") == "queued"


def test_waiting_customer_is_counted_and_seen_in_the_queue(world: World) -> None:
    world.opened("c1", customer="x1", opened_at=world.now - 3_000)
    view = next(v for v in queue_views(world.partition, POOL) if v["queue"] == "general")
    assert (view["waiting"], view["longest_wait_since"]) == (1, world.now - 3_000)
    assert world.contact("c1")["held_until"] == world.now - 3_000 + HOLD * 1_000


def test_customer_who_leaves_is_waited_for_no_more(world: World) -> None:
    world.opened("c1", customer="x1")
    world.ended("c1")
    world.complete("call")
    world.wait(HOLD)
    assert world.state("c1") == "withdrawn"


def test_configuration_without_the_time_releases_at_once(world: World) -> None:
    world.opened("c1", customer="x1")
    world.configure(pool(hold=0))
    assert world.agent_of("c1") == "ben"


def test_new_owner_looks_at_held_contacts_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partition, "MAX_OFFERS", 1)
    world.opened("c1", customer="x1")
    world.opened("c2", customer="x1")
    world.complete("call")
    assert (world.agent_of("c1"), world.state("c2")) == ("anna", "queued"), "no more in one step"
    world.partition = world.replayed()
    world.tick(renew=True)
    assert world.agent_of("c2") == "anna"


def test_newest_customers_are_remembered_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apply_work, "KEEP_SERVED", 2)
    world = World(pool())
    world.agent("anna")
    for number, customer in enumerate(("x1", "x2", "x1", "x3")):
        world.opened(f"c{number}", customer=customer)
        world.accept(f"c{number}")
        world.complete(f"c{number}")
    assert world.partition.pools[POOL].served == {"x1": "anna", "x3": "anna"}
