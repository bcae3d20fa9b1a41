"""Point 7 of routing.md: a contact is handed over; until somebody accepts, its agent has it."""

from collections.abc import Iterator

import pytest

from services.contracts import contact_events as ce
from services.contracts import routing_events as ev
from services.contracts.pool import ChannelConfig, PresenceConfig
from services.router.core.snapshot import dump, load
from tests.unit.router.core.world import CHANNELS, POOL, START, World, config


@pytest.fixture
def world() -> Iterator[World]:
    """Ann has the chat c1, which came 60 s ago; no wrap-up time."""
    world = World(config(presence=PresenceConfig(grace=1, assignment_grace=5)))
    world.agent("ann", de=2)
    world.opened("c1", language="de", tier="gold")
    world.accept("c1")
    world.wait(60)
    yield world
    state = world.partition.fingerprint()
    assert world.replayed().fingerprint() == state
    assert world.replayed(len(world.journal) // 2).fingerprint() == state
    assert load(dump(world.partition)).fingerprint() == state


def owner(world: World, contact: str = "c1") -> str:
    return str(world.contact(contact)["agent_id"])


# To an agent


def test_the_old_agent_keeps_it_until_the_new_one_accepts(world: World) -> None:
    world.agent("ben")
    world.transfer("c1", to_agent="ben", note_id="m7")
    assert world.kinds() == ["transfer.started", "offer.made"]
    assert world.status() == 200
    assert world.body()["transfer"] == "open"
    assert (owner(world), world.state("c1")) == ("ann", "assigned")
    (offer,) = world.view("ben")["offers"]
    assert (offer["from_agent"], offer["note_id"]) == ("ann", "m7")
    assert offer["waited_ms"] >= 60_000, "its age is kept"
    world.accept("c1", "ben")
    assert world.kinds() == ["transfer.ended", "assignment.ended", "assignment.started"]
    assert owner(world) == "ben"
    assert world.view("ann")["used"] == 0
    assert world.contact("c1")["waiting_since"] == START
    started = world.last.events[2]
    assert isinstance(started, ev.AssignmentStarted)
    assert started.from_agent == "ann"


def test_only_that_agent_is_asked(world: World) -> None:
    world.agent("ben")
    world.agent("cid")
    world.transfer("c1", to_agent="ben")
    assert world.asked("c1") == ["ben"]


@pytest.mark.parametrize("how", ["declined", "expired", "unavailable"])
def test_when_the_agent_asked_does_not_take_it_the_old_one_still_has_it(
    world: World, how: str
) -> None:
    world.agent("ben")
    world.transfer("c1", to_agent="ben")
    if how == "declined":
        world.decline("c1", "ben")
    elif how == "expired":
        world.wait(21)
    else:
        world.presence("ben", "break")
    (ended,) = [event for event in world.all_events() if isinstance(event, ev.TransferEnded)]
    assert (ended.agent, ended.result) == ("ann", how)
    assert (owner(world), world.state("c1")) == ("ann", "assigned")
    assert world.contact("c1")["transfer"] is None
    assert world.asked("c1") == []


def test_an_impossible_target_is_refused_with_the_reason(world: World) -> None:
    world.transfer("c1", to_agent="nobody")
    assert (world.status(), world.body()["reason"]) == (422, "unknown_agent")
    world.transfer("c1", to_agent="ann")
    assert (world.status(), world.body()["reason"]) == (422, "own_agent")
    world.agent("ben")
    world.presence("ben", "break")
    world.transfer("c1", to_agent="ben")
    assert world.status() == 409
    assert world.body() == {
        "reason": "agent_away",
        "agent_id": "ben",
        "presence": "break",
        "connected": True,
        "used": 0,
    }
    world.presence("ben", "available")
    world.opened("call", "phone")
    world.accept("call")
    world.transfer("c1", to_agent="ben")
    assert (world.status(), world.body()["reason"]) == (409, "agent_busy")
    world.transfer("c1", to_queue="nowhere")
    assert (world.status(), world.body()["reason"]) == (422, "unknown_queue")
    world.transfer("c1", to_queue="calls")
    assert (world.status(), world.body()["reason"]) == (422, "queue_refuses_channel")
    world.transfer("c1", to_skills={"voice": 5})
    assert (world.status(), world.body()["reason"]) == (409, "nobody_able")
    world.transfer("c1")
    assert (world.status(), world.body()["reason"]) == (422, "one_goal")
    world.transfer("c1", to_agent="ben", to_queue="billing")
    assert (world.status(), world.body()["reason"]) == (422, "one_goal")
    assert not any(isinstance(event, ev.TransferStarted) for event in world.all_events())


def test_only_the_owner_transfers_and_only_what_is_in_hand(world: World) -> None:
    world.agent("ben")
    assignment = world.assignment_of("c1")
    data = ce.TransferData(pool=POOL, assignment_id=assignment, agent_id="ben", to_agent="ben")
    world.put(ce.TransferAssignment, data)
    assert world.status() == 403
    world.transfer("c1", to_agent="ben")
    world.transfer("c1", to_agent="ben")
    assert (world.status(), world.body()["reason"]) == (409, "transfer_open")
    world.complete("c1")
    data = ce.TransferData(pool=POOL, assignment_id=assignment, agent_id="ann", to_agent="ben")
    world.put(ce.TransferAssignment, data)
    assert (world.status(), world.body()["reason"]) == (409, "assignment_over")


# To a queue, to skills


def test_to_a_queue_it_waits_at_its_age_and_is_never_offered_to_its_owner(world: World) -> None:
    world.upsert("ann", {"billing": 5, "de": 2})
    world.upsert("bea", {"billing": 3, "de": 1})
    world.opened("c2", topic="billing", language="de", tier="gold")
    assert world.agent_of("c2") == "ann"
    world.decline("c2")
    world.transfer("c1", to_queue="billing")
    assert world.kinds() == ["transfer.started"]
    assert world.contact("c1")["transfer"]["to_queue"] == "billing"
    assert world.contact("c1")["required"] == {"billing": 2, "de": 1}
    assert world.contact("c1")["priority"] == 9, "the customer's priority is kept"
    world.wait(5)
    assert world.asked("c1") == []
    world.connect("bea")
    world.presence("bea", "available")
    assert world.asked("c1") == ["bea"]
    assert owner(world) == "ann"
    world.accept("c1", "bea")
    assert owner(world) == "bea"
    assert world.contact("c1")["queue"] == "billing"
    assert world.contact("c1")["waiting_since"] == START


def test_the_older_transfer_comes_before_the_younger_contact(world: World) -> None:
    world.upsert("bea", {"billing": 3, "de": 1})
    world.transfer("c1", to_skills={"billing": 2})
    world.upsert("ann", {})
    world.presence("ann", "draining")
    world.opened("c2", language="de", tier="gold")
    world.upsert("bea", {"billing": 3, "de": 1}, limits={"chat": 1})
    world.connect("bea")
    world.presence("bea", "available")
    assert world.asked("c1") == ["bea"]
    assert world.state("c2") == "queued"


def test_a_decline_asks_the_next_and_the_transfer_stays_open(world: World) -> None:
    world.agent("ben", de=1)
    world.agent("cid", de=1)
    world.transfer("c1", to_skills={"de": 1})
    assert world.asked("c1") == ["ben"]
    world.decline("c1", "ben")
    assert world.asked("c1") == ["cid"]
    world.wait(21)
    assert (owner(world), world.contact("c1")["transfer"] is not None) == ("ann", True)
    world.wait(15)
    assert world.asked("c1") in (["ben"], ["cid"])


def test_cancelled_it_is_as_if_nothing_had_been_asked(world: World) -> None:
    before = world.contact("c1")
    world.agent("ben", billing=3, de=1)
    world.transfer("c1", to_queue="billing")
    assert world.asked("c1") == ["ben"]
    world.cancel_transfer("c1")
    assert world.kinds() == ["offer.ended", "transfer.ended"]
    assert world.contact("c1") == before
    assert world.view("ben")["used"] == 0
    world.cancel_transfer("c1")
    assert (world.status(), world.body()["reason"]) == (409, "no_transfer")


# What comes between


def test_the_customer_leaves_while_the_transfer_is_open(world: World) -> None:
    world.agent("ben")
    world.transfer("c1", to_agent="ben")
    world.ended("c1", "customer_left")
    assert world.kinds() == [
        "offer.ended",
        "transfer.ended",
        "assignment.ended",
        "contact.closed",
    ]
    assert world.view("ben")["used"] == 0


def test_completing_ends_the_transfer(world: World) -> None:
    world.agent("ben")
    world.transfer("c1", to_agent="ben")
    world.complete("c1")
    assert world.state("c1") == "closed"
    assert world.view("ben")["offers"] == []


def test_a_lost_owners_contact_waits_for_whom_it_was_meant(world: World) -> None:
    world.upsert("bea", {"billing": 3, "de": 1})
    world.transfer("c1", to_queue="billing")
    world.disconnect("ann")
    world.wait(6)
    assert (world.state("c1"), world.contact("c1")["queue"]) == ("queued", "billing")
    assert world.contact("c1")["waiting_since"] == START
    world.configure(config(rules=(), presence=PresenceConfig(grace=1, assignment_grace=5)))
    assert world.contact("c1")["queue"] == "billing", "what people chose stays"
    world.connect("bea")
    world.presence("bea", "available")
    assert world.agent_of("c1") == "bea"


def test_a_lost_owners_open_offers_stay_open(world: World) -> None:
    world.agent("ben")
    world.transfer("c1", to_agent="ben")
    world.disconnect("ann")
    world.wait(6)
    assert (world.state("c1"), world.asked("c1")) == ("offered", ["ben"])
    world.accept("c1", "ben")
    assert owner(world) == "ben"


def test_a_lost_owners_contact_whose_target_declines_waits_again(world: World) -> None:
    world.agent("ben", de=1)
    world.transfer("c1", to_agent="ben")
    world.disconnect("ann")
    world.wait(6)
    world.decline("c1", "ben")
    assert world.state("c1") == "queued"
    assert world.contact("c1")["queue"] == "urgent"


def test_the_old_agent_writes_it_up_as_the_channel_says() -> None:
    channels = {**CHANNELS, "chat": ChannelConfig(cost=50, wrap_up=30)}
    world = World(config(channels=channels))
    world.agent("ann")
    world.opened("c1")
    world.accept("c1")
    world.agent("ben")
    world.transfer("c1", to_agent="ben")
    old = world.assignment_of("c1")
    world.accept("c1", "ben")
    assert world.kinds() == ["transfer.ended", "assignment.wrapping", "assignment.started"]
    assert world.view("ann")["used"] == 50
    assert [one["state"] for one in world.view("ann")["assignments"]] == ["wrapping"]
    assert (owner(world), world.state("c1")) == ("ben", "assigned")
    world.complete("c1")
    assert world.state("c1") == "closed"
    assert load(dump(world.partition)).fingerprint() == world.partition.fingerprint()
    world.complete_assignment(old, "ann")
    assert world.status() == 200
    assert world.kinds() == ["assignment.ended"]
    assert world.view("ann")["used"] == 0
    assert world.replayed().fingerprint() == world.partition.fingerprint()


def test_a_written_up_transfer_ends_by_itself_and_the_contact_goes_on() -> None:
    channels = {**CHANNELS, "chat": ChannelConfig(cost=50, wrap_up=30)}
    world = World(config(channels=channels))
    world.agent("ann")
    world.opened("c1")
    world.accept("c1")
    world.agent("ben")
    world.transfer("c1", to_agent="ben")
    world.accept("c1", "ben")
    world.wait(31)
    (ended,) = [event for event in world.all_events() if isinstance(event, ev.AssignmentEnded)]
    assert (ended.agent, ended.result) == ("ann", "transferred")
    assert (owner(world), world.state("c1")) == ("ben", "assigned")
    world.transfer("c1", to_agent="ann")
    world.accept("c1", "ann")
    assert owner(world) == "ann", "and back"
    assert world.replayed().fingerprint() == world.partition.fingerprint()


def test_whoever_is_given_contacts_has_it_at_once(world: World) -> None:
    world.upsert("ben", {"de": 1}, auto_accept=("chat",))
    world.connect("ben")
    world.presence("ben", "available")
    world.transfer("c1", to_agent="ben")
    assert world.body()["transfer"] == "accepted"
    assert owner(world) == "ben"


def test_a_doubled_command_is_answered_the_same(world: World) -> None:
    world.agent("ben")
    data = ce.TransferData(
        pool=POOL, assignment_id=world.assignment_of("c1"), agent_id="ann", to_agent="ben"
    )
    world.put(ce.TransferAssignment, data, id="once")
    first = world.last.reply
    world.accept("c1", "ben")
    world.put(ce.TransferAssignment, data, id="once")
    assert world.last.reply == first
    assert world.last.events == ()


def test_several_are_asked_at_once_for_a_transfer_too() -> None:
    channels = {**CHANNELS, "chat": ChannelConfig(cost=50, parallel_offers=2)}
    world = World(config(channels=channels))
    world.agent("ann")
    world.opened("c1")
    world.accept("c1")
    for name in ("ben", "cid", "dan"):
        world.agent(name)
    world.transfer("c1", to_queue="general")
    assert world.asked("c1") == ["ben", "cid"]
    world.accept("c1", "cid")
    assert owner(world) == "cid"
    assert world.view("ben")["used"] == 0
    assert world.replayed().fingerprint() == world.partition.fingerprint()
