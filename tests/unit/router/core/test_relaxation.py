"""Point 2 of routing.md: required skills are relaxed in steps after given seconds, and at once
when nobody signed in could ever have them."""

from collections.abc import Iterator
from typing import Any

import pytest

from services.contracts import routing_events as ev
from services.contracts.pool import PoolConfig, QueueConfig, Relaxation, Rule
from services.contracts.routing_events import Classified
from services.router.core.partition import MAX_OFFERS
from services.router.core.relaxation import relaxed
from tests.unit.router.core.world import QUEUES, World, config

LOWER = Relaxation(after=30, lower={"billing": 2})
DROP = Relaxation(after=60, drop=("billing",))
ANYONE = Relaxation(after=120, anyone=True)


def pool(*steps: Relaxation, **more: Any) -> PoolConfig:
    expert = QueueConfig(required={"billing": 4, "voice": 1}, relax=steps, **more)
    rules = (Rule(queue="expert", when={"topic": "billing"}),)
    return config(queues={**QUEUES, "expert": expert}, rules=rules)


@pytest.fixture
def world() -> Iterator[World]:
    world = World(pool(LOWER, DROP, ANYONE))
    yield world
    assert world.replayed().fingerprint() == world.partition.fingerprint()


def busy_expert(world: World) -> None:
    """Somebody able is signed in, and does nothing but a call."""
    world.agent("expert", billing=5, voice=5)
    world.opened("call", "phone")
    world.accept("call")


def relaxations(world: World) -> list[tuple[str, int, str]]:
    return [
        (event.contact, event.step, event.reason)
        for event in world.all_events()
        if isinstance(event, ev.ContactRelaxed)
    ]


# By time


def test_contact_asks_for_less_after_each_steps_seconds(world: World) -> None:
    busy_expert(world)
    world.opened("c1", topic="billing")
    asked = []
    for seconds in (29.999, 0.001, 30, 59.999, 0.001):
        world.wait(seconds)
        asked.append(world.contact("c1")["required"])
    assert asked == [
        {"billing": 4, "voice": 1},
        {"billing": 2, "voice": 1},
        {"voice": 1},
        {"voice": 1},
        {},
    ]


def test_step_reaches_the_agents_who_were_not_able_before(world: World) -> None:
    busy_expert(world)
    world.agent("beginner", billing=2, voice=1)
    world.opened("c1", topic="billing")
    assert world.state("c1") == "queued"
    world.wait(30)
    assert world.agent_of("c1") == "beginner"


def test_what_was_required_stays_preferred(world: World) -> None:
    busy_expert(world)
    world.agent("anna", voice=1)
    world.opened("block", "phone")
    world.accept("block")
    world.agent("ben", billing=4)
    world.opened("c1", topic="billing")
    world.wait(121)
    assert world.agent_of("c1") == "ben"
    assert world.contact("c1")["preferred"] == {"billing": 4, "voice": 1}


def test_wait_counts_from_when_the_customer_came(world: World) -> None:
    busy_expert(world)
    world.opened("c1", topic="billing", opened_at=world.now - 45_000)
    assert world.contact("c1")["required"] == {"billing": 2, "voice": 1}
    world.wait(15)
    assert world.contact("c1")["required"] == {"voice": 1}


def test_contact_in_hand_is_not_relaxed_and_an_agent_lost_starts_the_steps_anew(
    world: World,
) -> None:
    world.agent("expert", billing=5, voice=5)
    world.agent("other", billing=4, voice=4)
    world.opened("c1", topic="billing")
    world.accept("c1")
    mine = world.agent_of("c1")
    busy = "other" if mine == "expert" else "expert"
    world.opened("call", "phone")
    world.accept("call", busy)
    world.wait(300)
    world.disconnect(mine)
    world.wait(61)
    assert world.contact("c1")["required"] == {"billing": 4, "voice": 1}
    world.wait(30)
    assert world.contact("c1")["required"] == {"billing": 2, "voice": 1}


def test_relaxed_contact_stays_relaxed_when_an_offer_fails(world: World) -> None:
    busy_expert(world)
    world.agent("beginner", billing=2, voice=1)
    world.opened("c1", topic="billing")
    world.wait(30)
    world.decline("c1")
    world.presence("beginner", "break")
    assert world.state("c1") == "queued"
    assert world.contact("c1")["required"] == {"billing": 2, "voice": 1}
    world.wait(30)
    assert world.contact("c1")["required"] == {"voice": 1}


# At once


def test_requirement_that_nobody_signed_in_has_is_relaxed_at_once(world: World) -> None:
    world.agent("anna", voice=3)
    world.opened("c1", topic="billing")
    assert world.kinds() == ["contact.queued", "contact.relaxed", "offer.made"]
    assert relaxations(world) == [("c1", 2, "nobody_able")]


def test_first_step_that_somebody_can_do_is_taken_and_no_more(world: World) -> None:
    world.agent("anna", billing=3, voice=3)
    world.presence("anna", "break")
    world.agent("ben")
    world.opened("c1", topic="billing")
    assert relaxations(world) == [("c1", 1, "nobody_able")]
    assert world.state("c1") == "queued"


def test_somebody_on_a_break_is_waited_for(world: World) -> None:
    world.agent("expert", billing=5, voice=5)
    world.presence("expert", "break")
    world.agent("anna")
    world.opened("c1", topic="billing")
    assert relaxations(world) == []


def test_somebody_whose_own_limit_for_the_channel_is_none_could_never_take_it(
    world: World,
) -> None:
    world.agent("writer", billing=5, voice=5)
    world.upsert("writer", {"billing": 5, "voice": 5}, {"chat": 0})
    world.agent("anna")
    world.opened("c1", topic="billing")
    assert world.agent_of("c1") == "anna"
    world.opened("c2", "email", topic="billing")
    assert world.agent_of("c2") == "writer"


def test_without_anybody_signed_in_the_steps_keep_their_times(world: World) -> None:
    world.opened("c1", topic="billing")
    assert relaxations(world) == []
    world.wait(30)
    assert relaxations(world) == [("c1", 1, "waited")]


@pytest.mark.parametrize("how", ["offline", "connection", "skills", "limit"])
def test_waiting_contacts_are_looked_at_again_when_the_last_able_agent_leaves(
    world: World, how: str
) -> None:
    busy_expert(world)
    world.agent("anna")
    world.opened("c1", topic="billing")
    world.opened("c2", topic="billing")
    assert relaxations(world) == []
    if how == "offline":
        world.presence("expert", "offline")
    elif how == "skills":
        world.upsert("expert", {"billing": 3})
    elif how == "limit":
        world.upsert("expert", {"billing": 5, "voice": 5}, {"chat": 0})
    else:
        world.disconnect("expert")
        world.wait(9)
        assert relaxations(world) == [], "within the grace time the agent counts"
        world.wait(1)
    assert {world.agent_of("c1"), world.agent_of("c2")} == {"anna"}
    assert relaxations(world) == [("c1", 3, "nobody_able"), ("c2", 3, "nobody_able")]


def test_contact_that_no_step_helped_is_looked_at_when_somebody_signs_in(world: World) -> None:
    world.opened("c1", topic="billing")
    world.agent("anna", voice=1)
    assert world.agent_of("c1") == "anna"


def test_last_step_may_be_never() -> None:
    world = World(pool(LOWER))
    world.agent("anna")
    world.opened("c1", topic="billing")
    world.wait(10_000)
    assert world.state("c1") == "queued"
    assert world.contact("c1")["required"] == {"billing": 2, "voice": 1}


def test_flood_is_relaxed_in_portions_and_a_new_owner_goes_on(world: World) -> None:
    busy_expert(world)
    world.agent("anna")
    for number in range(MAX_OFFERS + 20):
        world.opened(f"c{number}", topic="billing")
    world.presence("expert", "offline")
    assert world.kinds().count("contact.relaxed") == MAX_OFFERS
    assert world.partition.next_due() == world.partition.at
    world.partition = world.replayed()
    world.tick(renew=True)
    assert world.kinds().count("contact.relaxed") == 20


# Under another configuration


def test_new_configuration_keeps_the_steps_that_were_taken(world: World) -> None:
    busy_expert(world)
    world.opened("c1", topic="billing")
    world.wait(60)
    world.configure(pool(Relaxation(after=30, lower={"billing": 3}), DROP, ANYONE))
    assert world.contact("c1")["required"] == {"voice": 1}
    world.configure(pool(Relaxation(after=30, lower={"billing": 3})))
    assert world.contact("c1")["required"] == {"billing": 3, "voice": 1}
    world.configure(pool())
    assert world.contact("c1")["required"] == {"billing": 4, "voice": 1}


def test_times_follow_a_new_configuration(world: World) -> None:
    busy_expert(world)
    world.opened("c1", topic="billing")
    world.configure(pool(Relaxation(after=5, anyone=True)))
    world.wait(4)
    assert world.contact("c1")["required"] != {}
    world.wait(1)
    assert world.contact("c1")["required"] == {}


# The steps themselves


def test_steps_add_up_in_their_order() -> None:
    asked = Classified(queue="q", priority=5, required={"a": 4, "b": 2}, preferred={"b": 5})
    assert relaxed(asked, (LOWER,)).required == asked.required, "billing was not asked for"
    down = relaxed(asked, (Relaxation(after=1, lower={"a": 2}), Relaxation(after=2, drop=("b",))))
    assert (down.required, down.preferred, down.step) == ({"a": 2}, {"a": 4, "b": 5}, 2)
    assert relaxed(down, (Relaxation(after=3, lower={"a": 3}),)).required == {"a": 2}
    nobody = relaxed(down, (ANYONE,))
    assert (nobody.required, nobody.preferred) == ({}, {"a": 4, "b": 5})
