"""An offer is accepted, declined, missed or rescinded; the contact keeps its age."""

from services.contracts import routing_events as ev
from services.contracts.pool import ChannelConfig, PresenceConfig
from tests.unit.router.core.world import CHANNELS, START, World, config


def test_an_accepted_offer_makes_the_agent_the_owner(world: World) -> None:
    world.agent("ann")
    world.now += 2_000
    world.opened("c1", opened_at=START)
    world.accept("c1")
    started = world.last.events[0]
    assert isinstance(started, ev.AssignmentStarted)
    assert (started.agent, started.contact, started.waited_ms) == ("ann", "c1", 2_000)
    assert world.state("c1") == "assigned"
    assert world.view("ann")["offers"] == []


def test_ids_tell_partition_and_offset(world: World) -> None:
    world.agent("ann")
    world.opened("c1")
    assert world.offer_of("c1") == f"o3-{world.offset}-0"
    world.accept("c1")
    assert world.assignment_of("c1") == f"a3-{world.offset}-0"


def test_a_declined_offer_goes_to_the_next_agent(world: World) -> None:
    world.agent("ann")
    world.agent("bob")
    world.opened("c1")
    assert world.agent_of("c1") == "ann"
    world.decline("c1")
    assert world.kinds() == ["offer.ended", "contact.requeued", "offer.made"]
    assert world.agent_of("c1") == "bob"


def test_an_offer_that_nobody_answers_goes_to_the_next_agent(world: World) -> None:
    world.agent("ann")
    world.agent("bob")
    world.opened("c1")
    world.wait(19.9)
    assert world.agent_of("c1") == "ann"
    world.wait(0.2)
    assert world.agent_of("c1") == "bob"
    assert world.view("ann")["missed_offers"] == 1


def test_a_contact_that_comes_back_keeps_its_age(world: World) -> None:
    world.agent("ann")
    world.opened("c1", "phone")
    world.now += 5_000
    world.opened("c2", "phone")
    world.presence("ann", "break")
    assert world.contact("c1")["waiting_since"] == START
    world.presence("ann", "available")
    assert world.agent_of("c1") == "ann"


def test_who_declined_is_not_asked_for_the_same_contact_for_a_while(world: World) -> None:
    world.agent("ann")
    world.opened("c1")
    world.decline("c1")
    assert world.state("c1") == "queued"
    world.wait(14.9)
    assert world.state("c1") == "queued"
    world.wait(0.2)
    assert world.agent_of("c1") == "ann"


def test_who_declined_is_not_asked_at_once_either_when_the_next_agent_is_lost() -> None:
    world = World(config(presence=PresenceConfig(grace=1, assignment_grace=1)))
    world.agent("ann")
    world.agent("bob")
    world.opened("c1")
    world.decline("c1")
    world.accept("c1")
    world.disconnect("bob")
    world.wait(10)
    assert world.state("c1") == "queued"
    world.wait(6)
    assert world.agent_of("c1") == "ann"


def test_who_declined_is_asked_for_other_contacts_at_once(world: World) -> None:
    world.agent("ann")
    world.opened("c1", "phone")
    world.opened("c2", "phone")
    world.decline("c1")
    assert world.agent_of("c2") == "ann"
    assert world.state("c1") == "queued"


def test_a_declined_head_does_not_hold_up_the_line_and_keeps_its_place(world: World) -> None:
    world.agent("ann")
    world.opened("c1", "phone")
    world.decline("c1")
    world.opened("c2", "phone")
    assert world.agent_of("c2") == "ann"
    world.opened("c3", "phone")
    world.agent("bob")
    assert world.agent_of("c1") == "bob"


def test_who_was_not_asked_yet_goes_before_who_declined() -> None:
    world = World(config(presence=PresenceConfig(ask_again=0)))
    world.agent("ann")
    world.agent("bob")
    world.opened("c1", "phone")
    world.decline("c1")
    assert world.agent_of("c1") == "bob"
    world.decline("c1")
    assert world.agent_of("c1") in ("ann", "bob"), "with no pause, somebody is asked again at once"


def test_after_three_missed_offers_in_a_row_the_agent_goes_on_a_break(world: World) -> None:
    world.agent("ann")
    for number in range(3):
        world.opened(f"c{number}", "phone")
        world.wait(10)
    event = next(e for e in reversed(world.all_events()) if isinstance(e, ev.AgentPresenceChanged))
    assert (event.presence, event.reason) == ("break", "missed_offers")
    assert world.view("ann")["presence"] == "break"


def test_two_missed_offers_are_forgiven_when_the_third_is_answered(world: World) -> None:
    world.agent("ann")
    for number in range(2):
        world.opened(f"c{number}", "phone")
        world.wait(10)
    assert world.view("ann")["missed_offers"] == 2
    world.ended("c0")
    world.ended("c1")
    world.opened("c2")
    world.decline("c2")
    assert world.view("ann")["missed_offers"] == 0
    assert world.view("ann")["presence"] == "available"


def test_accepting_forgives_missed_offers_too(world: World) -> None:
    world.agent("ann")
    world.opened("c0", "phone")
    world.wait(10)
    world.opened("c1")
    world.accept("c1")
    assert world.view("ann")["missed_offers"] == 0


def test_the_break_after_missed_offers_takes_the_other_offers_back() -> None:
    world = World(config(presence=PresenceConfig(missed_offers=1)))
    world.agent("ann")
    world.opened("c1")
    world.opened("m1", "email")
    world.wait(20)
    assert world.state("m1") == "queued"
    assert world.view("ann")["offers"] == []
    assert world.view("ann")["used"] == 0


def test_who_drains_and_misses_offers_goes_on_draining() -> None:
    world = World(config(presence=PresenceConfig(missed_offers=1)))
    world.agent("ann")
    world.opened("c1", "phone")
    world.presence("ann", "draining")
    world.wait(10)
    assert world.view("ann")["missed_offers"] == 1
    assert world.view("ann")["presence"] == "draining"


def test_coming_back_from_the_break_begins_the_count_anew(world: World) -> None:
    world.agent("ann")
    for number in range(3):
        world.opened(f"c{number}", "phone")
        world.wait(10)
    world.presence("ann", "available")
    world.wait(10)
    assert world.view("ann")["missed_offers"] == 1


def test_an_offer_missed_without_a_connection_is_not_held_against_the_agent() -> None:
    world = World(config(presence=PresenceConfig(grace=30, missed_offers=1)))
    world.agent("ann")
    world.opened("c1")
    world.disconnect("ann")
    world.wait(21)
    assert world.state("c1") == "queued"
    assert world.view("ann")["missed_offers"] == 0
    assert world.view("ann")["presence"] == "available"


def test_an_auto_accepting_channel_assigns_in_the_same_step() -> None:
    world = World(config(channels={**CHANNELS, "chat": ChannelConfig(cost=50, auto_accept=True)}))
    world.agent("ann")
    world.opened("c1")
    assert world.kinds() == ["contact.queued", "offer.made", "assignment.started"]
    assert world.state("c1") == "assigned"
    world.wait(3_600)
    assert world.state("c1") == "assigned", "the offer's timer is dead"


def test_an_offer_of_an_abandoned_contact_is_rescinded(world: World) -> None:
    world.agent("ann")
    world.opened("c1")
    world.ended("c1")
    assert world.kinds() == ["offer.ended", "contact.withdrawn"]
    assert world.state("c1") == "withdrawn"
    assert world.view("ann")["used"] == 0


def test_an_offer_times_out_once_only(world: World) -> None:
    world.agent("ann")
    world.opened("c1")
    world.accept("c1")
    world.wait(100)
    assert world.state("c1") == "assigned"
    assert not any(isinstance(event, ev.OfferEnded) for event in world.all_events())
