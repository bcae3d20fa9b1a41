"""Input that can be read and yet is odd: whatever comes, the router goes on, and so does a replay.
A record that it cannot step would stop its partition for ever."""

from typing import Any

import msgspec
import pytest

from services.contracts import contact_events as ce
from services.contracts import routing_events as ev
from services.contracts.codec import decode
from services.contracts.policy import Plan, PlanClass, PlanGroup, PlanPair, PolicyConfig, Urgency
from services.contracts.pool import (
    CalendarConfig,
    ChannelConfig,
    Instead,
    PresenceConfig,
    QueueConfig,
    Rule,
    WeeklyHours,
)
from services.contracts.topics import CONTACT_EVENTS
from services.router.core.forecasts import of_contact
from services.router.core.snapshot import dump, load
from tests.unit.router.core.world import CHANNELS, POOL, QUEUES, World, config

HOUR = 3_600_000


def agrees(world: World) -> None:
    """Replay and snapshot lead to the same state."""
    state = world.partition.fingerprint()
    assert world.replayed().fingerprint() == state
    assert load(dump(world.partition)).fingerprint() == state


# Contacts that wait for one agent alone stand in no line


def test_a_contact_held_for_a_busy_agent_may_come_into_a_queue_with_an_expected_wait() -> None:
    queue = QueueConfig(preferred_agent=30.0, max_expected_wait=5.0)
    world = World(config(queues={"general": queue}, rules=()))
    world.agent("anna")
    world.opened("c1", "phone", preferred_agent="anna")
    assert world.agent_of("c1") == "anna"
    world.opened("c2", "phone", preferred_agent="anna")
    assert world.state("c2") == "queued"
    agrees(world)


def test_a_held_contacts_wait_is_that_of_a_newcomer() -> None:
    channels = {"phone": ChannelConfig(cost=100)}
    queues = {"general": QueueConfig(preferred_agent=10_000.0)}
    world = World(config(channels=channels, queues=queues, rules=()))
    world.agent("anna")
    world.opened("c0", "phone")
    world.accept("c0")
    for number in range(1, 42):
        world.opened(f"c{number}", "phone")
        world.now += 60_000
        world.heartbeat("g1", period=60.0)
        world.complete(f"c{number - 1}")
        world.accept(f"c{number}")
    world.configure(config(channels=channels, queues=queues, rules=(), skills=()))
    world.opened("friend", "phone", preferred_agent="anna")
    pool = world.partition.pools[POOL]
    assert pool.contacts["friend"].held_until
    told = of_contact(pool, pool.contacts["friend"], world.now)
    assert told is not None
    assert told.median > 0


# Scheduled contacts that are taken up before their time


POWERS = PolicyConfig(live=Urgency(b=0.5, p=1.5), deferred=Urgency(b=0.1, p=2.5))


def test_a_callback_that_is_taken_up_before_its_time_is_as_old_as_that() -> None:
    queue = QueueConfig(max_expected_wait=600.0)
    world = World(config(policy=POWERS, queues={**QUEUES, "general": queue}))
    world.agent("anna", billing=1)
    at = world.now + HOUR
    world.opened("c1", "chat", not_before=at, due_at=at + HOUR)
    world.now += 1_000
    world.reassign("c1", "anna")
    started = next(one for one in world.last.events if isinstance(one, ev.AssignmentStarted))
    assert started.waited_ms == 0
    world.opened("c2", "email")
    world.disconnect("anna")
    world.wait(100)
    assert world.state("c1") == "queued"
    world.agent("ben")
    assert world.agent_of("c1") == "ben"
    assert world.contact("c1")["waiting_since"] < at
    agrees(world)


# What is over stays over


def test_an_overflowed_contact_whose_first_agent_still_writes_up_is_over_after_a_snapshot() -> None:
    channels = {**CHANNELS, "chat": ChannelConfig(cost=50, wrap_up=10_000.0)}
    queue = QueueConfig(max_wait=30.0, overflow=Instead(action="form"))
    world = World(config(channels=channels, queues={**QUEUES, "general": queue}))
    world.agent("anna")
    world.agent("ben")
    world.opened("c1")
    first = world.agent_of("c1")
    world.accept("c1")
    world.transfer("c1", to_agent="ben" if first == "anna" else "anna")
    second = "ben" if first == "anna" else "anna"
    world.accept("c1", second)
    world.presence(first, "break")
    world.disconnect(second)
    world.wait(120)
    assert world.state("c1") == "overflowed"
    assert world.view(first)["assignments"]
    agrees(world)
    assert "c1" not in load(dump(world.partition)).pools[POOL].contacts


# Numbers


@pytest.mark.parametrize("field", ["not_before", "due_at", "opened_at"])
def test_a_time_beyond_every_calendar_cannot_be_read(field: str) -> None:
    data: dict[str, Any] = {
        "pool": POOL,
        "contact_id": "c1",
        "conversation_id": "v1",
        "channel": "chat",
        "opened_at": 0,
        field: 10**30,
    }
    event = {
        "type": "contact.opened",
        "id": "e1",
        "source": "test",
        "time": "2026-01-01T00:00:00Z",
        "data": data,
    }
    with pytest.raises(msgspec.ValidationError):
        decode(CONTACT_EVENTS, msgspec.json.encode(event))


@pytest.mark.parametrize("not_before", [0, 1, 10**12, 253_402_300_799_000])
@pytest.mark.parametrize("due_at", [0, 1, 10**12, 253_402_300_799_000])
@pytest.mark.parametrize("opened_at", [0, 253_402_300_799_000])
def test_odd_times_of_a_contact(not_before: int, due_at: int, opened_at: int) -> None:
    world = World(config(policy=POWERS))
    world.agent("anna")
    world.opened("c0", "phone")
    for channel in ("phone", "email"):
        times = {"not_before": not_before, "due_at": due_at, "opened_at": opened_at}
        world.opened(f"c-{channel}", channel, **times)
    world.decline("c0")
    world.wait(200)
    agrees(world)


def test_a_plan_of_odd_numbers_is_decided_by() -> None:
    world = World(config(policy=PolicyConfig(q=10.0, live=Urgency(b=0.0, p=0.1))))
    world.agent("anna", billing=1)
    classes = (PlanClass(queue="general", channel="chat"), PlanClass(queue="gone", channel="x"))
    for handling in (0.0, 5e-324, 1e-300, 1e308):
        pairs = tuple(PlanPair(k, g, handling, 0.0) for k in (0, 1, 7) for g in (0, 1, 9))
        groups = (PlanGroup(skills={"billing": 1}), PlanGroup(able=(5, 99)))
        world.now += 10
        plan = Plan(
            made_at=world.now, rho=1e308, classes=classes, groups=groups, pairs=pairs, markers=50
        )
        world.put(ce.PlanProposed, ce.ProposedPlan(pool=POOL, plan=plan))
        assert "plan.adopted" in world.kinds()
        for channel in ("chat", "email"):
            contact = f"{channel}{world.offset}"
            world.opened(contact, channel)
            world.now += 1
            world.ended(contact)
        agrees(world)


def test_scores_of_odd_configurations_are_finite() -> None:
    queue = QueueConfig(target=1e-310, handling=1e-310, weight=1000.0, priority=9)
    for rule in ("jonoton", "static_cmu", "static_priority"):
        world = World(config(policy=PolicyConfig(rule=rule), queues={"general": queue}, rules=()))
        world.agent("anna")
        world.opened("c1", opened_at=0)
        assert world.agent_of("c1") == "anna"
        agrees(world)


def test_a_calendar_that_is_known_no_more_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any) -> Any:
        raise ValueError("there is no time zone Atlantis")

    hours = WeeklyHours(**dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), ("08:00-17:00",)))
    queue = QueueConfig(calendar="day")
    calendars = {"day": CalendarConfig(time_zone="UTC", hours=hours)}
    world = World(config(queues={**QUEUES, "general": queue}, calendars=calendars))
    assert not world.partition.pools[POOL].hours["general"].open
    world.opened("c1")
    monkeypatch.setattr("services.router.core.hours.hours_at", unknown)
    world.wait(4 * 24 * 3_600)
    assert world.state("c1") == "parked"
    agrees(world)
    monkeypatch.undo()
    world.wait(3 * 24 * 3_600)
    assert world.state("c1") == "queued"
    agrees(world)


def test_a_plan_from_the_future_does_not_keep_later_ones_out(
    world: World,
) -> None:
    ahead = Plan(made_at=world.now + 24 * HOUR, rho=0.5)
    world.put(ce.PlanProposed, ce.ProposedPlan(pool=POOL, plan=ahead))
    world.now += 1_000
    plan = Plan(made_at=world.now, rho=0.7)
    world.put(ce.PlanProposed, ce.ProposedPlan(pool=POOL, plan=plan))
    assert world.partition.pools[POOL].plan == plan
    agrees(world)


# Names


@pytest.mark.parametrize("to_pool", ["acme/", "acme/ö", "acme/a b", "acme/../x", "acme"])
def test_a_transfer_to_what_is_no_pools_name_is_refused(world: World, to_pool: str) -> None:
    world.agent("anna")
    world.opened("c1")
    world.accept("c1")
    world.transfer("c1", to_pool=to_pool)
    assert world.status() == 422
    agrees(world)


def test_letters_that_nobody_wrote_change_nothing(world: World) -> None:
    world.agent("anna")
    world.opened("c1")
    world.accept("c1")
    for contact in ("c1", "nobody"):
        for result in ("accepted", "refused"):
            answer: Any = {"contact_id": contact, "transfer_id": "t1-1-1", "result": result}
            world.put(ce.TransferAnswered, ce.AnsweredTransfer(pool=POOL, **answer))
            assert world.last.events == ()
        data = ce.WithdrawnTransfer(pool=POOL, contact_id=contact, transfer_id="t1-1-1")
        world.put(ce.TransferWithdrawn, data)
        assert world.last.events == ()
    assert world.agent_of("c1") == "anna"


def test_two_pools_of_one_partition_may_use_the_same_ids(world: World) -> None:
    other = "acme/sales"
    made = config(pool=other)
    world.put(ce.ConfigurePool, ce.ConfigurePoolData(pool=other, config=made))
    pools = world.partition.pools
    world.agent("anna")
    for data in (
        ce.UpsertAgentData(pool=other, agent_id="anna", skills={}),
        ce.SessionData(pool=other, agent_id="anna", session_id="s-anna", gateway="g1"),
        ce.SetPresenceData(pool=other, agent_id="anna", presence="available"),
    ):
        kinds = {
            ce.UpsertAgentData: ce.UpsertAgent,
            ce.SessionData: ce.SessionOpened,
            ce.SetPresenceData: ce.SetPresence,
        }
        world.put(kinds[type(data)], data)
    for pool in (POOL, other):
        contact = ce.OpenedContact(
            pool=pool, contact_id="c1", conversation_id="v1", channel="chat", opened_at=world.now
        )
        world.put(ce.ContactOpened, contact)
    world.disconnect("anna")
    assert not pools[POOL].agents["anna"].live
    assert pools[other].agents["anna"].live
    world.ended("c1")
    assert "c1" not in pools[POOL].contacts
    assert pools[other].contacts["c1"].offers
    world.wait(300, beat=False)
    assert not pools[other].agents["anna"].live
    assert pools[other].contacts["c1"].state == "queued"
    agrees(world)


def test_an_id_that_was_forgotten_may_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    channels = {**CHANNELS, "chat": ChannelConfig(cost=50, wrap_up=10_000.0)}
    world = World(config(channels=channels))
    for name in ("anna", "ben"):
        world.agent(name)
    world.opened("c1")
    first = world.agent_of("c1")
    second = "ben" if first == "anna" else "anna"
    world.accept("c1")
    world.transfer("c1", to_agent=second)
    world.accept("c1", second)
    world.complete("c1")
    monkeypatch.setattr("services.router.core.turn.KEEP_CLOSED", 0)
    world.opened("c2")
    world.ended("c2")
    assert "c1" not in world.partition.pools[POOL].closed
    world.opened("c1", "email")
    agrees(world)


# What is remembered is bounded


def test_channels_and_requirements_that_nobody_waits_for_are_forgotten() -> None:
    world = World()
    for number in range(12_000):
        world.opened(f"c{number}", f"channel{number}")
        world.ended(f"c{number}")
    pool = world.partition.pools[POOL]
    assert len(pool.index.lines) < 11_000
    assert len(pool.index.channels) < 11_000
    assert len(pool.waits.lines) < 11_000


def test_timers_of_what_is_over_are_forgotten() -> None:
    world = World()
    far = world.now + 1_000 * 24 * HOUR
    for number in range(25_000):
        world.opened(f"c{number}", not_before=far - number)
        world.ended(f"c{number}")
    assert len(world.partition.schedule.times) < 25_000


# Configuration under way


def test_nothing_is_lost_when_everything_that_contacts_are_in_is_undeclared() -> None:
    world = World(
        config(
            channels={**CHANNELS, "chat": ChannelConfig(cost=30, wrap_up=60.0)},
            queues={**QUEUES, "billing": QueueConfig(required={"billing": 2}, preferred_agent=99)},
            presence=PresenceConfig(ask_again=5),
        )
    )
    for name in ("anna", "ben", "cleo"):
        world.agent(name, billing=3)
    for state in ("assigned", "wrapping", "transfer", "to_queue", "offered"):
        world.opened(state)
    for state in ("assigned", "wrapping", "transfer", "to_queue"):
        world.accept(state)
    world.wrap_up("wrapping")
    mine = world.agent_of("transfer")
    world.transfer("transfer", to_agent=next(one for one in ("anna", "ben", "cleo") if one != mine))
    world.transfer("to_queue", to_queue="billing")
    for number in range(12):
        world.opened(f"filler{number}", "email")
    world.opened("queued", "phone", topic="billing")
    world.opened("held", "chat", topic="billing", preferred_agent="anna")
    world.opened("scheduled", not_before=world.now + 1_000)
    bare = config(
        channels={"letter": ChannelConfig(cost=10)},
        queues={"last": QueueConfig()},
        fallback_queue="last",
        rules=(Rule(queue="last"),),
    )
    world.configure(bare)
    assert world.status() == 200, world.body()
    world.wait(30)
    agrees(world)
    pool = world.partition.pools[POOL]
    for _ in range(400):
        for offer in list(pool.offers.values()):
            world.accept_offer(offer.id, offer.agent.id)
        for one in list(pool.assignments.values()):
            world.complete_assignment(one.id, one.agent.id)
        world.wait(1)
        if not pool.contacts:
            break
    assert not pool.contacts
    agrees(world)
