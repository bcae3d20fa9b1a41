"""Which contact, which agent."""

from collections.abc import Callable
from typing import Any

import pytest

from services.contracts import routing_events as ev
from services.contracts.pool import ChannelConfig, PresenceConfig, QueueConfig
from services.router.core import partition as partition_module
from tests.unit.router.core.world import CHANNELS, START, World, config


def offered(world: World) -> list[tuple[str, str]]:
    """(contact, agent) of the newest step's offers."""
    return [(e.contact, e.agent) for e in world.last.events if isinstance(e, ev.OfferMade)]


def test_a_contact_is_offered_in_the_very_step_that_brings_it(world: World) -> None:
    world.agent("ann")
    world.opened("c1")
    assert world.kinds() == ["contact.queued", "offer.made"]
    assert offered(world) == [("c1", "ann")]


def complete(world: World) -> None:
    world.accept("c1")
    world.complete("c1")


@pytest.mark.parametrize(
    "frees",
    [
        complete,
        lambda world: world.decline("c1"),
        lambda world: world.ended("c1"),
        lambda world: world.cancel("c1"),
        lambda world: world.agent("bob"),
        lambda world: world.wait(10.0),
    ],
    ids=["completed", "declined", "abandoned", "cancelled", "another agent", "timed out"],
)
def test_the_backlog_drains_in_the_very_step_that_frees_an_agent(
    world: World, frees: Callable[[World], object]
) -> None:
    world.agent("ann")
    world.opened("c1", "phone")
    world.opened("c2", "phone")
    assert world.state("c2") == "queued"
    frees(world)
    assert [contact for contact, _ in offered(world)] == ["c2"]


def test_the_higher_priority_comes_first(world: World) -> None:
    world.opened("old", "phone")
    world.now += 60_000
    world.opened("gold", "phone", tier="gold")
    world.agent("ann")
    assert offered(world) == [("gold", "ann")]


def test_of_equal_priority_the_longest_wait_comes_first(world: World) -> None:
    world.now += 60_000
    world.opened("young", "phone")
    world.opened("old", "phone", opened_at=START)
    world.opened("middle", "email", opened_at=START + 10_000)
    world.agent("ann")
    assert offered(world) == [("old", "ann")]


def test_of_equal_age_the_smaller_id_comes_first(world: World) -> None:
    for contact in ("c3", "c1", "c2"):
        world.opened(contact, "phone")
    world.agent("ann")
    assert offered(world) == [("c1", "ann")]


def test_a_contact_whose_channels_line_has_no_free_agent_does_not_hold_up_others(
    world: World,
) -> None:
    world.agent("ann")
    world.opened("c1")
    world.opened("call", "phone")
    world.opened("c2")
    assert offered(world) == [("c2", "ann")]
    assert world.state("call") == "queued"


def test_the_longest_idle_agent_is_asked(world: World) -> None:
    world.agent("bob")
    world.now += 1_000
    world.agent("ann")
    world.now += 1_000
    world.opened("c1", "phone")
    assert offered(world) == [("c1", "bob")]


def test_finishing_work_begins_the_idle_time_anew(world: World) -> None:
    world.agent("bob")
    world.now += 1_000
    world.opened("c1", "phone")
    world.accept("c1")
    world.now += 1_000
    world.agent("cid")
    world.now += 1_000
    world.complete("c1")
    world.opened("c2", "phone")
    assert offered(world) == [("c2", "cid")]


def test_coming_back_from_a_break_begins_the_idle_time_anew(world: World) -> None:
    world.agent("ann")
    world.now += 1_000
    world.agent("bob")
    world.now += 1_000
    world.presence("ann", "break")
    world.presence("ann", "available")
    world.opened("c1", "phone")
    assert offered(world) == [("c1", "bob")]


def test_coming_back_after_being_lost_begins_the_idle_time_anew(world: World) -> None:
    world.agent("ann")
    world.disconnect("ann")
    world.wait(5)
    world.agent("bob")
    world.wait(10)
    world.connect("ann", "again")
    world.opened("c1", "phone")
    assert offered(world) == [("c1", "bob")]


def test_a_freed_agent_is_not_asked_for_what_takes_a_higher_level(world: World) -> None:
    world.agent("ann", billing=1)
    world.opened("c1", "phone")
    world.opened("c2", "phone", topic="billing")
    world.opened("c3", "phone")
    world.ended("c1")
    assert offered(world) == [("c3", "ann")]
    assert world.state("c2") == "queued"


def test_nobody_gets_a_second_contact_while_somebody_has_none(world: World) -> None:
    world.agent("ann")
    world.opened("c1")
    world.now += 5_000
    world.agent("bob")
    world.now += 5_000
    world.opened("c2")
    assert offered(world) == [("c2", "bob")]


def test_of_two_with_work_in_hand_the_one_longest_without_new_work_is_asked(world: World) -> None:
    world.agent("ann")
    world.agent("bob")
    for contact in ("c1", "c2", "c3", "c4"):
        world.now += 1_000
        world.opened(contact)
    agents = [world.agent_of(contact) for contact in ("c1", "c2", "c3", "c4")]
    assert agents == ["ann", "bob", "ann", "bob"]


def test_of_equally_idle_agents_the_one_with_the_fewest_skills_is_asked(world: World) -> None:
    world.agent("ann", billing=2, voice=3)
    world.agent("bob", billing=2)
    world.opened("c1", topic="billing")
    assert offered(world) == [("c1", "bob")]


def test_of_all_equal_agents_the_smallest_id_is_asked_in_whatever_order_they_came(
    world: World,
) -> None:
    for agent in ("cid", "ann", "bob"):
        world.agent(agent)
    world.opened("c1")
    assert offered(world) == [("c1", "ann")]


def test_an_agent_whose_offer_is_rescinded_keeps_the_place_in_line(world: World) -> None:
    world.agent("ann")
    world.now += 1_000
    world.agent("bob")
    world.now += 1_000
    world.opened("c1", "phone")
    world.now += 1_000
    world.ended("c1")
    world.opened("c2", "phone")
    assert offered(world) == [("c2", "ann")]


def test_an_agent_without_a_required_skill_or_level_is_never_asked(world: World) -> None:
    world.agent("ann", voice=5)
    world.agent("bob", billing=1)
    world.opened("c1", topic="billing")
    assert world.state("c1") == "queued"
    world.agent("cid", billing=2)
    assert offered(world) == [("c1", "cid")]


def test_a_language_is_required_like_any_skill(world: World) -> None:
    world.agent("ann")
    world.opened("c1", language="de-AT")
    assert world.state("c1") == "queued"
    world.upsert("ann", {"de": 1})
    assert offered(world) == [("c1", "ann")]


def test_those_with_most_preferred_skills_are_asked_first_and_others_if_none_is_free() -> None:
    queue = QueueConfig(preferred={"voice": 3, "tact": 2})
    world = World(config(queues={"general": queue}, rules=()))
    world.agent("ann")
    world.agent("bob", voice=3, tact=1)
    world.now += 1_000
    world.agent("cid", voice=5, tact=2)
    asked = []
    for contact in ("c1", "c2", "c3"):
        world.opened(contact, "phone")
        asked.append(world.agent_of(contact))
    assert asked == ["cid", "bob", "ann"]


def test_many_waiting_contacts_are_offered_at_once_up_to_capacity(world: World) -> None:
    for number in range(9):
        world.opened(f"c{number}")
    world.agent("ann")
    assert offered(world) == [("c0", "ann"), ("c1", "ann"), ("c2", "ann")]


def test_several_freed_agents_share_the_backlog_in_order(world: World) -> None:
    world.configure(config(channels={**CHANNELS, "chat": ChannelConfig(cost=100)}))
    world.agent("ann")
    world.agent("bob")
    world.opened("c0")
    world.opened("c1")
    for number in range(2, 5):
        world.opened(f"c{number}")
    world.configure(config(channels={**CHANNELS, "chat": ChannelConfig(cost=10)}))
    assert [contact for contact, _ in offered(world)] == []
    world.ended("c0")
    world.ended("c1")
    assert {world.state(f"c{n}") for n in range(2, 5)} == {"offered"}


def test_the_offer_says_how_many_could_and_could_not(world: World) -> None:
    world.agent("ann", billing=2)
    world.agent("busy", billing=3)
    world.agent("gone", billing=3)
    world.agent("novice")
    world.presence("gone", "break")
    world.presence("ann", "break")
    world.opened("call", "phone", topic="billing")
    world.presence("ann", "available")
    world.now += 700
    world.opened("c1", topic="billing")
    why = next(e.why for e in world.last.events if isinstance(e, ev.OfferMade))
    assert why == {
        "candidates": 1,
        "no_room": 1,
        "away": 1,
        "lack_skills": 1,
        "idle_ms": 700,
        "x": 0.0,
        "advantage": 1.0,
        "score": 0.7,
    }


def test_offers_that_do_not_fit_one_step_come_in_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partition_module, "MAX_OFFERS", 2)
    for number in range(3):
        world.opened(f"c{number}")
    world.agent("ann")
    assert len(offered(world)) == 2
    assert world.partition.next_due() == world.partition.at
    world.tick()
    assert offered(world) == [("c2", "ann")]
    world.tick()
    assert world.partition.next_due() == START + 20_000


def test_a_takeover_finds_the_offers_that_the_dead_writer_still_owed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partition_module, "MAX_OFFERS", 2)
    for number in range(3):
        world.opened(f"c{number}")
    world.agent("ann")
    world.partition = world.replayed()
    world.tick(renew=True)
    assert offered(world) == [("c2", "ann")]


def test_the_order_in_which_agents_came_never_changes_a_decision() -> None:
    def run(names: list[str]) -> list[Any]:
        world = World(config(presence=PresenceConfig()))
        for name in names:
            world.upsert(name, {"billing": 1 + len(name) % 3})
        for name in sorted(names):
            world.connect(name)
            world.presence(name, "available")
        made: list[Any] = []
        for number in range(40):
            world.now += 100
            world.opened(f"c{number}", topic=("billing", "")[number % 2])
            made += offered(world)
            if number % 3 == 0 and world.state(f"c{number}") == "offered":
                world.accept(f"c{number}")
                world.complete(f"c{number}")
        return made

    names = ["a", "bb", "ccc", "dddd", "eeeee", "ffffff", "g", "hh", "iii", "j", "kk", "ll"]
    assert run(names) == run(names[::-1]) == run(names[5:] + names[:5])
