"""Points 5 and 14 of routing.md: a pause after a decline, contacts that are given without asking,
and the first agent in the morning who is not buried."""

from services.contracts import routing_events as ev
from services.contracts.pool import ChannelConfig, PresenceConfig
from tests.unit.router.core.world import CHANNELS, World, config


def test_who_declines_with_a_pause_gets_nothing_until_it_is_over(world: World) -> None:
    world.agent("ann")
    world.opened("c1")
    world.opened("c2")
    world.decline("c1", pause=60)
    assert world.kinds() == ["offer.ended", "contact.requeued", "agent.paused"]
    assert world.body()["paused_until"] == world.now + 60_000
    assert world.view("ann")["paused_until"] == world.now + 60_000
    assert world.agent_of("c2") == "ann", "what was asked before stands"
    world.opened("c3")
    world.wait(59.9)
    assert world.state("c3") == "queued"
    world.wait(0.2)
    assert world.agent_of("c3") == "ann"
    assert world.view("ann")["paused_until"] is None


def test_saying_available_ends_the_pause(world: World) -> None:
    world.agent("ann")
    world.opened("c1")
    world.decline("c1", pause=600)
    world.opened("c2")
    world.presence("ann", "available")
    assert world.kinds() == ["agent.ready", "offer.made"]
    assert world.agent_of("c2") == "ann"
    world.wait(700)
    assert sum(isinstance(event, ev.AgentReady) for event in world.all_events()) == 1


def test_a_break_does_not_end_the_pause_but_coming_back_does(world: World) -> None:
    world.agent("ann")
    world.opened("c1")
    world.decline("c1", pause=600)
    world.presence("ann", "break")
    world.opened("c2")
    world.presence("ann", "available")
    assert world.agent_of("c1") == "" or world.agent_of("c2") == "ann"
    assert world.view("ann")["paused_until"] is None


def test_a_decline_without_a_pause_is_none(world: World) -> None:
    world.agent("ann")
    world.opened("c1")
    world.decline("c1")
    assert "paused_until" not in world.body()
    world.opened("c2")
    assert world.agent_of("c2") == "ann"


def test_an_agent_may_be_given_the_contacts_of_a_channel(world: World) -> None:
    world.upsert("ann", {}, auto_accept=("chat",))
    world.heartbeat("g1", period=60)
    world.connect("ann")
    world.presence("ann", "available")
    world.opened("c1")
    assert world.kinds() == ["contact.queued", "offer.made", "assignment.started"]
    world.opened("m1", "email")
    assert world.state("m1") == "offered"
    before = world.view("ann")["revision"]
    world.upsert("ann", {}, auto_accept=("chat",))
    assert world.view("ann")["revision"] == before
    world.upsert("ann", {}, auto_accept=())
    world.opened("c2")
    assert world.state("c2") == "offered"


RAMP = PresenceConfig(ramp_period=60, ramp_interval=10, grace=5, assignment_grace=5)


def morning() -> World:
    """Ten chats wait since the night; ann is the first to come."""
    chat = ChannelConfig(cost=10, max=9, offer_timeout=600)
    world = World(config(channels={**CHANNELS, "chat": chat}, presence=RAMP))
    for number in range(10):
        world.opened(f"c{number}")
    world.agent("ann")
    return world


def held(world: World) -> int:
    return len(world.view("ann")["offers"])


def replays(world: World) -> bool:
    return world.replayed().fingerprint() == world.partition.fingerprint()


def test_the_first_agent_in_the_morning_is_not_buried() -> None:
    world = morning()
    assert held(world) == 1
    world.wait(9.9)
    assert held(world) == 1
    world.wait(0.2)
    assert held(world) == 2
    world.wait(40)
    assert held(world) == 6
    assert replays(world)


def test_after_the_ramp_all_that_fits_comes() -> None:
    world = morning()
    world.wait(61)
    assert held(world) == 9
    assert replays(world)


def test_a_declined_contact_counts_as_one_that_came() -> None:
    world = morning()
    world.decline("c0")
    assert held(world) == 0
    world.wait(10)
    assert held(world) == 1


def test_an_offer_that_was_taken_away_does_not_count() -> None:
    world = morning()
    world.ended("c0")
    assert held(world) == 1
    assert world.agent_of("c1") == "ann"
    assert replays(world)


def test_who_comes_back_after_being_lost_is_not_buried_either() -> None:
    world = morning()
    world.wait(61)
    world.disconnect("ann")
    world.wait(30)
    assert held(world) == 0
    world.connect("ann", "again")
    assert held(world) == 1
    assert replays(world)


def test_a_short_break_of_the_connection_begins_nothing_anew() -> None:
    world = morning()
    world.wait(61)
    world.disconnect("ann")
    world.wait(1)
    world.connect("ann", "again")
    assert held(world) == 9
    world.ended("c0")
    world.ended("c1")
    assert held(world) == 8
    assert replays(world)


def test_without_a_ramp_all_that_fits_comes_at_once() -> None:
    world = World(config(channels={**CHANNELS, "chat": ChannelConfig(cost=10, max=9)}))
    for number in range(10):
        world.opened(f"c{number}")
    world.agent("ann")
    assert held(world) == 9
