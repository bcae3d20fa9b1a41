"""A pool's file with calendars, relaxations, other queues and limits: what is accepted, and that
every contradiction is found where it stands."""

import json
from typing import Any

import msgspec
import pytest

from services.contracts.pool import PoolConfig
from services.router.pool_file import InvalidPool, parse
from services.router.pool_yaml import Mistake
from tests.unit.router.core.world import PARTITION, POOL, World

GOOD = """\
pool: acme/care
partition: 3
languages: [fi]
skills: [repair, lead]
channels:
  chat: {cost: 30, inactive_cost: 10}
  phone: {cost: 100, exclusive: true}
queues:
  general: {}
  chats:
    channels: [chat]
    required: {repair: 4}
    relax:
      - {after: 30, lower: {repair: 2}}
      - {after: 60, drop: [repair]}
    calendar: office
    closed: {action: queue, queue: evening}
    max_wait: 600
    overflow: {action: callback}
  evening: {calendar: evening, closed: {action: form}}
fallback_queue: general
rules:
  - {queue: chats, when: {channel: chat}}
calendars:
  office:
    time_zone: Europe/Helsinki
    holidays: FI
    hours: {mon: ["08:00-12:00", "12:30-16:00"], tue: ["08:00-16:00"]}
    exceptions:
      2026-12-24: ["09:00-11:00"]
      2026-12-28: []
  evening:
    time_zone: Europe/Helsinki
    hours: {mon: ["16:00-24:00"]}
"""


def mistakes(text: str) -> list[Mistake]:
    with pytest.raises(InvalidPool) as caught:
        parse(text, partitions=6)
    return caught.value.mistakes


def changed(*pairs: str) -> str:
    text = GOOD
    for before, after in zip(pairs[::2], pairs[1::2], strict=True):
        assert before in text
        text = text.replace(before, after, 1)
    return text


def test_good_file_is_accepted_and_is_the_same_as_json() -> None:
    config = parse(GOOD, partitions=6)
    assert config.calendars["office"].exceptions["2026-12-28"] == ()
    assert config.queues["chats"].closed.queue == "evening"
    assert config.problems() == []
    assert parse(json.dumps(msgspec.to_builtins(config)), partitions=6) == config


@pytest.mark.parametrize(
    ("before", "after", "line", "field", "message"),
    [
        ("lower: {repair", "lower: {repiar", 14, "queues.chats.relax[0].lower.repiar", "repair?"),
        (
            "drop: [repair]",
            "drop: [magic]",
            15,
            "queues.chats.relax[1].drop[0]",
            "neither as skill",
        ),
        ("after: 60", "after: 30", 15, "queues.chats.relax[1].after", "more than 30"),
        ("drop: [repair]", "drop: []", 15, "queues.chats.relax[1]", "changes nothing"),
        ("calendar: office", "calendar: offices", 16, "queues.chats.calendar", "mean office?"),
        ("queue: evening}", "queue: night}", 17, "queues.chats.closed.queue", "no queue night"),
        (", queue: evening}", "}", 17, "queues.chats.closed.action", "queue is missing"),
        (
            "action: callback",
            "action: park",
            19,
            "queues.chats.overflow.action",
            "only closed hours",
        ),
        ("action: callback", "action: drop", 19, "queues.chats.overflow.action", "drop"),
        (
            "{action: callback}",
            "{action: callback, queue: general}",
            19,
            "queues.chats.overflow.queue",
            "superfluous with the action callback",
        ),
        ("    calendar: office\n", "", 16, "queues.chats.closed", "no calendar"),
        (
            "{action: callback}",
            "{action: queue, queue: chats}",
            10,
            "queues.chats",
            "go round: chats → chats",
        ),
        (
            "closed: {action: form}",
            "closed: {action: queue, queue: chats}",
            10,
            "queues.chats",
            "go round: chats → evening → chats",
        ),
        ("general: {}", "general: {}\n  alone: {}", 10, "queues.alone", "nothing leads here"),
        ("inactive_cost: 10", "inactive_cost: 40", 6, "channels.chat.inactive_cost", "30 at most"),
        ("cost: 100", "cost: 80", 7, "channels.phone.cost", "takes the whole agent"),
        (
            "evening: {cal",
            "evening: {channels: [phone], cal",
            17,
            "queues.chats.closed.queue",
            "chat",
        ),
        ("e: Europe/Helsinki", "e: Europe/Helsinky", 26, "calendars.office.time_zone", "Helsinki?"),
        ("holidays: FI", "holidays: XX", 27, "calendars.office.holidays", "XX are not known"),
        ("holidays: FI", "holidays: Finland", 27, "calendars.office.holidays", "as DE-BY"),
        ("12:30-16:00", "11:30-16:00", 28, "calendars.office.hours.mon[1]", "12:00 or later"),
        (
            "12:30-16:00",
            "16:30-16:00",
            28,
            "calendars.office.hours.mon[1]",
            "ends before it begins",
        ),
        ("12:30-16:00", "12:30-25:00", 28, "calendars.office.hours.mon[1]", "as 08:00-16:15"),
        ("2026-12-28: []", "2026-13-28: []", 31, "calendars.office.exceptions.2026-13-28", "a day"),
        (
            "2026-12-28: []",
            "2026-02-30: []",
            31,
            "calendars.office.exceptions.2026-02-30",
            "no such",
        ),
        (
            "09:00-11:00",
            "11:00-09:00",
            30,
            "calendars.office.exceptions.2026-12-24[0]",
            "ends before",
        ),
        ('{mon: ["16:00-24:00"]}', "{}", 34, "calendars.evening.hours", "never open"),
    ],
)
def test_contradiction_is_named_with_its_place_and_what_was_expected(
    before: str, after: str, line: int, field: str, message: str
) -> None:
    found = mistakes(changed(before, after))
    assert (line, field) in [(m.line, m.field) for m in found], found
    assert any(message in m.message for m in found), found


def test_hours_may_meet() -> None:
    assert parse(changed("12:30-16:00", "12:00-16:00"), partitions=6)


def test_queue_that_only_an_unreachable_one_leads_to_is_unreachable_too() -> None:
    text = changed("  - {queue: chats, when: {channel: chat}}", "  []")
    assert {m.field for m in mistakes(text)} == {"queues.chats", "queues.evening"}


def test_second_line_that_only_transfers_reach_says_so() -> None:
    text = changed("  evening:", "  experts: {required: {lead: 4}}\n  evening:")
    assert {m.field for m in mistakes(text)} == {"queues.experts"}
    assert parse(text.replace("lead: 4}}", "lead: 4}, by_hand: true}"), partitions=6)


def test_running_pool_keeps_its_configuration_when_a_broken_one_is_refused() -> None:
    """Through the engine: what the file's reader would have refused reaches no pool by any way."""
    world = World(parse(GOOD, partitions=6))
    before = world.partition.pools[POOL].config
    good: dict[str, Any] = msgspec.to_builtins(before)
    chats = good["queues"]["chats"]
    for change, problem in (
        ({"calendar": "offices"}, "the undeclared calendar 'offices'"),
        ({"closed": {"action": "queue", "queue": "chats"}}, "go round: chats → chats"),
        ({"closed": {"action": "queue"}}, "belongs to the action 'queue' alone"),
        ({"overflow": {"action": "park"}}, "parks what overflows"),
        ({"overflow": {"action": "queue", "queue": "night"}}, "the undeclared queue 'night'"),
    ):
        broken = good | {"queues": good["queues"] | {"chats": chats | change}}
        with pytest.raises(InvalidPool):
            parse(json.dumps(broken), partitions=6)
        world.configure(msgspec.convert(broken, PoolConfig))
        assert world.status() == 422
        assert any(problem in said for said in world.body()["problems"]), world.body()
        assert world.partition.pools[POOL].config == before
        assert world.partition.pools[POOL].version == 1
    assert before.partition == PARTITION
