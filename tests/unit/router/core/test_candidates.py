"""Who could take a contact, said agent by agent, is what the engine's bits say."""

import random
from collections import Counter
from typing import Any

import msgspec

from services.contracts.policy import PolicyConfig
from services.contracts.pool import ChannelConfig, PresenceConfig, QueueConfig
from services.contracts.routing_events import OfferMade
from services.router.core import matching
from services.router.core.bitset import bits
from services.router.core.candidates import candidates
from services.router.core.partition import Partition
from tests.unit.router.core.test_properties import Driver
from tests.unit.router.core.world import PARTITION, POOL, World, config


def reasons(world: World, contact: str) -> dict[str, str | None]:
    found = candidates(world.partition, POOL, contact)
    assert found is not None
    assert all(one["eligible"] == (one["reason"] is None) for one in found)
    return {one["agent_id"]: one["reason"] for one in found}


def test_everybody_is_listed_with_what_speaks_against_them(world: World) -> None:
    world.agent("ann", billing=1)
    for agent in ("bob", "cid", "dan", "eve"):
        world.agent(agent, billing=2)
    world.opened("call", "phone", topic="billing")
    busy = world.agent_of("call")
    away, gone, paused = (agent for agent in ("bob", "cid", "dan", "eve") if agent != busy)
    world.presence(away, "break")
    world.disconnect(gone)
    world.connect("ghost")
    world.opened("c1", "phone", topic="billing")
    assert world.agent_of("c1") == paused
    world.decline("c1", pause=60)
    others = {"ann": "lack_skills", busy: "no_room", away: "away", gone: "away"}
    assert reasons(world, "c1") == {**others, paused: "paused"}
    world.presence(paused, "available")
    assert reasons(world, "c1") == {**others, paused: "asked_before"}


def test_several_who_are_asked_at_once() -> None:
    chat = ChannelConfig(cost=30, max=3, offer_timeout=20.0, parallel_offers=2)
    world = World(config(channels={"chat": chat}, queues={"general": QueueConfig()}, rules=()))
    for agent in ("ann", "bob", "cid"):
        world.agent(agent)
    world.opened("c1")
    asked = world.asked("c1")
    assert len(asked) == 2
    assert {agent for agent, reason in reasons(world, "c1").items() if reason} == set(asked)
    assert reasons(world, "c1") == {
        agent: "asked_already" if agent in asked else None for agent in ("ann", "bob", "cid")
    }


def test_fresh_agent_gets_the_next_one_later() -> None:
    world = World(config(presence=PresenceConfig(ramp_period=600, ramp_interval=60)))
    world.agent("ann")
    world.opened("c1")
    world.opened("c2")
    assert reasons(world, "c2") == {"ann": "ramping_up"}


def test_contact_is_kept_for_its_preferred_agent() -> None:
    world = World(config(queues={"general": QueueConfig(preferred_agent=120)}, rules=()))
    world.agent("ann")
    world.opened("call", "phone")
    world.agent("bob")
    world.opened("c1", preferred_agent="ann")
    assert reasons(world, "c1") == {"ann": "no_room", "bob": "kept_for_another"}


def test_agents_whom_the_policy_keeps_free() -> None:
    world = World(
        config(
            channels={
                "chat": ChannelConfig(cost=30, max=3),
                "phone": ChannelConfig(cost=100, exclusive=True),
            },
            queues={"general": QueueConfig()},
            rules=(),
            policy=PolicyConfig(reserve=2),
        )
    )
    world.agent("ann")
    world.agent("bob")
    world.opened("c1")
    assert world.state("c1") == "queued"
    assert reasons(world, "c1") == {"ann": "reserved", "bob": "reserved"}
    world.opened("call", "phone")
    assert world.state("call") == "offered"


def test_nobody_for_what_is_not_there(world: World) -> None:
    assert candidates(world.partition, POOL, "none") is None
    assert candidates(world.partition, "acme/none", "c1") is None
    world.opened("c1")
    assert candidates(world.partition, POOL, "c1") == []


def test_candidates_are_those_of_the_engine_at_every_offer() -> None:
    seen = Counter[bool]()
    for seed in range(8):
        driver = Driver(random.Random(seed).randbytes(4000))
        driver.run()
        follower = Partition(PARTITION)
        for record in driver.world.journal:
            done = 0
            for place, event in enumerate(record.events):
                if isinstance(event, OfferMade):
                    before = msgspec.structs.replace(record, events=record.events[done:place])
                    follower.apply(before)
                    done = place
                    seen[check(follower, event)] += 1
            follower.apply(msgspec.structs.replace(record, events=record.events[done:]))
    assert seen[True] > 200


def check(partition: Partition, event: OfferMade) -> bool:
    """Whether there was something to compare with: a line."""
    if "direct" in event.why:
        return False  # people chose the agent
    found: list[dict[str, Any]] = candidates(partition, POOL, event.contact) or []
    eligible = {one["agent_id"] for one in found if one["eligible"]}
    assert event.agent in eligible
    pool = partition.pools[POOL]
    contact = pool.contacts[event.contact]
    if not contact.ticket:
        return False
    line = pool.index.lines[contact.signature]
    mask = matching._candidates(pool, line)
    names = {agent.id for slot in bits(mask) if (agent := pool.index.slots[slot])}
    names -= {offer.agent.id for offer in contact.offers.values()}
    assert eligible == {name for name in names if contact.tried.get(name, 0) <= partition.at}
    return True
