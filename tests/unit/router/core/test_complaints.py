"""What users of other routers complain about, as scenarios that must never happen here. (Holidays
and split shifts: `test_hours.py`; a closed and reopened case: `test_preferred_agent.py`.)"""

from collections.abc import Iterator

import pytest

from services.contracts import routing_events as ev
from services.contracts.pool import ChannelConfig, Instead, PresenceConfig, QueueConfig, Relaxation
from tests.unit.router.core.world import CHANNELS, QUEUES, World, config


@pytest.fixture
def world() -> Iterator[World]:
    world = World(config(presence=PresenceConfig(grace=2, assignment_grace=10)))
    yield world
    assert world.replayed().fingerprint() == world.partition.fingerprint()


def test_nobody_away_is_ever_assigned_by_whatever_way(world: World) -> None:
    """Not by the line, a transfer, a supervisor, an acceptance that comes too late."""
    world.upsert("ann", {})
    world.presence("ann", "available")
    world.opened("c1")
    world.reassign("c1", "ann")
    assert world.status() == 409, "available, but not connected"
    world.agent("ben")
    world.accept("c1")
    world.transfer("c1", to_agent="ann")
    assert world.status() == 409
    world.agent("cid")
    world.opened("c2", "phone")
    offer = world.offer_of("c2")
    world.disconnect("cid")
    world.wait(3)
    world.accept_offer(offer, "cid")
    assert world.status() == 409
    assert {e.agent for e in world.all_events() if isinstance(e, ev.AssignmentStarted)} == {"ben"}


def test_an_unanswered_offer_comes_back_and_reaches_somebody_else(world: World) -> None:
    world.agent("ann")
    world.opened("c1")
    world.wait(21)
    assert world.state("c1") == "queued"
    world.agent("ben")
    assert world.agent_of("c1") == "ben"


def test_a_contact_whose_agent_vanishes_comes_back(world: World) -> None:
    world.agent("ann")
    world.opened("c1")
    world.accept("c1")
    world.disconnect("ann")
    world.wait(11)
    assert world.state("c1") == "queued"


def test_a_hand_over_from_the_bot_is_always_queued_or_owned(world: World) -> None:
    """At no moment of a long day is it nowhere: the bot's contact waits, is offered or in hand."""
    world.opened("c1", "bot", topic="billing")
    places = {"queued", "offered", "assigned"}
    assert world.state("c1") in places
    world.agent("ann", billing=3)
    assert world.state("c1") in places
    for step in (
        lambda: world.decline("c1", pause=5),
        lambda: world.wait(16),
        lambda: world.accept("c1"),
        lambda: world.disconnect("ann"),
        lambda: world.wait(11),
        lambda: world.connect("ann", "again"),
        lambda: world.accept("c1"),
        lambda: world.agent("ben", billing=2),
        lambda: world.transfer("c1", to_queue="billing"),
        lambda: world.wait(21),
        lambda: world.cancel_transfer("c1"),
        lambda: world.change_channel("c1", "chat"),
        lambda: world.transfer("c1", to_agent="ben"),
        lambda: world.accept("c1", "ben"),
        lambda: world.configure(config()),
    ):
        step()
        assert world.state("c1") in places
    assert world.agent_of("c1") == "ben"


def test_a_configuration_without_anybody_for_it_keeps_the_contact_in_a_queue(
    world: World,
) -> None:
    world.opened("c1", "bot", topic="unheard of", language="tlh")
    assert (world.state("c1"), world.contact("c1")["queue"]) == ("queued", "general")
    world.configure(
        config(queues={"other": config().queues["general"]}, rules=(), fallback_queue="other")
    )
    assert (world.state("c1"), world.contact("c1")["queue"]) == ("queued", "other")


def test_a_burst_after_the_night_does_not_bury_the_first_agent() -> None:
    chat = ChannelConfig(cost=10, max=10)
    ramp = PresenceConfig(ramp_period=60, ramp_interval=10)
    world = World(config(channels={**CHANNELS, "chat": chat}, presence=ramp))
    for number in range(50):
        world.opened(f"c{number}")
    world.agent("ann")
    made = []
    for _ in range(6):
        made.append(sum(isinstance(event, ev.OfferMade) for event in world.all_events()))
        for offer in world.view("ann")["offers"]:
            world.accept_offer(offer["offer_id"], "ann")
        world.wait(10)
    assert made == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("reverse", [False, True])
def test_the_fourth_waiting_chat_goes_before_the_fifth_when_someone_frees_up(
    reverse: bool,
) -> None:
    """One agent, three chats at once: the fourth waited for minutes while the fifth got in."""
    world = World()
    world.agent("anna")
    for number in (1, 2, 3):
        world.opened(f"c{number}")
        world.accept(f"c{number}")
    fourth, fifth = world.now + 1_000, world.now + 2_000
    world.wait(5)
    later = [("fourth", fourth), ("fifth", fifth)]
    for contact, opened_at in reversed(later) if reverse else later:
        world.opened(contact, opened_at=opened_at)
    world.wait(60)
    world.complete("c2")
    assert world.agent_of("fourth") == "anna", "in the very step that frees the agent"
    assert world.state("fifth") == "queued"
    world.complete("c1")
    assert world.agent_of("fifth") == "anna"
    assert world.replayed().fingerprint() == world.partition.fingerprint()


def test_contact_is_not_forgotten_because_the_only_expert_went_home() -> None:
    queue = QueueConfig(required={"billing": 4}, relax=(Relaxation(after=3600, anyone=True),))
    world = World(config(queues={**QUEUES, "billing": queue}))
    world.agent("expert", billing=5)
    world.agent("anna")
    world.opened("call", "phone")
    world.accept("call", world.agent_of("call"))
    if world.agent_of("call") != "expert":
        world.presence("expert", "break")
    world.opened("c1", topic="billing")
    assert world.state("c1") == "queued"
    world.presence("anna", "available")
    world.complete("call")
    world.presence("expert", "offline")
    assert world.agent_of("c1") == "anna"


def test_customer_of_a_full_queue_is_told_at_once_and_not_after_minutes() -> None:
    queue = QueueConfig(max_length=2, overflow=Instead(action="callback"))
    world = World(config(queues={**QUEUES, "general": queue}))
    for number in range(3):
        world.opened(f"c{number}")
    assert world.kinds() == ["contact.queued", "contact.overflowed"]
    assert world.contact("c2")["action"] == "callback"
