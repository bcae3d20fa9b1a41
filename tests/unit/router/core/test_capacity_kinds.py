"""Point 3 of routing.md: exclusive, interruptible and quiet work, and an agent's own limits."""

from collections.abc import Iterator

import pytest

from services.contracts import contact_events as ce
from services.contracts import routing_events as ev
from services.contracts.pool import ChannelConfig
from tests.unit.router.core.world import POOL, World, config

CHANNELS = {
    "phone": ChannelConfig(cost=100, exclusive=True),
    "chat": ChannelConfig(cost=50, inactive_cost=10),
    "email": ChannelConfig(cost=40, max=2, interruptible=True),
}


@pytest.fixture
def world() -> Iterator[World]:
    world = World(config(channels=CHANNELS))
    yield world
    assert world.replayed().fingerprint() == world.partition.fingerprint()


def in_hand(world: World, *contacts: tuple[str, str]) -> None:
    for contact, channel in contacts:
        world.opened(contact, channel)
        world.accept(contact)


def test_an_exclusive_channel_must_take_the_whole_agent() -> None:
    world = World(configure=False)
    wrong = {
        "phone": ChannelConfig(cost=90, exclusive=True),
        "video": ChannelConfig(cost=100, exclusive=True, interruptible=True, inactive_cost=1),
        "chat": ChannelConfig(cost=30, inactive_cost=31),
    }
    world.configure(config(channels=wrong, queues={"general": config().queues["general"]}))
    assert world.status() == 422
    problems = " ".join(world.body()["problems"])
    assert "'phone' is exclusive: its cost must be 100" in problems
    assert "'video' cannot be both exclusive and interruptible" in problems
    assert "'video' is exclusive: it cannot cost less" in problems
    assert "'chat' would cost more while the customer is quiet" in problems


def test_mail_in_hand_keeps_neither_chat_nor_call_waiting(world: World) -> None:
    world.agent("ann")
    in_hand(world, ("m1", "email"), ("m2", "email"))
    world.opened("c1", "chat")
    assert world.agent_of("c1") == "ann"
    world.ended("c1")
    world.opened("call", "phone")
    assert world.agent_of("call") == "ann"
    assert world.view("ann")["used"] == 180


def test_mail_waits_while_it_would_not_fit_beside_all_that_is_in_hand(world: World) -> None:
    world.agent("ann")
    in_hand(world, ("c1", "chat"), ("m1", "email"))
    world.opened("m2", "email")
    assert world.state("m2") == "queued"
    world.complete("c1")
    assert world.agent_of("m2") == "ann"


def test_the_limit_of_interruptible_work_holds(world: World) -> None:
    world.agent("ann")
    world.upsert("ann", {}, limits={"email": 1})
    in_hand(world, ("m1", "email"))
    world.opened("m2", "email")
    assert world.state("m2") == "queued"


def test_nothing_comes_beside_a_call(world: World) -> None:
    world.agent("ann")
    in_hand(world, ("call", "phone"))
    world.opened("c1", "chat")
    world.opened("m1", "email")
    assert [world.state(one) for one in ("c1", "m1")] == ["queued", "queued"]


def test_a_call_does_not_come_beside_a_quiet_chat() -> None:
    free = {**CHANNELS, "chat": ChannelConfig(cost=50, inactive_cost=0)}
    world = World(config(channels=free))
    world.agent("ann")
    in_hand(world, ("c1", "chat"))
    world.quiet("c1")
    assert world.view("ann")["used"] == 0
    world.opened("call", "phone")
    assert world.state("call") == "queued"


def test_a_quiet_conversation_makes_room_at_once(world: World) -> None:
    world.agent("ann")
    in_hand(world, ("c1", "chat"), ("c2", "chat"))
    world.opened("c3", "chat")
    assert world.state("c3") == "queued"
    world.quiet("c1")
    assert world.kinds() == ["contact.quieted"]
    world.quiet("c2")
    assert world.agent_of("c3") == "ann"
    assert world.view("ann")["used"] == 70
    assert [one["cost"] for one in world.view("ann")["assignments"]] == [10, 10]


def test_a_woken_conversation_takes_its_cost_back_even_above_capacity(world: World) -> None:
    world.agent("ann")
    in_hand(world, ("c1", "chat"), ("c2", "chat"))
    world.quiet("c1")
    world.quiet("c2")
    in_hand(world, ("c3", "chat"))
    world.active("c1")
    world.active("c2")
    assert world.view("ann")["used"] == 150
    world.complete("c3")
    world.opened("c4", "chat")
    assert world.state("c4") == "queued"
    world.complete("c2")
    assert world.agent_of("c4") == "ann"


def test_a_conversation_that_is_quiet_when_it_is_accepted_costs_less(world: World) -> None:
    world.agent("ann")
    world.opened("c1", "chat")
    world.quiet("c1")
    assert world.view("ann")["used"] == 50, "an open offer costs what the contact may cost"
    world.accept("c1")
    assert world.view("ann")["used"] == 10
    world.active("c1")
    assert world.view("ann")["used"] == 50


def test_facts_that_say_nothing_new_change_nothing(world: World) -> None:
    world.agent("ann")
    in_hand(world, ("c1", "chat"))
    world.active("c1")
    assert world.kinds() == []
    world.quiet("c1")
    fact = f"e{world.commands}"
    world.quiet("c1")
    assert world.kinds() == []
    world.active("c1")
    world.put(ce.ContactQuiet, ce.ContactData(pool=POOL, contact_id="c1"), id=fact)
    assert world.kinds() == [], "the same fact once more"
    world.complete("c1")
    for contact in ("c1", "unknown"):
        world.quiet(contact)
        assert world.kinds() == []
        world.active(contact)
        assert world.kinds() == []


def test_the_agents_revision_counts_what_happens_to_their_contacts(world: World) -> None:
    world.agent("ann")
    in_hand(world, ("c1", "chat"))
    before = world.view("ann")["revision"]
    world.quiet("c1")
    (event,) = world.last.events
    assert isinstance(event, ev.ContactQuieted)
    assert (event.agent, event.cost) == ("ann", 10)
    assert world.view("ann")["revision"] == before + 1
