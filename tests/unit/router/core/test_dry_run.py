"""What a contact would get, and why the other rules do not hold."""

from typing import Any

import msgspec

from services.contracts.contact_events import OpenedContact
from services.contracts.pool import (
    CalendarConfig,
    ChannelConfig,
    Instead,
    PoolConfig,
    QueueConfig,
    Relaxation,
    Rule,
    WeeklyHours,
)
from services.router.core.dry_run import dry_run
from tests.unit.router.core.world import POOL, START, World, config

SUNDAY = 1_762_682_400_000
"""2025-11-09 10:00 UTC."""
MONDAY_8 = SUNDAY + 22 * 3_600_000


def of(
    world: World,
    channel: str = "chat",
    *,
    draft: PoolConfig | None = None,
    at: int = START,
    **more: Any,
) -> dict[str, Any]:
    facts = OpenedContact(
        pool=POOL, contact_id="c", conversation_id="v", opened_at=0, channel=channel, **more
    )
    pool = world.partition.pools[POOL]
    found = dry_run(draft or pool.config, facts, pool.agents.values(), at)
    assert msgspec.json.decode(msgspec.json.encode(found)) == found
    return found


def test_dry_run_says_what_the_engine_does(world: World) -> None:
    cases: tuple[tuple[str, dict[str, Any]], ...] = (
        ("chat", {}),
        ("phone", {"topic": "invoice", "language": "de-AT"}),
        ("phone", {"language": "fr"}),
        ("email", {"tier": "gold", "topic": "billing"}),
        ("fax", {}),
    )
    for number, (channel, more) in enumerate(cases):
        found = of(world, channel, **more)
        world.opened(f"c{number}", channel, **more)
        real = world.contact(f"c{number}")
        for key in ("queue", "priority", "required", "preferred"):
            assert found[key] == real[key]


def test_rule_that_holds_and_those_that_do_not_say_why(world: World) -> None:
    found = of(world, topic="invoice", language="de-AT")
    assert (found["rule"], found["language"]) == (2, "de")
    assert found["rules"] == [
        {
            "rule": 1,
            "queue": "urgent",
            "result": "does_not_hold",
            "because": [{"key": "tier", "wanted": ["gold"], "got": None}],
        },
        {"rule": 2, "queue": "billing", "result": "holds", "because": []},
        {
            "rule": 3,
            "queue": "calls",
            "result": "not_asked",
            "because": [
                {"key": "channel", "wanted": ["phone"], "got": "chat"},
                {"key": "queue", "wanted": ["phone"], "got": "chat"},
            ],
        },
    ]


def test_no_rule_means_the_fallback_queue(world: World) -> None:
    found = of(world)
    assert (found["rule"], found["queue"]) == (None, "general")
    assert {rule["result"] for rule in found["rules"]} == {"does_not_hold"}


def test_form_fields_are_told_as_they_came(world: World) -> None:
    draft = config(
        rules=(
            Rule(queue="urgent", when={"field.car": ("no", "old")}),
            Rule(queue="billing", when={"field.pay": "yes"}),
        )
    )
    found = of(world, draft=draft, fields={"pay": "no"})
    assert [rule["because"] for rule in found["rules"]] == [
        [{"key": "field.car", "wanted": ["no", "old"], "got": None}],
        [{"key": "field.pay", "wanted": ["yes"], "got": "no"}],
    ]


def test_agents_are_counted_as_the_engine_counts_them(world: World) -> None:
    world.agent("ann", billing=2)
    world.agent("bob", billing=3)
    world.opened("call", "phone", topic="billing")
    world.agent("cid")
    world.upsert("dan", {"billing": 5})
    found = of(world, "phone", topic="billing")
    assert found["agents"] == {
        "able": 3,
        "present": 2,
        "free": 1,
        "lack_skills": 1,
        "away": 1,
        "paused": 0,
        "no_room": 1,
        "ramping_up": 0,
    }
    world.opened("call2", "phone", topic="billing")
    [offer] = world.last.events[1:]
    why = offer.why  # type: ignore[union-attr]
    assert {key: why[key] for key in ("lack_skills", "away", "no_room")} == {
        key: found["agents"][key] for key in ("lack_skills", "away", "no_room")
    }
    assert why["candidates"] == found["agents"]["free"]


def test_undeclared_channel_takes_the_whole_agent(world: World) -> None:
    world.agent("ann")
    found = of(world, "fax")
    assert not found["channel_declared"]
    assert found["agents"]["free"] == 1
    world.opened("c1")
    assert of(world, "fax")["agents"]["no_room"] == 1


def test_draft_is_tried_on_the_agents_there_are(world: World) -> None:
    world.agent("ann", billing=1)
    draft = config(
        channels={"chat": ChannelConfig(cost=100)},
        queues={"general": QueueConfig(required={"billing": 1}, priority=3)},
        rules=(),
    )
    found = of(world, draft=draft)
    assert (found["queue"], found["priority"], found["agents"]["free"]) == ("general", 3, 1)


def test_closed_queue_says_when_it_opens_and_what_it_does(world: World) -> None:
    calendar = CalendarConfig(time_zone="UTC", hours=WeeklyHours(mon=("08:00-16:15",)))
    draft = config(
        queues={
            "general": QueueConfig(
                calendar="office", closed=Instead(action="queue", queue="night")
            ),
            "night": QueueConfig(),
        },
        calendars={"office": calendar},
        rules=(),
    )
    found = of(world, draft=draft, at=SUNDAY)
    assert (found["open"], found["opens_at"], found["open_until"]) == (False, MONDAY_8, None)
    assert found["closed"] == {"action": "queue", "queue": "night"}
    found = of(world, draft=draft, at=MONDAY_8)
    until = MONDAY_8 + (8 * 60 + 15) * 60_000
    assert (found["open"], found["opens_at"], found["open_until"]) == (True, None, until)


def test_outcome_follows_the_contact_from_closed_queue_to_closed_queue(world: World) -> None:
    hours = WeeklyHours(mon=("08:00-16:15",))
    calendars = {"office": CalendarConfig(time_zone="UTC", hours=hours)}

    def queue(action: Any, on: str | None = None, **more: Any) -> QueueConfig:
        return QueueConfig(calendar="office", closed=Instead(action=action, queue=on), **more)

    queues = {
        "general": queue("queue", "late"),
        "late": queue("queue", "night"),
        "night": QueueConfig(required={"billing": 3}, priority=2),
        "form": queue("form"),
    }
    draft = config(queues=queues, calendars=calendars, rules=())
    found = of(world, draft=draft, at=SUNDAY)
    assert (found["queue"], found["required"]) == ("general", {})
    assert found["outcome"] == {
        "result": "queued",
        "queue": "night",
        "priority": 2,
        "required": {"billing": 3},
        "preferred": {},
        "sent_on_from": ["general", "late"],
    }
    world.agent("ann")
    assert of(world, draft=draft, at=SUNDAY)["agents"]["lack_skills"] == 1
    assert of(world, draft=draft, at=MONDAY_8)["outcome"]["queue"] == "general"
    ends = config(queues={**queues, "late": queue("reject")}, calendars=calendars, rules=())
    found = of(world, draft=ends, at=SUNDAY)["outcome"]
    assert (found["result"], found["queue"]) == ("reject", "late")


def test_outcome_is_that_of_the_engine(world: World) -> None:
    calendars = {"never": CalendarConfig(time_zone="UTC", hours=WeeklyHours())}
    queues = {
        "general": QueueConfig(calendar="never", closed=Instead(action="queue", queue="other")),
        "other": QueueConfig(required={"billing": 1}),
        "shut": QueueConfig(calendar="never", closed=Instead(action="park")),
    }
    draft = config(
        queues=queues, calendars=calendars, rules=(Rule(queue="shut", when={"topic": "x"}),)
    )
    world.configure(draft)
    world.opened("c1")
    outcome = of(world)["outcome"]
    real = world.contact("c1")
    assert (real["state"], real["queue"], real["required"]) == (
        outcome["result"],
        outcome["queue"],
        outcome["required"],
    )
    world.opened("c2", topic="x")
    assert (world.state("c2"), of(world, topic="x")["outcome"]["result"]) == ("parked", "park")


def test_queue_without_a_calendar_is_always_open(world: World) -> None:
    found = of(world)
    assert (found["open"], found["opens_at"], found["closed"]) == (True, None, None)


def test_steps_of_relaxation_are_told_with_who_could_then(world: World) -> None:
    world.agent("ann", billing=1)
    draft = config(
        queues={
            "general": QueueConfig(
                required={"billing": 4},
                relax=(
                    Relaxation(after=30, lower={"billing": 2}),
                    Relaxation(after=60, lower={"billing": 1}),
                    Relaxation(after=90, anyone=True),
                ),
            )
        },
        rules=(),
    )
    found = of(world, draft=draft)
    assert [step["required"] for step in found["relaxations"]] == [
        {"billing": 2},
        {"billing": 1},
        {},
    ]
    assert [step["after"] for step in found["relaxations"]] == [30, 60, 90]
    assert [step["agents"]["free"] for step in found["relaxations"]] == [0, 1, 1]
    assert found["at_once"] == 2
    world.configure(draft)
    world.opened("c1")
    assert world.contact("c1")["required"] == {"billing": 1}
