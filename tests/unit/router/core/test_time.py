"""Time never runs backwards, timers fire at the event that finds them due, outages are nobody's
fault."""

import pytest

from services.contracts import routing_events as ev
from services.contracts.journal import Record, Source
from services.contracts.pool import ChannelConfig, PresenceConfig
from services.router.core import partition as partition_module
from services.router.core.partition import Partition
from tests.unit.router.core.world import CHANNELS, START, World, config


def test_time_never_runs_backwards(world: World) -> None:
    world.now += 5_000
    world.tick()
    world.now -= 60_000
    assert world.tick().at == START + 5_000
    assert world.partition.at == START + 5_000


def test_an_offset_that_was_stepped_is_refused(world: World) -> None:
    with pytest.raises(ValueError, match="not above"):
        world.partition.reject(world.offset, "undecodable", "", world.now)


def test_a_hole_in_the_offsets_is_fine(world: World) -> None:
    world.offset += 10
    world.tick()
    assert world.partition.last == world.offset


def test_an_unreadable_record_is_rejected_and_due_timers_fire_before_it(world: World) -> None:
    world.agent("ann")
    world.opened("c1", "phone")
    world.offset += 1
    decision = world.keep(
        world.partition.reject(world.offset, "undecodable", "not JSON", START + 10_000)
    )
    assert world.kinds() == ["offer.ended", "contact.requeued", "input.rejected"]
    assert decision.events[-1] == ev.InputRejected(reason="undecodable", detail="not JSON")
    assert decision.reply is None


def test_a_new_partition_has_nothing_due() -> None:
    partition = Partition(0)
    assert (partition.number, partition.at, partition.last) == (0, 0, -1)
    assert partition.next_due() is None


def test_the_next_due_time_is_that_of_the_earliest_timer(world: World) -> None:
    world.agent("ann")
    world.opened("m1", "email")
    assert world.partition.next_due() == START + 60_000
    world.opened("c1", "chat")
    assert world.partition.next_due() == START + 20_000
    world.accept("c1")
    assert world.partition.next_due() == START + 60_000


def test_timers_fire_in_the_order_of_their_times() -> None:
    world = World(config(channels={**CHANNELS, "chat": ChannelConfig(cost=30, offer_timeout=9)}))
    world.agent("ann")
    world.agent("bob")
    world.opened("late", "phone")
    world.now += 500
    world.opened("early", "chat")
    world.now = START + 10_000
    world.tick()
    ended = [event.contact for event in world.last.events if isinstance(event, ev.OfferEnded)]
    assert ended == ["early", "late"]


def test_a_late_timer_renews_offers_leases_and_grace_times(world: World) -> None:
    world.agent("ann")
    world.agent("bob")
    world.opened("m1", "email")
    world.opened("c1")
    world.opened("call", "phone")
    world.disconnect("bob")
    world.now += 12_001
    revision = world.view("ann")["revision"]
    world.tick()
    assert world.kinds()[0] == "timers.renewed"
    assert "offer.ended" not in world.kinds()
    offers = world.view("ann")["offers"] + world.view("bob")["offers"]
    assert {offer["expires_at"] - world.now for offer in offers} <= {60_000, 20_000, 10_000}
    assert world.view("ann")["revision"] == revision + 1
    assert world.partition.gateways["g1"].until == world.now + 180_000
    agent = world.partition.pools["acme/care"].agents["bob"]
    assert agent.grace_until == world.now + 10_000
    assert agent.assignment_grace_until == world.now + 60_000


def test_a_timer_two_seconds_late_is_still_in_time(world: World) -> None:
    world.agent("ann")
    world.opened("c1", "phone")
    world.now += 12_000
    world.tick()
    assert world.kinds() == ["offer.ended", "contact.requeued"]


def test_the_first_step_after_a_takeover_renews_too(world: World) -> None:
    world.agent("ann")
    world.opened("c1", "phone")
    world.now += 5_000
    world.tick(renew=True)
    assert world.kinds() == ["timers.renewed"]
    assert world.view("ann")["offers"][0]["expires_at"] == START + 15_000


def test_nothing_is_renewed_when_nothing_is_open(world: World) -> None:
    world.tick(renew=True)
    assert world.kinds() == []
    world.opened("c1")
    world.ended("c1")
    world.now += 25 * 3_600_000
    world.tick()
    assert world.kinds() == ["contact.forgotten"]


def test_wrap_up_times_are_not_renewed(world: World) -> None:
    world.agent("ann")
    world.opened("c1", "phone")
    world.accept("c1")
    world.wrap_up("c1")
    world.now += 20_000
    world.tick()
    assert world.kinds() == ["timers.renewed", "assignment.ended", "contact.closed"]


def test_a_renewed_offer_expires_at_its_new_time_only(world: World) -> None:
    world.agent("ann")
    world.opened("c1", "phone")
    world.now += 9_000
    world.tick(renew=True)
    world.wait(9.9)
    assert world.agent_of("c1") == "ann"
    world.wait(0.2)
    assert world.state("c1") == "queued"


def test_a_timer_due_at_the_events_own_time_fires_in_that_step(world: World) -> None:
    world.configure(config(presence=PresenceConfig(grace=0)))
    world.agent("ann")
    world.opened("c1")
    world.disconnect("ann")
    assert world.kinds() == ["session.detached", "agent.lost", "offer.ended", "contact.requeued"]


def test_more_timers_than_fit_a_step_fire_in_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partition_module, "MAX_FIRED", 2)
    for number in range(5):
        world.agent(f"agent{number}")
        world.opened(f"c{number}", "phone")
    world.now += 10_000
    expired = []
    for _ in range(3):
        world.tick()
        expired.append(world.kinds().count("offer.ended"))
    assert expired == [2, 2, 1]


def test_housekeeping_that_is_late_renews_nothing(world: World) -> None:
    for number in range(300):
        world.opened(f"c{number}")
        world.ended(f"c{number}")
    world.now += 24 * 3_600_000 - 1
    world.agent("ann")
    world.now += 10_000
    world.tick()
    assert world.kinds() == ["contact.forgotten"] * 200
    world.now += 10_000
    world.tick()
    assert world.kinds() == ["contact.forgotten"] * 100


def test_a_follower_has_the_same_timers_and_drops_dead_ones(world: World) -> None:
    for _ in range(200):
        world.heartbeat("g1")
        world.now += 500
    follower = world.replayed()
    assert follower.next_due() == world.partition.next_due()
    assert len(follower.schedule.due) < 20


def test_applying_a_record_takes_its_time_and_offset() -> None:
    follower = Partition(3)
    follower.apply(Record(epoch=1, src=Source("t", 41), at=START))
    assert (follower.at, follower.last) == (START, 41)
