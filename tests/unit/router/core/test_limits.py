"""Point 11 of routing.md: beyond a queue's length, waiting time or expected wait a contact goes to
another queue, or ends with what its customer is told."""

from collections.abc import Iterator
from typing import Any

import pytest

from services.contracts import routing_events as ev
from services.contracts.pool import (
    CalendarConfig,
    Instead,
    PoolConfig,
    QueueConfig,
    Rule,
    WeeklyHours,
)
from services.router.core import forecasts
from services.router.core.expected import Forecast
from tests.unit.router.core.world import World, config

SECOND = Instead(action="queue", queue="second")
CALLBACK = Instead(action="callback")


def pool(first: dict[str, Any], second: dict[str, Any] | None = None) -> PoolConfig:
    return config(
        queues={
            "general": QueueConfig(),
            "first": QueueConfig(required={"billing": 1}, **first),
            "second": QueueConfig(required={"voice": 1}, priority=7, **(second or {})),
        },
        rules=(Rule(queue="first", require={"de": 2}, when={"topic": "first"}),),
    )


@pytest.fixture
def world() -> Iterator[World]:
    world = World(pool({"max_wait": 60.0, "overflow": SECOND}))
    yield world
    assert world.replayed().fingerprint() == world.partition.fingerprint()


def place(world: World, contact: str) -> tuple[str, str]:
    view = world.contact(contact)
    return view["state"], view["queue"]


def ends(world: World) -> list[tuple[str, str, str]]:
    return [
        (event.contact, event.action, event.reason)
        for event in world.all_events()
        if isinstance(event, ev.ContactOverflowed)
    ]


# Length


def test_contact_beyond_the_queues_length_overflows() -> None:
    world = World(pool({"max_length": 2, "overflow": CALLBACK}))
    for number in range(3):
        world.opened(f"c{number}", topic="first")
    assert [world.state(f"c{number}") for number in range(3)] == ["queued", "queued", "overflowed"]
    assert ends(world) == [("c2", "callback", "max_length")]
    world.cancel("c0")
    world.opened("c3", topic="first")
    assert world.state("c3") == "queued"
    assert world.replayed().fingerprint() == world.partition.fingerprint()


def test_queue_without_places_serves_who_need_not_wait() -> None:
    world = World(pool({"max_length": 0}))
    world.agent("anna", billing=1, de=2)
    for number in range(4):
        world.opened(f"c{number}", topic="first")
    assert [world.state(f"c{number}") for number in range(4)] == [*["offered"] * 3, "overflowed"]
    assert ends(world) == [("c3", "reject", "max_length")]


# Time


def test_contact_that_waited_too_long_goes_to_the_other_queue_and_keeps_its_age(
    world: World,
) -> None:
    began = world.now
    world.opened("c1", topic="first", language="de")
    world.wait(59.999)
    assert place(world, "c1") == ("queued", "first")
    world.wait(0.001)
    assert place(world, "c1") == ("queued", "second")
    view = world.contact("c1")
    assert view["required"] == {"voice": 1, "de": 2}, "the other queue's, the rule's own"
    assert (view["priority"], view["waiting_since"]) == (7, began)


def test_wait_that_ends_the_contact_says_so(world: World) -> None:
    world.configure(pool({"max_wait": 10.0, "overflow": Instead(action="form")}))
    world.opened("c1", topic="first", opened_at=world.now - 4_000)
    world.wait(6)
    assert ends(world) == [("c1", "form", "max_wait")]


def test_time_in_the_other_queue_counts_from_there() -> None:
    limits = {"max_wait": 60.0, "overflow": SECOND}
    world = World(pool(limits, {"max_wait": 100.0, "overflow": CALLBACK}))
    world.opened("c1", topic="first")
    world.wait(159)
    assert place(world, "c1") == ("queued", "second")
    world.wait(1)
    assert ends(world) == [("c1", "callback", "max_wait")]


def test_contact_with_an_agent_does_not_wait(world: World) -> None:
    world.agent("anna", billing=1, de=2)
    world.opened("c1", topic="first")
    world.accept("c1")
    world.wait(120)
    assert world.state("c1") == "assigned"
    world.disconnect("anna")
    world.wait(60)
    assert place(world, "c1") == ("queued", "first")
    world.wait(59)
    assert place(world, "c1") == ("queued", "first"), "its time began anew"
    world.wait(1)
    assert place(world, "c1") == ("queued", "second")


def test_offer_in_vain_beyond_the_time_overflows_at_once(world: World) -> None:
    world.agent("anna", billing=1, de=2)
    world.presence("anna", "break")
    world.opened("c1", topic="first")
    world.wait(55)
    world.presence("anna", "available")
    world.wait(19)
    assert world.state("c1") == "offered"
    world.decline("c1")
    assert place(world, "c1") == ("queued", "second")


def test_time_counts_anew_in_the_queue_that_a_supervisor_chose() -> None:
    world = World(pool({"max_wait": 60.0}, {"max_wait": 60.0}))
    world.opened("c1", topic="first")
    world.wait(50)
    world.move("c1", "second")
    world.wait(59)
    assert place(world, "c1") == ("queued", "second")
    world.wait(1)
    assert ends(world) == [("c1", "reject", "max_wait")]


def test_supervisor_takes_a_parked_contact_for_somebody_who_is_there() -> None:
    never = CalendarConfig(time_zone="UTC", hours=WeeklyHours())
    queues = {"general": QueueConfig(calendar="never")}
    world = World(config(queues=queues, rules=(), calendars={"never": never}))
    world.agent("anna")
    world.opened("c1")
    assert world.state("c1") == "parked"
    world.reassign("c1", "anna")
    assert world.agent_of("c1") == "anna"
    world.disconnect("anna")
    world.wait(61)
    assert world.state("c1") == "queued", "what was begun is not parked again"
    assert world.replayed().fingerprint() == world.partition.fingerprint()


def test_limits_of_a_new_configuration_count_for_those_who_wait(world: World) -> None:
    world.opened("c1", topic="first")
    world.wait(30)
    world.configure(pool({"max_wait": 20.0}))
    assert ends(world) == [("c1", "reject", "max_wait")]


# Expected wait


def forecast(monkeypatch: pytest.MonkeyPatch, median: int | None) -> None:
    found = None if median is None else Forecast(median, (1, 1), (1, 1))
    monkeypatch.setattr(forecasts, "of_contact", lambda *_: found)


def test_contact_that_would_wait_too_long_overflows_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(pool({"max_expected_wait": 30.0, "overflow": SECOND}))
    forecast(monkeypatch, 30_001)
    world.opened("c1", topic="first")
    assert place(world, "c1") == ("queued", "second")
    forecast(monkeypatch, 30_000)
    world.opened("c2", topic="first")
    assert place(world, "c2") == ("queued", "first")
    forecast(monkeypatch, None)
    world.opened("c3", topic="first")
    assert place(world, "c3") == ("queued", "first"), "nobody knows"
    assert world.replayed().fingerprint() == world.partition.fingerprint()


def test_expected_wait_is_asked_only_where_somebody_would_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(pool({"max_expected_wait": 30.0, "overflow": SECOND}))
    world.agent("anna", billing=1, de=2)
    forecast(monkeypatch, 30_001)
    world.opened("c1", topic="first")
    assert world.agent_of("c1") == "anna"


# Chains


def test_chain_of_full_queues_ends_with_the_last_ones_word() -> None:
    world = World(
        pool(
            {"max_length": 0, "overflow": SECOND},
            {"max_length": 0, "overflow": Instead(action="form")},
        )
    )
    world.opened("c1", topic="first")
    assert world.kinds() == ["contact.queued", "contact.requeued", "contact.overflowed"]
    assert place(world, "c1") == ("overflowed", "second")


def test_contact_never_comes_back_to_a_queue_that_sent_it_on(world: World) -> None:
    world.opened("c1", topic="first")
    world.wait(60)
    back = Instead(action="queue", queue="first")
    world.configure(pool({}, {"max_wait": 60.0, "overflow": back}))
    world.wait(1_000)
    assert place(world, "c1") == ("queued", "second")
    world.opened("c2", topic="first")
    assert place(world, "c2") == ("queued", "first")


def test_circles_are_refused() -> None:
    world = World()
    back = Instead(action="queue", queue="first")
    world.configure(
        pool({"max_length": 1, "overflow": SECOND}, {"max_wait": 5.0, "overflow": back})
    )
    assert world.status() == 422
    assert world.body()["problems"] == ["contacts would go round: first → second → first"]


def test_contact_that_was_sent_on_goes_by_the_rules_when_that_queue_is_gone(world: World) -> None:
    world.opened("c1", topic="first")
    world.wait(60)
    world.configure(config(queues={"general": QueueConfig()}, rules=()))
    assert place(world, "c1") == ("queued", "general")
