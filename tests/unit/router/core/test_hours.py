"""Point 10 of routing.md: outside a queue's hours a contact is parked, goes to another queue, or
ends with what its customer is told: a form, a callback, the next opening time."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
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
from services.router.core import calendars
from services.router.core.partition import MAX_FIRED
from services.router.core.queries import queue_views
from tests.unit.router.core.world import POOL, World, config

HELSINKI = ZoneInfo("Europe/Helsinki")
OFFICE = ("08:00-12:00", "13:00-16:00")
WEEK = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), OFFICE)
CALENDAR = CalendarConfig(
    time_zone="Europe/Helsinki",
    hours=WeeklyHours(**WEEK),
    holidays="FI",
    exceptions={"2026-12-23": ("10:00-11:00",)},
)


def moment(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=HELSINKI).timestamp() * 1000)


def pool(closed: Instead | None = None, **more: Any) -> PoolConfig:
    queues = {
        "general": QueueConfig(),
        "office": QueueConfig(calendar="office", closed=closed or Instead(action="park"), **more),
        "evening": QueueConfig(calendar="evening", closed=Instead(action="callback")),
    }
    rules = (
        Rule(queue="office", when={"topic": "office"}),
        Rule(queue="evening", when={"topic": "evening"}),
    )
    evening = CalendarConfig(time_zone="Europe/Helsinki", hours=WeeklyHours(fri=("16:00-20:00",)))
    return config(queues=queues, rules=rules, calendars={"office": CALENDAR, "evening": evening})


def at(text: str, configuration: PoolConfig | None = None) -> World:
    """A world that begins at that moment in Helsinki."""
    world = World(configure=False)
    world.now = moment(text)
    world.configure(configuration or pool())
    assert world.status() == 200, world.body()
    return world


@pytest.fixture
def world() -> Iterator[World]:
    """Friday evening: the office is closed."""
    world = at("2026-11-27T19:00")
    yield world
    assert world.replayed().fingerprint() == world.partition.fingerprint()


def overflowed(world: World) -> ev.ContactOverflowed:
    event = next(e for e in world.last.events if isinstance(e, ev.ContactOverflowed))
    assert world.state(event.contact) == "overflowed"
    return event


def changes(world: World) -> list[tuple[str, str, int]]:
    return [
        (type(event).__name__, event.queue, event.until)
        for event in world.all_events()
        if isinstance(event, ev.QueueOpened | ev.QueueClosed)
    ]


# Opening and closing


def test_queue_opens_and_closes_by_its_calendar(world: World) -> None:
    world.wait(3.5 * 24 * 3600)
    office = [change for change in changes(world) if change[1] == "office"]
    assert office == [
        ("QueueClosed", "office", moment("2026-11-30T08:00")),
        ("QueueOpened", "office", moment("2026-11-30T12:00")),
        ("QueueClosed", "office", moment("2026-11-30T13:00")),
        ("QueueOpened", "office", moment("2026-11-30T16:00")),
        ("QueueClosed", "office", moment("2026-12-01T08:00")),
    ]


def test_replay_asks_no_calendar(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.wait(3 * 24 * 3600)
    monkeypatch.setattr(calendars, "hours_at", lambda *_: pytest.fail("asked"))
    assert world.replayed().fingerprint() == world.partition.fingerprint()


def test_views_say_whether_a_queue_is_open(world: World) -> None:
    views = {view["queue"]: view for view in queue_views(world.partition, POOL)}
    assert (views["office"]["open"], views["office"]["opens_at"]) == (
        False,
        moment("2026-11-30T08:00"),
    )
    assert (views["general"]["open"], views["general"]["open_until"]) == (True, None)


def test_router_that_was_away_says_what_is_true_now(world: World) -> None:
    world.now = moment("2026-12-01T09:00")
    world.tick()
    assert changes(world)[-2:] == [
        ("QueueClosed", "evening", moment("2026-12-04T16:00")),
        ("QueueOpened", "office", moment("2026-12-01T12:00")),
    ]


# Parked


def test_contact_outside_the_hours_is_parked_and_comes_back_at_its_age(world: World) -> None:
    world.agent("anna")
    opened_at = world.now
    world.opened("c1", topic="office")
    assert world.kinds() == ["contact.queued", "contact.parked"]
    assert world.contact("c1")["opens_at"] == moment("2026-11-30T08:00")
    world.wait(24 * 3600)
    assert world.state("c1") == "parked"
    world.presence("anna", "break")
    world.wait(2 * 24 * 3600)
    assert world.state("c1") == "queued"
    assert world.contact("c1")["waiting_since"] == opened_at
    world.presence("anna", "available")
    assert world.agent_of("c1") == "anna"


def test_holidays_and_split_shifts_are_kept() -> None:
    """A complaint: the customer waited at the phone all Christmas."""
    world = at("2026-12-22T17:00")
    world.opened("before", topic="office")
    world.now = moment("2026-12-23T10:30")
    world.tick()
    assert world.state("before") == "queued", "the short day before Christmas"
    for number, text in enumerate(("2026-12-23T11:00", "2026-12-24T09:00", "2026-12-25T09:00")):
        world.now = moment(text)
        world.opened(f"c{number}", topic="office")
        assert world.contact(f"c{number}")["opens_at"] == moment("2026-12-28T08:00")
    world.now = moment("2026-12-28T08:00")
    world.tick()
    world.now = moment("2026-12-28T12:30")
    world.opened("lunch", topic="office")
    assert world.state("c0") == "queued"
    assert world.contact("lunch")["opens_at"] == moment("2026-12-28T13:00")


def test_parked_contacts_come_back_in_portions_the_oldest_first(world: World) -> None:
    count = MAX_FIRED + 50
    for number in range(count):
        world.opened(f"c{number:03}", topic="office", opened_at=world.now - number)
    world.now = moment("2026-11-30T08:00")
    world.tick()
    back = world.kinds().count("contact.requeued")
    assert 0 < back <= MAX_FIRED
    assert world.state(f"c{count - 1:03}") == "queued", "the oldest"
    assert world.state("c000") == "parked", "the youngest"
    while world.partition.next_due() == world.partition.at:
        world.tick()
    assert world.state("c000") == "queued"


def test_contacts_that_were_parked_do_not_wait_too_long_at_once() -> None:
    world = at("2026-11-27T19:00", pool(max_wait=60.0))
    world.opened("c1", topic="office")
    world.wait(moment("2026-11-30T08:00") / 1000 - world.now / 1000 + 59)
    assert world.state("c1") == "queued"
    world.wait(1)
    assert world.state("c1") == "overflowed"


def test_parked_contact_may_be_withdrawn(world: World) -> None:
    world.opened("c1", topic="office")
    world.ended("c1")
    assert world.state("c1") == "withdrawn"
    world.opened("c2", topic="office")
    world.cancel("c2")
    assert world.state("c2") == "withdrawn"


def test_calendar_taken_away_brings_parked_contacts_back(world: World) -> None:
    world.opened("c1", topic="office")
    open_all = pool()
    queues = {**open_all.queues, "office": QueueConfig()}
    world.configure(msgspec.structs.replace(open_all, queues=queues))
    assert world.state("c1") == "queued"
    views = {view["queue"]: view for view in queue_views(world.partition, POOL)}
    assert views["office"]["open"]


def test_new_hours_open_the_queue_at_once(world: World) -> None:
    world.opened("c1", topic="office")
    always = msgspec.structs.replace(
        CALENDAR, hours=WeeklyHours(**{**WEEK, "fri": ("08:00-24:00",)})
    )
    world.configure(
        msgspec.structs.replace(pool(), calendars={"office": always, "evening": always})
    )
    assert world.state("c1") == "queued"


def test_queue_that_is_gone_gives_back_what_it_had_parked(world: World) -> None:
    world.opened("c1", topic="office")
    world.configure(config(queues={"general": QueueConfig()}, rules=()))
    assert (world.state("c1"), world.contact("c1")["queue"]) == ("queued", "general")


# Elsewhere


def test_closed_queue_may_send_its_contacts_to_another() -> None:
    world = at("2026-11-27T19:00", pool(Instead(action="queue", queue="evening")))
    world.opened("c1", topic="office")
    assert (world.state("c1"), world.contact("c1")["queue"]) == ("queued", "evening")
    assert world.last.events[1].reason == "closed"  # type: ignore[union-attr]


def test_if_the_other_queue_is_closed_too_its_own_rule_counts() -> None:
    world = at("2026-11-28T19:00", pool(Instead(action="queue", queue="evening")))
    world.opened("c1", topic="office")
    event = overflowed(world)
    assert (event.action, event.reason) == ("callback", "closed")
    assert event.opens_at == moment("2026-12-04T16:00")
    assert world.contact("c1")["queue"] == "evening"


def test_contact_that_was_sent_on_stays_when_its_first_queue_opens() -> None:
    world = at("2026-11-27T19:00", pool(Instead(action="queue", queue="general")))
    world.opened("c1", topic="office")
    world.wait(3 * 24 * 3600)
    world.configure(pool(Instead(action="queue", queue="general"), target=30.0))
    assert world.contact("c1")["queue"] == "general"


# Over


@pytest.mark.parametrize("action", ["form", "callback", "reject"])
def test_closed_queue_may_end_the_contact_and_say_when_it_opens(action: Any) -> None:
    world = at("2026-11-27T19:00", pool(Instead(action=action)))
    world.agent("anna")
    world.opened("c1", topic="office")
    event = overflowed(world)
    assert (event.action, event.reason) == (action, "closed")
    assert event.opens_at == moment("2026-11-30T08:00")
    view = world.contact("c1")
    assert (view["action"], view["reason"]) == (action, "closed")
    assert view["opens_at"] == moment("2026-11-30T08:00")
    world.opened("c1", topic="office")
    assert world.last.events == (), "the same contact twice"


def test_who_waits_when_the_queue_closes_is_still_served() -> None:
    world = at("2026-11-27T15:59", pool(Instead(action="reject")))
    world.opened("c1", topic="office")
    world.wait(120)
    assert changes(world)[-1][:2] == ("QueueClosed", "office")
    assert world.state("c1") == "queued"
    world.opened("c2", topic="office")
    assert world.state("c2") == "overflowed"
    world.agent("anna")
    assert world.agent_of("c1") == "anna"
    world.decline("c1")
    assert world.state("c1") == "queued", "not turned away by coming back"


# Refused


@pytest.mark.parametrize(
    ("calendar", "problem"),
    [
        ({"time_zone": "Europe/Turku"}, "no time zone 'Europe/Turku'"),
        ({"holidays": "XX"}, "no holidays are known of 'XX'"),
        ({"hours": WeeklyHours(mon=("10:00-12:00", "11:00-13:00"))}, "the hours of mon"),
        ({"exceptions": {"2026-12-24": ("12:00-10:00",)}}, "the hours of 2026-12-24"),
    ],
)
def test_calendar_that_means_nothing_is_refused_and_the_old_one_kept(
    world: World, calendar: dict[str, Any], problem: str
) -> None:
    broken = msgspec.structs.replace(CALENDAR, **calendar)
    evening = pool().calendars["evening"]
    world.configure(
        msgspec.structs.replace(pool(), calendars={"office": broken, "evening": evening})
    )
    assert world.status() == 422
    assert problem in world.body()["problems"][0]
    assert world.partition.pools[POOL].version == 1
    assert world.partition.pools[POOL].config == pool()
