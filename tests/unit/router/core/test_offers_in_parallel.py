"""Point 5 of routing.md: several are asked at once, the first accept wins."""

from random import Random

import pytest

from services.contracts import contact_events as ce
from services.contracts import routing_events as ev
from services.contracts.pool import ChannelConfig
from tests.unit.router.core.world import CHANNELS, POOL, World, config


def parallel(most: int = 3, agents: int = 3) -> World:
    chat = ChannelConfig(cost=50, offer_timeout=20, parallel_offers=most)
    channels = {**CHANNELS, "chat": chat}
    world = World(config(channels=channels))
    for number in range(agents):
        world.now += 1_000
        world.agent(f"a{number}")
    return world


def replays(world: World) -> bool:
    return world.replayed().fingerprint() == world.partition.fingerprint()


def test_so_many_are_asked_at_once_and_no_more() -> None:
    world = parallel(most=2)
    world.opened("c1")
    assert world.asked("c1") == ["a0", "a1"]
    assert world.state("c1") == "offered"
    assert replays(world)


def test_the_first_accept_wins_and_the_others_are_asked_no_more_in_the_same_step() -> None:
    world = parallel()
    world.opened("c1")
    world.accept("c1", "a1")
    assert world.kinds() == ["offer.ended", "offer.ended", "assignment.started"]
    ended = [event for event in world.last.events if isinstance(event, ev.OfferEnded)]
    assert {(event.agent, event.result) for event in ended} == {
        ("a0", "rescinded"),
        ("a2", "rescinded"),
    }
    assert world.agent_of("c1") == "a1"
    assert [world.view(f"a{number}")["used"] for number in range(3)] == [0, 50, 0]
    assert replays(world)


def test_who_comes_second_is_told_who_has_it_not() -> None:
    world = parallel()
    world.opened("c1")
    late = world.offer_of("c1", "a2")
    world.accept("c1", "a1")
    world.accept_offer(late, "a2")
    assert world.status() == 409
    assert world.body() == {
        "reason": "offer_over",
        "offer_result": "rescinded",
        "contact_id": "c1",
        "contact_state": "assigned",
    }


def test_who_was_asked_in_vain_loses_nothing_of_their_place() -> None:
    world = parallel()
    before = [world.view(f"a{number}")["idle_since"] for number in range(3)]
    world.opened("c1")
    world.now += 500
    world.opened("c2")
    world.now += 500
    world.accept("c1", "a2")
    world.accept("c2", "a2")
    assert [world.view(f"a{number}")["idle_since"] for number in range(2)] == before[:2]
    world.opened("m1", "email")
    assert world.agent_of("m1") == "a0"
    assert replays(world)


def test_a_decline_leaves_the_other_offers_open() -> None:
    world = parallel()
    world.opened("c1")
    world.decline("c1", "a0")
    assert world.kinds() == ["offer.ended"]
    assert world.asked("c1") == ["a1", "a2"]
    world.decline("c1", "a1")
    assert world.state("c1") == "offered"
    world.decline("c1", "a2")
    assert world.kinds() == ["offer.ended", "contact.requeued"]
    assert world.state("c1") == "queued"
    assert replays(world)


def test_a_time_out_leaves_later_offers_open() -> None:
    world = parallel(most=2, agents=1)
    world.opened("c1")
    world.wait(10)
    world.agent("late")
    assert world.asked("c1") == ["a0", "late"]
    world.wait(11)
    assert world.asked("c1") == ["late"]
    world.wait(10)
    assert world.state("c1") == "queued"
    world.wait(5)
    assert world.asked("c1") == ["a0"], "asked again after a while"
    assert replays(world)


def test_whoever_becomes_free_is_asked_too_up_to_the_number() -> None:
    world = parallel(most=2, agents=1)
    world.opened("c1")
    world.agent("b1")
    world.agent("b2")
    assert world.asked("c1") == ["a0", "b1"]
    world.decline("c1", "a0")
    assert world.asked("c1") == ["b1", "b2"]
    assert replays(world)


def test_who_waits_with_nobody_asked_comes_before_a_second_offer() -> None:
    world = parallel(most=2, agents=1)
    world.opened("older")
    world.opened("younger")
    assert world.asked("older") == ["a0"]
    assert world.asked("younger") == ["a0"]
    world.opened("third")
    world.upsert("b1", {}, limits={"chat": 1})
    world.connect("b1")
    world.presence("b1", "available")
    assert world.asked("third") == ["b1"]
    assert world.asked("older") == ["a0"]
    world.ended("third")
    assert world.asked("older") == ["a0", "b1"]
    assert replays(world)


def test_nobody_is_asked_twice_at_a_time_for_the_same_contact() -> None:
    world = parallel(most=3, agents=1)
    world.opened("c1")
    assert world.asked("c1") == ["a0"]


def test_the_agent_whom_the_customer_knows_is_asked_alone() -> None:
    world = parallel()
    world.opened("c1", preferred_agent="a1")
    assert world.asked("c1") == ["a1"]
    world.decline("c1", "a1")
    assert world.asked("c1") == ["a0", "a2"]
    assert replays(world)


def test_a_contact_that_leaves_takes_all_its_offers_with_it() -> None:
    world = parallel()
    world.opened("c1")
    world.ended("c1")
    assert world.kinds() == ["offer.ended"] * 3 + ["contact.withdrawn"]
    assert all(world.view(f"a{number}")["used"] == 0 for number in range(3))
    assert replays(world)


def test_whoever_goes_away_is_asked_no_more_and_the_others_are() -> None:
    world = parallel()
    world.opened("c1")
    world.presence("a0", "break")
    assert world.asked("c1") == ["a1", "a2"]
    world.presence("a1", "break")
    world.presence("a2", "break")
    assert world.state("c1") == "queued"
    assert replays(world)


def test_another_number_holds_for_contacts_that_are_offered_already() -> None:
    world = parallel(most=1)
    world.opened("c1")
    chat = ChannelConfig(cost=50, parallel_offers=2)
    world.configure(config(channels={**CHANNELS, "chat": chat}))
    assert world.asked("c1") == ["a0", "a1"]
    assert replays(world)


def test_an_agent_who_is_given_contacts_ends_the_others_offers() -> None:
    world = parallel(most=3, agents=1)
    world.opened("c1")
    world.upsert("a9", {}, auto_accept=("chat",))
    world.connect("a9")
    world.presence("a9", "available")
    assert world.state("c1") == "assigned"
    assert world.agent_of("c1") == "a9"
    assert world.view("a0")["offers"] == []
    assert replays(world)


@pytest.mark.parametrize("seed", range(5))
def test_fifty_simultaneous_accepts_make_one_owner(seed: int) -> None:
    """Ten are asked, each accepts five times over as clients and proxies do when unsure."""
    world = parallel(most=10, agents=10)
    world.opened("c1")
    asked = [
        (offer, agent) for agent in world.asked("c1") for offer in [world.offer_of("c1", agent)]
    ]
    accepts = asked * 5
    assert len(accepts) == 50
    Random(seed).shuffle(accepts)
    statuses = []
    for offer, agent in accepts:
        world.accept_offer(offer, agent)
        statuses.append(world.status())
    assert sorted(statuses) == [200] + [409] * 49
    started = [event for event in world.all_events() if isinstance(event, ev.AssignmentStarted)]
    assert [event.agent for event in started] == [accepts[0][1]]
    assert sum(world.view(f"a{number}")["used"] for number in range(10)) == 50
    assert replays(world)


def test_fifty_accepts_with_one_command_id_are_one_answer() -> None:
    world = parallel(most=10, agents=10)
    world.opened("c1")
    data = ce.OfferData(pool=POOL, offer_id=world.offer_of("c1", "a4"), agent_id="a4")
    answers = []
    for _ in range(50):
        world.put(ce.AcceptOffer, data, id="once")
        answers.append((world.status(), world.body()))
    assert answers == answers[:1] * 50
    assert answers[0][0] == 200
