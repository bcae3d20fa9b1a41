"""The dashboards' numbers."""

from services.contracts import contact_events as ce
from services.contracts.contact_events import PlanProposed, ProposedPlan
from services.contracts.policy import Plan, PolicyConfig
from services.contracts.pool import CalendarConfig, Instead, QueueConfig, WeeklyHours
from services.kit.clock import SetClock
from services.kit.metrics import Metrics
from services.router.core.partition import Partition
from services.router.follower.numbers import AGENT_STATES, Counters, Gauges, state_of
from tests.unit.router.core.world import PARTITION, POOL, QUEUES, World, config


def counted(world: World) -> Metrics:
    metrics = Metrics("test")
    counters, partition = Counters(metrics), Partition(PARTITION)
    for record in world.journal:
        counters.count(partition, record)
        partition.apply(record)
    return metrics


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_contacts_offers_and_waits_are_counted_by_queue() -> None:
    world = World()
    world.agent("anna")
    world.opened("c1")
    world.decline("c1")
    world.wait(20)
    world.accept("c1")
    world.complete("c1")
    world.opened("c2", topic="billing")
    world.ended("c2")
    metrics = counted(world)
    general = {"pool": POOL, "queue": "general"}
    assert value(metrics, "router_contacts_total", channel="chat", **general) == 1
    assert value(metrics, "router_offers_total", result="made", **general) == 2
    assert value(metrics, "router_offers_total", result="declined", **general) == 1
    assert value(metrics, "router_offers_total", result="accepted", **general) == 1
    ended = "router_contacts_ended_total"
    assert value(metrics, ended, channel="chat", result="served", **general) == 1
    billing = {"pool": POOL, "queue": "billing"}
    assert value(metrics, ended, channel="chat", result="abandoned", **billing) == 1
    assert value(metrics, "router_wait_seconds_count", channel="chat", **general) == 1
    waited = value(metrics, "router_wait_seconds_sum", channel="chat", **general)
    assert waited is not None
    assert waited >= 15


def test_what_was_transferred_waited_once_and_what_went_abroad_has_ended_here() -> None:
    world = World()
    world.agent("anna")
    world.opened("c1")
    world.accept("c1")
    world.agent("ben")
    world.transfer("c1", to_agent="ben")
    world.accept("c1", "ben")
    world.transfer("c1", to_pool="acme/sales")
    transfer = world.partition.pools[POOL].contacts["c1"].abroad
    assert transfer is not None
    answer = ce.AnsweredTransfer(
        pool=POOL, contact_id="c1", transfer_id=transfer.id, result="accepted"
    )
    world.put(ce.TransferAnswered, answer)
    metrics = counted(world)
    general = {"pool": POOL, "queue": "general", "channel": "chat"}
    assert value(metrics, "router_wait_seconds_count", **general) == 1
    ended = "router_contacts_ended_total"
    assert value(metrics, ended, result="handed_over", **general) == 1


def test_gauges_show_what_is_true_now_and_forget_what_is_gone() -> None:
    world = World()
    world.opened("c1", topic="billing")
    clock, metrics = SetClock(world.now), Metrics("test")
    gauges = Gauges(metrics, clock, [world.partition], period=2)
    clock.advance(30)
    gauges.take()
    billing = {"pool": POOL, "queue": "billing"}
    assert value(metrics, "router_waiting", **billing) == 1
    assert value(metrics, "router_longest_wait_seconds", **billing) == 30
    assert value(metrics, "journal_age_seconds", partition=str(PARTITION)) == 30
    world.cancel("c1")
    gauges.take()
    assert value(metrics, "router_waiting", **billing) == 0
    assert value(metrics, "router_longest_wait_seconds", **billing) == 0
    del world.partition.pools[POOL]
    gauges.take()
    assert value(metrics, "router_waiting", **billing) is None


def test_agents_are_shown_by_state() -> None:
    world = World()
    world.agent("declined", billing=3)
    world.opened("c0", topic="billing")
    world.decline("c0", pause=60)
    for name in ("free", "busy", "pause", "away"):
        world.agent(name, **{"billing": 3} if name == "busy" else {})
    world.presence("pause", "break")
    world.opened("c1", topic="billing")
    world.disconnect("away")
    agents = world.partition.pools[POOL].agents
    assert {name: state_of(agent) for name, agent in agents.items()} == {
        "free": "available",
        "busy": "busy",
        "pause": "break",
        "declined": "paused",
        "away": "offline",
    }
    metrics = Metrics("test")
    Gauges(metrics, SetClock(), [world.partition], period=2).take()
    shown = {s: value(metrics, "router_agents", pool=POOL, state=s) for s in AGENT_STATES}
    assert shown == {
        "available": 1, "busy": 1, "paused": 1, "break": 1, "wrap_up": 0, "draining": 0,
        "offline": 1,
    }  # fmt: skip


def test_void_records_are_counted() -> None:
    metrics = Metrics("test")
    counters = Counters(metrics)
    counters.count_void(0)
    assert value(metrics, "journal_void_total") is None
    counters.count_void(3)
    assert value(metrics, "journal_void_total") == 3


def test_the_planned_load_and_overload_are_shown_and_forgotten() -> None:
    world = World(config(policy=PolicyConfig(overload="fewer_misses", overload_after=0)))
    clock, metrics = SetClock(world.now), Metrics("test")
    gauges = Gauges(metrics, clock, [world.partition], period=2)
    gauges.take()
    assert value(metrics, "router_planned_load", pool=POOL) is None
    assert value(metrics, "router_overloaded", pool=POOL) == 0
    plan = Plan(made_at=world.now, rho=1.25)
    world.put(PlanProposed, ProposedPlan(pool=POOL, plan=plan))
    gauges.take()
    assert value(metrics, "router_planned_load", pool=POOL) == 1.25
    assert value(metrics, "router_overloaded", pool=POOL) == 1
    world.wait(16 * 60)
    gauges.take()
    assert value(metrics, "router_planned_load", pool=POOL) is None
    assert value(metrics, "router_overloaded", pool=POOL) == 0


def test_what_a_queue_does_not_take_and_promises_are_counted() -> None:
    world = World(
        config(
            queues={
                **QUEUES,
                "billing": QueueConfig(
                    max_length=1, overflow=Instead(action="queue", queue="urgent")
                ),
                "urgent": QueueConfig(max_wait=5.0, overflow=Instead(action="form")),
                "calls": QueueConfig(calendar="never"),
            },
            calendars={"never": CalendarConfig(time_zone="UTC", hours=WeeklyHours())},
        )
    )
    world.opened("c1", topic="billing")
    world.opened("c2", topic="billing", due_at=world.now + 1_000)
    world.opened("c3", "phone")
    world.wait(5)
    metrics = counted(world)
    turned_away = "router_turned_away_total"
    for queue, reason, action in (
        ("billing", "max_length", "queue"),
        ("urgent", "max_wait", "form"),
        ("calls", "closed", "park"),
    ):
        labels = {"queue": queue, "reason": reason, "action": action}
        assert value(metrics, turned_away, pool=POOL, **labels) == 1
    ended = {"pool": POOL, "queue": "urgent", "channel": "chat", "result": "overflowed"}
    assert value(metrics, "router_contacts_ended_total", **ended) == 1
    promised = {"pool": POOL, "queue": "urgent", "result": "broken"}
    assert value(metrics, "router_promises_total", **promised) == 1
    Gauges(metrics, SetClock(world.now), [world.partition], period=2).take()
    assert value(metrics, "router_parked", pool=POOL, queue="calls") == 1
    assert value(metrics, "router_queue_open", pool=POOL, queue="calls") == 0
    assert value(metrics, "router_queue_open", pool=POOL, queue="urgent") == 1
