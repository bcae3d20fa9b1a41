"""Point 7 of routing.md: a contact goes on on another channel, at its age, with its context."""

from collections.abc import Iterator

import pytest

from services.contracts import routing_events as ev
from services.contracts.pool import (
    CalendarConfig,
    ChannelConfig,
    PresenceConfig,
    QueueConfig,
    WeeklyHours,
)
from services.router.core.snapshot import dump, load
from tests.unit.router.core.world import CHANNELS, QUEUES, START, World, config


@pytest.fixture
def world() -> Iterator[World]:
    world = World(config(presence=PresenceConfig(ask_again=0)))
    yield world
    state = world.partition.fingerprint()
    assert world.replayed().fingerprint() == state
    assert load(dump(world.partition)).fingerprint() == state


def test_a_waiting_contact_is_classified_anew_and_keeps_id_conversation_and_age(
    world: World,
) -> None:
    world.opened("c1")
    world.wait(30)
    world.change_channel("c1", "phone")
    assert world.kinds() == ["contact.channel-changed", "contact.requeued"]
    view = world.contact("c1")
    assert (view["channel"], view["queue"], view["state"]) == ("phone", "calls", "queued")
    assert (view["conversation_id"], view["waiting_since"]) == ("v-c1", START)
    assert world.body() == {"channel": "phone", "contact_id": "c1", "contact_state": "queued"}


def test_an_offered_contact_is_offered_anew(world: World) -> None:
    world.agent("ann")
    world.opened("c1")
    world.change_channel("c1", "email")
    assert world.kinds() == [
        "offer.ended",
        "contact.channel-changed",
        "contact.requeued",
        "offer.made",
    ]
    assert world.view("ann")["used"] == 20


def test_in_hand_it_stays_with_its_agent_at_the_new_cost(world: World) -> None:
    world.agent("ann")
    world.opened("c1")
    world.accept("c1")
    before = world.view("ann")["revision"]
    world.change_channel("c1", "email", "ann")
    assert world.kinds() == ["contact.channel-changed"]
    assert world.view("ann")["revision"] == before + 1
    view = world.view("ann")
    assert (view["used"], view["assignments"][0]["channel"]) == (20, "email")
    world.change_channel("c1", "phone")
    assert world.view("ann")["used"] == 100
    world.complete("c1")
    assert world.view("ann")["used"] == 0


def test_an_agents_wish_without_room_is_refused(world: World) -> None:
    world.agent("ann")
    for contact in ("c1", "c2"):
        world.opened(contact)
        world.accept(contact)
    world.change_channel("c1", "phone", "ann")
    assert (world.status(), world.body()["reason"]) == (409, "agent_busy")
    assert (world.body()["used"], world.body()["contact_state"]) == (60, "assigned")
    assert world.contact("c1")["channel"] == "chat"


def test_without_room_the_channels_word_sends_it_back_to_the_line_at_its_age(
    world: World,
) -> None:
    world.agent("ann")
    for contact in ("c1", "c2"):
        world.opened(contact)
        world.accept(contact)
    world.wait(30)
    world.change_channel("c1", "phone")
    assert world.kinds() == ["assignment.ended", "contact.channel-changed", "contact.requeued"]
    view = world.contact("c1")
    assert (view["state"], view["queue"], view["waiting_since"]) == ("queued", "calls", START)
    world.complete("c2")
    assert world.agent_of("c1") == "ann"


def test_a_channels_own_limit_counts() -> None:
    channels = {**CHANNELS, "email": ChannelConfig(cost=20, max=1)}
    world = World(config(channels=channels))
    world.agent("ann")
    world.opened("m1", "email")
    world.accept("m1")
    world.opened("c1")
    world.accept("c1")
    world.change_channel("c1", "email", "ann")
    assert (world.status(), world.body()["reason"]) == (409, "agent_busy")


def test_where_the_new_queue_is_closed_it_goes_the_way_of_that_queue() -> None:
    closed = CalendarConfig(time_zone="UTC", hours=WeeklyHours())
    queues = {**QUEUES, "calls": QueueConfig(channels=("phone",), calendar="never")}
    world = World(config(queues=queues, calendars={"never": closed}))
    world.opened("c1")
    world.change_channel("c1", "phone")
    assert (world.state("c1"), world.contact("c1")["waiting_since"]) == ("parked", START)
    assert world.body()["contact_state"] == "parked"
    world.change_channel("c1", "chat")
    assert world.state("c1") == "queued"
    assert world.replayed().fingerprint() == world.partition.fingerprint()


def test_a_quiet_customer_is_back_by_changing_the_channel() -> None:
    chat = ChannelConfig(cost=50, inactive_cost=5, probe_after=10, give_up_after=10)
    world = World(config(channels={**CHANNELS, "chat": chat}))
    world.agent("ann")
    world.opened("c1")
    world.accept("c1")
    world.quiet("c1")
    world.change_channel("c1", "email", "ann")
    assert world.view("ann")["used"] == 20
    world.wait(100)
    assert world.state("c1") == "assigned"
    assert world.replayed().fingerprint() == world.partition.fingerprint()


def test_an_open_transfer_is_the_agents_to_cancel_and_ends_by_the_channels_word(
    world: World,
) -> None:
    world.agent("ann")
    world.opened("c1")
    world.accept("c1")
    world.agent("ben")
    world.transfer("c1", to_agent="ben")
    world.change_channel("c1", "email", "ann")
    assert (world.status(), world.body()["reason"]) == (409, "transfer_open")
    world.change_channel("c1", "email")
    assert world.kinds() == ["offer.ended", "transfer.ended", "contact.channel-changed"]
    assert (world.agent_of("c1"), world.view("ben")["used"]) == ("ann", 0)


def test_what_cannot_be_is_refused(world: World) -> None:
    world.agent("ann")
    world.opened("c1", "phone")
    world.change_channel("c1", "fax")
    assert (world.status(), world.body()["reason"]) == (422, "unknown_channel")
    world.change_channel("c1", "chat", "ann")
    assert (world.status(), world.body()["reason"]) == (409, "contact_not_in_hand")
    world.change_channel("none", "chat")
    assert world.status() == 404
    world.accept("c1")
    world.change_channel("c1", "chat", "ben")
    assert (world.status(), world.body()["reason"]) == (403, "not_yours")
    world.change_channel("c1", "phone", "ann")
    assert (world.status(), world.kinds()) == (200, [])
    world.wrap_up("c1")
    world.change_channel("c1", "chat", "ann")
    assert (world.status(), world.body()["reason"]) == (409, "contact_wrapping")
    world.complete("c1")
    world.change_channel("c1", "chat", "ann")
    assert (world.status(), world.body()["reason"]) == (409, "contact_over")
    assert not any(isinstance(event, ev.ContactChannelChanged) for event in world.all_events())
