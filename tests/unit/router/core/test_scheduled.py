"""Point 9 of routing.md: callbacks and appointments wait from their time on; promises are kept,
late or broken."""

from collections.abc import Iterator

import pytest

from services.contracts import routing_events as ev
from services.contracts.pool import CalendarConfig, Instead, QueueConfig, WeeklyHours
from services.router.core.queries import queue_views
from tests.unit.router.core.world import POOL, World, config

HOUR = 3_600_000


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    assert world.replayed().fingerprint() == world.partition.fingerprint()


def callback(world: World, contact: str = "c1", window: int = 1_800_000) -> int:
    """A callback in an hour; its time."""
    at = world.now + HOUR
    world.opened(contact, "phone", not_before=at, due_at=at + window)
    return at


def settled(world: World) -> list[tuple[str, str]]:
    return [
        (event.contact, event.result)
        for event in world.all_events()
        if isinstance(event, ev.PromiseSettled)
    ]


def test_callback_waits_from_its_time_on_and_not_before(world: World) -> None:
    world.agent("anna")
    at = callback(world)
    assert world.state("c1") == "scheduled"
    view = next(v for v in queue_views(world.partition, POOL) if v["queue"] == "calls")
    assert (view["scheduled"], view["waiting"]) == (1, 0)
    world.wait(3599.999)
    assert world.state("c1") == "scheduled"
    world.wait(0.001)
    assert world.agent_of("c1") == "anna"
    offer = next(e for e in world.last.events if isinstance(e, ev.OfferMade))
    assert offer.waited_ms == 0, "its age begins at its time"
    assert world.contact("c1")["waiting_since"] == at


def test_time_that_is_over_already_is_now(world: World) -> None:
    world.agent("anna")
    world.opened("c1", "phone", not_before=world.now - 1_000, due_at=world.now + 1_000)
    assert world.agent_of("c1") == "anna"


def test_router_that_was_away_makes_up_for_it_at_once(world: World) -> None:
    world.agent("anna")
    callback(world)
    world.now += 2 * HOUR
    world.heartbeat("g1")
    assert world.state("c1") in ("queued", "offered")


@pytest.mark.parametrize(("wait", "result"), [(1799, "kept"), (1800, "kept"), (1801, "late")])
def test_promise_is_kept_by_who_accepts_in_time(world: World, wait: float, result: str) -> None:
    world.agent("anna")
    world.presence("anna", "break")
    callback(world)
    world.wait(3600 + wait)
    world.presence("anna", "available")
    assert settled(world) == []
    world.accept("c1")
    assert settled(world) == [("c1", result)]
    world.complete("c1")
    assert len(settled(world)) == 1, "settled once"


@pytest.mark.parametrize(
    ("wait", "result"), [(60, "cancelled"), (5399, "cancelled"), (5401, "broken")]
)
def test_callback_that_is_called_off_in_time_breaks_no_promise(
    world: World, wait: float, result: str
) -> None:
    callback(world)
    world.wait(wait)
    world.cancel("c1")
    assert settled(world) == [("c1", result)]


def test_promise_that_was_kept_is_not_settled_again_after_the_agent_was_lost(world: World) -> None:
    world.agent("anna")
    callback(world)
    world.wait(3600)
    world.accept("c1")
    world.disconnect("anna")
    world.wait(120)
    assert world.state("c1") == "queued"
    world.ended("c1")
    assert settled(world) == [("c1", "kept")]


def test_contact_without_a_promise_settles_none(world: World) -> None:
    world.agent("anna")
    world.opened("c1")
    world.accept("c1")
    world.complete("c1")
    assert settled(world) == []


def test_neither_hours_nor_limits_turn_away_what_was_promised() -> None:
    never = CalendarConfig(time_zone="UTC", hours=WeeklyHours())
    calls = QueueConfig(
        channels=("phone",),
        calendar="never",
        closed=Instead(action="reject"),
        max_length=0,
        max_wait=1.0,
    )
    world = World(
        config(
            queues={
                "general": QueueConfig(),
                "urgent": QueueConfig(),
                "billing": QueueConfig(),
                "calls": calls,
            },
            calendars={"never": never},
        )
    )
    callback(world)
    world.wait(3700)
    assert world.state("c1") == "queued"
    world.agent("anna")
    world.accept("c1")
    assert settled(world) == [("c1", "kept")]


def test_scheduled_contact_that_its_customer_ends_is_withdrawn(world: World) -> None:
    callback(world)
    world.ended("c1", "solved")
    world.wait(7200)
    assert world.state("c1") == "withdrawn"


def test_scheduled_contact_goes_by_the_rules_of_its_time(world: World) -> None:
    callback(world)
    world.configure(config(queues={"general": QueueConfig()}, rules=()))
    world.wait(3600)
    assert (world.state("c1"), world.contact("c1")["queue"]) == ("queued", "general")
