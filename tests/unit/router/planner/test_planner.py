"""What the planner learns from the journal, what it plans, and what it proposes."""

from typing import Any, cast

import pytest

from services.contracts.contact_events import PlanProposed, ProposedPlan
from services.contracts.policy import PolicyConfig
from services.contracts.pool import ChannelConfig, QueueConfig
from services.contracts.topics import CONTACT_EVENTS
from services.kit.clock import SetClock
from services.kit.publisher import Publisher
from services.router.core.partition import Partition
from services.router.planner import problem as problem_module
from services.router.planner.estimates import PRIOR, Estimates
from services.router.planner.planner import Planner
from services.router.planner.problem import problem_of
from tests.support.fakes import FakePublisher
from tests.unit.router.core.world import PARTITION, POOL, World, config

CALL = ("phone", "calls", ())


def learned(world: World) -> tuple[Partition, Estimates]:
    """A replica of the world's partition, and what is learned on the way."""
    partition, estimates = Partition(PARTITION), Estimates()
    for record in world.journal:
        for event in record.events:
            pool = getattr(event, "pool", "")
            if pool:
                estimates.note(partition.pools.get(pool), event, record.at)
        partition.apply(record)
    return partition, estimates


def serve(world: World, contact: str, seconds: float, channel: str = "phone") -> None:
    world.opened(contact, channel)
    world.accept(contact)
    world.now += round(seconds * 1000)
    world.complete(contact)


def test_rates_are_right_from_the_start_and_fade() -> None:
    world = World()
    for number in range(60):
        world.now += 10_000
        world.opened(f"c{number}", "phone")
    _, estimates = learned(world)
    assert estimates.rates(world.now)[CALL] == pytest.approx(0.1, rel=0.1)
    later = estimates.rates(world.now + 3_600_000)[CALL]
    assert later < 0.03
    assert estimates.rates(world.now + 100 * 3_600_000) == {}


def test_handling_times_shrink_towards_the_class_and_the_class_towards_the_configuration() -> None:
    queues = {"calls": QueueConfig(handling=100)}
    world = World(config(queues=queues, fallback_queue="calls", rules=(), languages=()))
    world.agent("ann", x=1)
    for number in range(10):
        serve(world, f"c{number}", 200)
    partition, estimates = learned(world)
    handling = estimates.handling(partition.pools[POOL], world.now)
    of_class = (10 * 200 + PRIOR * 100) / (10 + PRIOR)
    assert handling.of_class(CALL) == pytest.approx(of_class, rel=0.05)
    pair = handling.of_pair(CALL, (("x", 1),))
    assert pair == pytest.approx((10 * 200 + PRIOR * of_class) / (10 + PRIOR), rel=0.05)
    assert handling.of_pair(CALL, (("y", 1),)) == handling.of_class(CALL)
    assert handling.of_class(("phone", "other", ())) == pytest.approx(150, rel=0.05)


def test_a_chat_takes_its_share_of_an_agent() -> None:
    queues = {"calls": QueueConfig(handling=300)}
    world = World(config(queues=queues, fallback_queue="calls", rules=(), languages=()))
    world.agent("ann")
    for number in range(5):
        serve(world, f"c{number}", 1_000, "chat")
    partition, estimates = learned(world)
    handling = estimates.handling(partition.pools[POOL], world.now)
    mean = (5 * 1_000 * 0.3 + PRIOR * 300 * 0.3) / (5 + PRIOR)
    assert handling.of_class(("chat", "calls", ())) == pytest.approx(mean, rel=0.05)


def test_what_a_lost_agent_gave_back_says_nothing() -> None:
    world = World()
    world.agent("ann")
    world.opened("c1", "phone")
    world.accept("c1")
    world.disconnect("ann")
    world.wait(100)
    partition, estimates = learned(world)
    fresh = Estimates().handling(partition.pools[POOL], world.now)
    assert estimates.handling(partition.pools[POOL], world.now).of_class(CALL) == fresh.of_class(
        CALL
    )


def test_the_problem_has_the_agents_who_are_there_by_skills() -> None:
    world = World()
    for name, skills in (("ann", {"billing": 2}), ("bob", {"billing": 2}), ("cid", {})):
        world.agent(name, **skills)
    world.agent("away", voice=1)
    world.presence("away", "break")
    world.opened("c1", "phone", topic="billing")
    world.opened("c2", "email")
    partition, estimates = learned(world)
    problem = problem_of(partition.pools[POOL], estimates, world.now)
    assert problem is not None
    assert [group.skills for group in problem.groups] == [{}, {"billing": 2}]
    assert problem.agents == (1, 2)
    by_queue = {one.queue: row for one, row in zip(problem.classes, problem.handling, strict=True)}
    assert [value is not None for value in by_queue["billing"]] == [False, True]
    assert [value is not None for value in by_queue["general"]] == [True, True]


def test_without_agents_or_contacts_there_is_nothing_to_plan() -> None:
    world = World()
    world.agent("ann")
    partition, estimates = learned(world)
    assert problem_of(partition.pools[POOL], estimates, world.now) is None
    world = World()
    world.opened("c1")
    partition, estimates = learned(world)
    assert problem_of(partition.pools[POOL], estimates, world.now) is None


def test_many_skill_sets_are_grouped_by_what_they_can_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(problem_module, "GROUPS", 4)
    monkeypatch.setattr(problem_module, "CLASSES", 2)
    world = World()
    for number in range(12):
        skills = {"billing": 1 + number % 4} if number % 2 else {}
        world.agent(f"agent{number}", **skills, **{f"x{number}": 1})
    for number in range(9):
        world.opened(f"c{number}", "phone", topic="billing" if number % 3 else "")
    world.opened("rare", "email")
    partition, estimates = learned(world)
    problem = problem_of(partition.pools[POOL], estimates, world.now)
    assert problem is not None
    assert len(problem.classes) == problem.markers == 2
    assert sum(problem.agents) == 12
    assert {group.able for group in problem.groups} == {(0,), (0, 1)} or {
        group.able for group in problem.groups
    } == {(1,), (0, 1)}
    plan = problem.plan(world.now)
    world.put(PlanProposed, ProposedPlan(pool=POOL, plan=plan))
    groups = {agent.group for agent in world.partition.pools[POOL].agents.values()}
    assert groups == {0, 1}


class Live:
    async def until_live(self) -> None:
        return


def planner(world: World, publisher: FakePublisher) -> Planner:
    partition = Partition(PARTITION)
    made = Planner(
        Live(), [partition], cast("Publisher", publisher), SetClock(world.now), period=45
    )
    for record in world.journal:
        made.note(partition, record)
        partition.apply(record)
    return made


def busy(**policy: Any) -> World:
    channels = {"phone": ChannelConfig(cost=100)}
    world = World(config(channels=channels, policy=PolicyConfig(**policy)))
    world.agent("ann")
    world.opened("c1", "phone")
    return world


@pytest.mark.anyio
async def test_a_plan_is_proposed_to_the_pools_partition() -> None:
    world, publisher = busy(), FakePublisher()
    await planner(world, publisher).plan()
    (written,) = publisher.written
    assert (written.topic, written.key) == (CONTACT_EVENTS, POOL)
    assert written.position.partition == PARTITION
    event = written.event
    assert isinstance(event, PlanProposed)
    world.put(PlanProposed, event.data)
    assert world.kinds() == ["plan.adopted"]


@pytest.mark.anyio
async def test_pools_whose_rule_needs_no_plan_get_none() -> None:
    publisher = FakePublisher()
    await planner(busy(rule="longest_idle"), publisher).plan()
    assert publisher.written == []


@pytest.mark.anyio
async def test_a_plan_that_cannot_be_published_is_forgotten() -> None:
    publisher = FakePublisher(away={CONTACT_EVENTS.name})
    await planner(busy(), publisher).plan()
    assert publisher.written == []
