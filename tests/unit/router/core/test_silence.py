"""Point 6 of routing.md, its last sentence: silent customers are probed and then given up."""

from services.contracts import routing_events as ev
from services.contracts.pool import ChannelConfig
from tests.unit.router.core.world import CHANNELS, World, config


def silent(
    *, wrap_up: float = 5.0, probe_after: float = 60.0, give_up_after: float = 30.0
) -> World:
    """Ann is asked for a chat; she can have one."""
    chat = ChannelConfig(
        cost=50,
        max=1,
        offer_timeout=600,
        wrap_up=wrap_up,
        probe_after=probe_after,
        give_up_after=give_up_after,
    )
    world = World(config(channels={**CHANNELS, "chat": chat}))
    world.agent("ann")
    world.opened("c1")
    return world


def probes(world: World) -> int:
    return sum(isinstance(event, ev.ContactProbed) for event in world.all_events())


def replays(world: World) -> bool:
    return world.replayed().fingerprint() == world.partition.fingerprint()


def test_a_silent_customer_is_asked_once() -> None:
    world = silent(give_up_after=0.0)
    world.accept("c1")
    world.quiet("c1")
    world.wait(59.9)
    assert probes(world) == 0
    world.wait(0.2)
    assert probes(world) == 1
    world.wait(3_600)
    assert probes(world) == 1
    assert world.state("c1") == "assigned"
    assert replays(world)


def test_a_contact_in_hand_is_wrapped_up_when_nobody_answers() -> None:
    world = silent()
    world.accept("c1")
    world.quiet("c1")
    world.wait(89.9)
    assert world.state("c1") == "assigned"
    world.wait(0.2)
    assert world.state("c1") == "wrapping"
    (wrapping,) = [e for e in world.all_events() if isinstance(e, ev.AssignmentWrapping)]
    assert wrapping.reason == "customer_silent"
    world.opened("c2")
    assert world.state("c2") == "queued"
    world.wait(5)
    assert world.agent_of("c2") == "ann", "the capacity is free"
    assert replays(world)


def test_without_wrap_up_time_the_silent_contact_is_over() -> None:
    world = silent(wrap_up=0.0)
    world.accept("c1")
    world.quiet("c1")
    world.wait(91)
    assert world.state("c1") == "closed"
    (ended,) = [e for e in world.all_events() if isinstance(e, ev.AssignmentEnded)]
    assert ended.result == "customer_silent"


def test_a_contact_that_waits_or_is_offered_is_withdrawn_as_silent() -> None:
    world = silent()
    world.opened("c2")
    assert [world.state(one) for one in ("c1", "c2")] == ["offered", "queued"]
    world.quiet("c1")
    world.quiet("c2")
    world.wait(91)
    for contact in ("c1", "c2"):
        assert world.state(contact) == "withdrawn"
        assert world.contact(contact)["reason"] == "silent"
    assert world.view("ann")["used"] == 0
    assert replays(world)


def test_a_customer_who_writes_in_time_is_not_given_up() -> None:
    world = silent()
    world.accept("c1")
    world.quiet("c1")
    world.wait(80)
    world.active("c1")
    world.wait(600)
    assert world.state("c1") == "assigned"
    world.quiet("c1")
    world.wait(61)
    assert probes(world) == 2
    assert replays(world)


def test_zero_means_never() -> None:
    world = silent(probe_after=0.0)
    world.accept("c1")
    world.quiet("c1")
    world.wait(100_000)
    assert world.state("c1") == "assigned"


def test_who_could_not_be_heard_while_the_router_was_away_has_the_full_time_anew() -> None:
    world = silent()
    world.accept("c1")
    world.quiet("c1")
    world.wait(61)
    world.now += 500_000
    world.tick(renew=True)
    assert world.state("c1") == "assigned"
    world.active("c1")
    world.wait(600)
    assert world.state("c1") == "assigned"
    assert replays(world)


def test_what_is_written_up_already_is_not_given_up_again() -> None:
    world = silent(wrap_up=600.0)
    world.accept("c1")
    world.quiet("c1")
    world.wait(70)
    world.wrap_up("c1")
    world.wait(100)
    assert world.state("c1") == "wrapping"
    assert world.contact("c1")["give_up_at"] is None
