"""Presence is a lease: nobody away gets an offer, nothing is lost when somebody vanishes."""

from services.contracts import routing_events as ev
from services.contracts.pool import PresenceConfig
from tests.unit.router.core.world import START, World, config


def count(world: World, kind: type) -> int:
    return sum(isinstance(event, kind) for event in world.all_events())


def test_an_available_agent_without_a_connection_gets_nothing(world: World) -> None:
    world.upsert("ann", {})
    world.presence("ann", "available")
    world.opened("c1")
    assert world.state("c1") == "queued"
    world.connect("ann")
    assert world.agent_of("c1") == "ann"


def test_a_connected_agent_who_is_not_available_gets_nothing(world: World) -> None:
    world.agent("ann")
    world.opened("c0")
    for presence in ("break", "offline", "draining", "wrap_up"):
        world.presence("ann", presence)
        world.opened(f"c-{presence}")
        assert world.state(f"c-{presence}") == "queued"


def test_a_connection_of_somebody_unknown_gets_nothing_until_they_are_provisioned(
    world: World,
) -> None:
    world.connect("ann")
    world.presence("ann", "available")
    assert world.status() == 404
    world.upsert("ann", {})
    world.opened("c1")
    assert world.state("c1") == "queued"
    world.presence("ann", "available")
    assert world.agent_of("c1") == "ann"


def test_an_unknown_agent_leaves_no_trace_when_the_connection_ends(world: World) -> None:
    world.connect("ann")
    world.disconnect("ann")
    assert "ann" not in world.partition.pools["acme/care"].agents
    world.agent("bob")
    world.opened("c1")
    assert world.agent_of("c1") == "bob"


def test_an_agent_who_drains_keeps_offers_and_assignments(world: World) -> None:
    world.agent("ann")
    world.opened("c1")
    world.accept("c1")
    world.opened("c2")
    world.presence("ann", "draining")
    assert world.state("c1") == "assigned"
    assert world.agent_of("c2") == "ann"
    world.accept("c2")
    assert world.status() == 200


def test_going_on_a_break_gives_open_offers_back_and_keeps_assignments(world: World) -> None:
    world.agent("ann")
    world.opened("c1")
    world.accept("c1")
    world.opened("c2")
    world.presence("ann", "break")
    assert world.kinds() == ["agent.presence-changed", "offer.ended", "contact.requeued"]
    assert world.state("c2") == "queued"
    assert world.state("c1") == "assigned"


def test_an_agent_with_another_connection_stays(world: World) -> None:
    world.agent("ann")
    world.connect("ann", "second", "g2")
    world.disconnect("ann")
    world.wait(600)
    assert count(world, ev.AgentLost) == 0
    world.opened("c1")
    assert world.agent_of("c1") == "ann"


def test_nothing_new_is_offered_during_the_grace_time(world: World) -> None:
    world.agent("ann")
    world.disconnect("ann")
    world.opened("c1")
    assert world.state("c1") == "queued"


def test_open_offers_stay_during_the_grace_time_and_go_back_after_it(world: World) -> None:
    world.agent("ann")
    world.opened("c1")
    world.disconnect("ann")
    world.wait(9.9)
    assert world.agent_of("c1") == "ann"
    world.wait(0.2)
    assert world.state("c1") == "queued"
    assert count(world, ev.AgentLost) == 1


def test_live_assignments_go_back_after_the_longer_grace_time_with_their_age(
    world: World,
) -> None:
    world.agent("ann")
    world.opened("c1", "phone")
    world.accept("c1")
    world.disconnect("ann")
    world.wait(59.9)
    assert world.state("c1") == "assigned"
    world.agent("bob")
    world.wait(0.2)
    assert world.agent_of("c1") == "bob"
    assert world.contact("c1")["waiting_since"] == START
    ended = next(e for e in world.all_events() if isinstance(e, ev.AssignmentEnded))
    assert ended.result == "agent_lost"


def test_what_is_being_written_up_does_not_go_back(world: World) -> None:
    world = World(config(presence=PresenceConfig(grace=1, assignment_grace=2)))
    world.agent("ann")
    world.opened("m1", "email")
    world.accept("m1")
    world.wrap_up("m1")
    world.disconnect("ann")
    world.wait(10)
    assert world.state("m1") == "wrapping"
    world.wait(30)
    assert world.state("m1") == "closed"


def test_connecting_within_the_grace_time_changes_nothing(world: World) -> None:
    world.agent("ann")
    world.opened("c1")
    world.accept("c1")
    world.disconnect("ann")
    world.wait(9)
    world.connect("ann", "again")
    world.wait(300)
    assert world.state("c1") == "assigned"
    assert count(world, ev.AgentLost) == 0


def test_connecting_between_the_grace_times_keeps_the_assignments(world: World) -> None:
    world.agent("ann")
    world.opened("c1")
    world.accept("c1")
    world.disconnect("ann")
    world.wait(30)
    world.connect("ann", "again")
    assert world.kinds() == ["session.attached", "agent.returned"]
    world.wait(300)
    assert world.state("c1") == "assigned"
    world.opened("c2")
    assert world.agent_of("c2") == "ann"


def test_an_assignment_grace_shorter_than_the_grace_is_stretched_to_it() -> None:
    world = World(config(presence=PresenceConfig(grace=10, assignment_grace=0)))
    world.agent("ann")
    world.opened("c1")
    world.accept("c1")
    world.disconnect("ann")
    world.wait(9.9)
    assert world.state("c1") == "assigned"
    world.wait(0.2)
    assert world.state("c1") == "queued"


def test_a_contact_accepted_during_the_grace_time_goes_back_like_any_other(world: World) -> None:
    world = World(config(presence=PresenceConfig(grace=15)))
    world.agent("ann")
    world.opened("c1")
    world.accept("c1")
    world.opened("c2")
    world.disconnect("ann")
    world.complete("c1")
    world.accept("c2")
    assert world.status() == 200
    world.wait(61)
    assert world.state("c2") == "queued"


def test_an_assignment_that_ends_while_its_agent_is_lost_leaves_no_timer(world: World) -> None:
    world.agent("ann")
    world.opened("c1")
    world.accept("c1")
    world.disconnect("ann")
    world.wait(11)
    world.ended("c1", "customer_left")
    timers = world.partition.schedule.due.living()
    assert {timer[3] for timer in timers} == {"g1"}, "only the gateway's lease is left"


def test_a_silent_gateway_ends_its_connections(world: World) -> None:
    world.agent("ann")
    world.heartbeat("g1")
    world.wait(5.9, beat=False)
    assert world.view("ann")["connected"]
    world.wait(0.2, beat=False)
    assert not world.view("ann")["connected"]
    assert count(world, ev.GatewayExpired) == 1
    detached = next(e for e in world.all_events() if isinstance(e, ev.SessionDetached))
    assert detached.reason == "gateway_silent"
    assert detached.grace_until == START + 6_000 + 10_000


def test_heartbeats_keep_connections_alive(world: World) -> None:
    world.agent("ann")
    for _ in range(20):
        world.heartbeat("g1")
        world.wait(5, beat=False)
    assert world.view("ann")["connected"]


def test_a_gateway_that_dies_before_its_first_heartbeat_ends_too(world: World) -> None:
    world.upsert("ann", {})
    world.connect("ann")
    world.wait(9.9, beat=False)
    assert world.view("ann")["connected"]
    world.wait(0.2, beat=False)
    assert not world.view("ann")["connected"]


def test_connections_through_another_gateway_live_on(world: World) -> None:
    world.agent("ann")
    world.connect("ann", "second", "g2")
    world.heartbeat("g1")
    for _ in range(4):
        world.heartbeat("g2")
        world.wait(5, beat=False)
    assert world.view("ann")["connected"]
    assert count(world, ev.SessionDetached) == 1


def test_a_gateway_that_comes_back_opens_its_connections_again(world: World) -> None:
    world.agent("ann")
    world.heartbeat("g1")
    world.wait(7, beat=False)
    world.heartbeat("g1")
    assert not world.view("ann")["connected"]
    world.connect("ann")
    assert world.view("ann")["connected"]


def test_a_connection_that_moved_is_not_ended_by_its_old_gateway(world: World) -> None:
    world.agent("ann")
    world.connect("ann", "s-ann", "g2")
    world.disconnect("ann", "s-ann", "g1")
    assert world.view("ann")["connected"]
    world.disconnect("ann", "s-ann", "g2")
    assert not world.view("ann")["connected"]


def test_a_connection_that_was_ended_is_not_woken_by_a_doubled_opening(world: World) -> None:
    world.agent("ann")
    world.disconnect("ann")
    world.connect("ann")
    assert world.kinds() == []
    assert not world.view("ann")["connected"]


def test_a_large_gateways_connections_end_in_portions_and_nobody_gets_an_offer_meanwhile(
    world: World,
) -> None:
    for number in range(450):
        world.upsert(f"agent{number:03}", {})
        world.connect(f"agent{number:03}")
        world.presence(f"agent{number:03}", "available")
    world.heartbeat("g1")
    world.now += 6_000
    world.opened("c1")
    assert world.state("c1") == "queued"
    portions = [len(world.last.events)]
    while world.partition.next_due() == world.partition.at:
        portions.append(len(world.tick().events))
    assert max(portions) <= 201
    assert count(world, ev.SessionDetached) == 450
    assert count(world, ev.TimersRenewed) == 0
