"""Never above capacity: an agent's units, the channels' and the agents' limits."""

from services.contracts.pool import ChannelConfig
from tests.unit.router.core.world import CHANNELS, World, config


def test_open_offers_take_capacity_as_if_accepted(world: World) -> None:
    world.agent("ann")
    for number in range(5):
        world.opened(f"c{number}", "email")
    world.opened("c5", "email")
    assert world.view("ann")["used"] == 100
    assert world.state("c5") == "queued"


def test_units_of_different_channels_add_up(world: World) -> None:
    world.agent("ann")
    world.opened("c1", "chat")
    world.opened("c2", "chat")
    world.opened("m1", "email")
    world.opened("m2", "email")
    world.opened("m3", "email")
    assert world.view("ann")["used"] == 100
    assert world.state("m3") == "queued"


def test_a_phone_call_waits_for_a_whole_agent(world: World) -> None:
    world.agent("ann")
    world.opened("m1", "email")
    world.opened("call", "phone")
    assert world.state("call") == "queued"
    world.ended("m1")
    assert world.agent_of("call") == "ann"
    world.opened("m2", "email")
    assert world.state("m2") == "queued"


def test_a_channels_limit_holds_below_the_units() -> None:
    world = World(config(channels={**CHANNELS, "chat": ChannelConfig(cost=5, max=2)}))
    world.agent("ann")
    for contact in ("c1", "c2", "c3"):
        world.opened(contact)
    assert [world.state(contact) for contact in ("c1", "c2", "c3")] == [
        "offered",
        "offered",
        "queued",
    ]


def test_an_agents_limit_holds_below_the_channels(world: World) -> None:
    world.agent("ann")
    world.upsert("ann", {}, limits={"chat": 1, "email": 0})
    world.opened("c1")
    world.opened("c2")
    world.opened("m1", "email")
    assert [world.state(c) for c in ("c1", "c2", "m1")] == ["offered", "queued", "queued"]


def test_an_agents_limit_above_the_channels_does_not_raise_it() -> None:
    world = World(config(channels={**CHANNELS, "chat": ChannelConfig(cost=5, max=2)}))
    world.agent("ann")
    world.upsert("ann", {}, limits={"chat": 50})
    for contact in ("c1", "c2", "c3"):
        world.opened(contact)
    assert [world.state(c) for c in ("c1", "c2", "c3")] == ["offered", "offered", "queued"]


def test_a_higher_limit_brings_waiting_contacts_at_once(world: World) -> None:
    world.agent("ann")
    world.upsert("ann", {}, limits={"chat": 0})
    world.opened("c1")
    assert world.state("c1") == "queued"
    world.upsert("ann", {}, limits={})
    assert world.agent_of("c1") == "ann"


def test_a_lower_limit_takes_nothing_away_and_lets_nothing_new_in(world: World) -> None:
    world.agent("ann")
    world.opened("c1")
    world.opened("c2")
    world.accept("c1")
    world.upsert("ann", {}, limits={"chat": 1})
    world.ended("c2")
    world.opened("c3")
    assert world.state("c1") == "assigned"
    assert world.state("c3") == "queued"


def test_work_in_hand_keeps_the_cost_it_began_with(world: World) -> None:
    world.agent("ann")
    world.opened("c1")
    world.accept("c1")
    world.configure(config(channels={**CHANNELS, "chat": ChannelConfig(cost=60, max=3)}))
    assert world.view("ann")["used"] == 30
    world.opened("c2")
    assert world.view("ann")["used"] == 90
    world.complete("c1")
    assert world.view("ann")["used"] == 60


def test_wrapping_up_keeps_the_capacity_taken(world: World) -> None:
    world.agent("ann")
    world.opened("call", "phone")
    world.accept("call")
    world.wrap_up("call")
    world.opened("c1")
    assert world.state("c1") == "queued"
    world.complete("call")
    assert world.agent_of("c1") == "ann"
