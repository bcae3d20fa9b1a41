"""Each routing policy by example, and the default against a naive reference."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.contracts import contact_events as ce
from services.contracts import routing_events as ev
from services.contracts.policy import (
    Plan,
    PlanClass,
    PlanGroup,
    PlanPair,
    PolicyConfig,
    PolicyName,
    Urgency,
)
from services.contracts.pool import ChannelConfig, QueueConfig, Rule
from tests.unit.router.core.world import POOL, World, config

CALL = ChannelConfig(cost=100, offer_timeout=600)
MAIL = ChannelConfig(cost=100, offer_timeout=600, deferred=True)
CHAT = ChannelConfig(cost=30, offer_timeout=600)
TOPICS = ("a", "b", "c", "d")


def world(
    rule: PolicyName = "jonoton",
    *,
    queues: dict[str, QueueConfig] | None = None,
    channels: dict[str, ChannelConfig] | None = None,
    **policy: Any,
) -> World:
    """A pool whose contacts' topic is their queue (`a` if none)."""
    queues = queues or {name: QueueConfig() for name in TOPICS}
    return World(
        config(
            channels=channels or {"phone": CALL, "mail": MAIL},
            queues=queues,
            fallback_queue=next(iter(queues)),
            rules=tuple(Rule(queue=name, when={"topic": name}) for name in queues),
            languages=(),
            policy=PolicyConfig(rule=rule, **policy),
        )
    )


def asked(world: World) -> list[tuple[str, str]]:
    """(contact, agent) of the newest step's offers."""
    return [(e.contact, e.agent) for e in world.last.events if isinstance(e, ev.OfferMade)]


def plan(
    world: World,
    groups: list[dict[str, int]],
    pairs: dict[tuple[str, int], tuple[float, float]],
    *,
    rho: float = 0.9,
    **more: Any,
) -> None:
    """Propose a plan: pairs are (queue, group) → (handling, advantage), on the phone."""
    queues = sorted({queue for queue, _ in pairs})
    pool = world.partition.pools[POOL].config
    data = Plan(
        made_at=world.now,
        rho=rho,
        classes=tuple(
            PlanClass(queue=name, channel="phone", required=pool.queues[name].required)
            for name in queues
        ),
        groups=tuple(PlanGroup(skills=skills) for skills in groups),
        pairs=tuple(
            PlanPair(queues.index(queue), group, *terms) for (queue, group), terms in pairs.items()
        ),
    )
    world.put(ce.PlanProposed, ce.ProposedPlan(pool=POOL, plan=data))


# The default: which contact


def test_urgency_grows_with_the_wait_over_the_target_and_then_hardly() -> None:
    queues = {"a": QueueConfig(target=100), "b": QueueConfig(target=10)}
    one = world(queues=queues, live=Urgency(b=0.5, p=1.0, eps=0.0))
    one.opened("slow", "phone", topic="a")
    one.now += 20_000
    one.opened("quick", "phone", topic="b")
    one.now += 5_000  # x is .25 and .5
    one.agent("ann")
    assert asked(one) == [("quick", "ann")]
    one.now += 75_000  # both are late: as urgent as they get, the older comes first
    one.opened("late", "phone", topic="b")
    one.now += 20_000
    one.agent("bob")
    assert asked(one) == [("slow", "bob")]


@pytest.mark.parametrize(
    ("heavy", "light"),
    [
        ({"weight": 3.0}, {}),
        ({"priority": 6}, {"weight": 2.9}),
        ({"handling": 60}, {"handling": 180}),
        ({"handling": 10}, {"handling": 30, "weight": 2.0}),
    ],
    ids=["weight", "a priority is three weights", "short work", "weight per second"],
)
def test_the_heavier_contact_comes_first(heavy: dict[str, Any], light: dict[str, Any]) -> None:
    one = world(queues={"a": QueueConfig(**light), "b": QueueConfig(**heavy)})
    one.opened("light", "phone", topic="a")
    one.opened("heavy", "phone", topic="b")
    one.agent("ann")
    assert asked(one) == [("heavy", "ann")]


def test_deferred_work_waits_for_a_valley_and_rises_before_its_target() -> None:
    queues = {"a": QueueConfig(target=3600), "b": QueueConfig(target=60)}
    one = world(queues=queues)
    one.opened("mail", "mail", topic="a")
    one.now += 1_000_000
    one.opened("call", "phone", topic="b")
    one.agent("ann")
    assert asked(one) == [("call", "ann")]
    one.now += 2_500_000
    one.opened("next-call", "phone", topic="b")
    one.agent("bob")
    assert asked(one) == [("mail", "bob")]


def test_without_any_known_handling_time_all_work_is_equally_long() -> None:
    one = world(queues={"a": QueueConfig(weight=2), "b": QueueConfig(weight=1)})
    one.opened("b", "phone", topic="b")
    one.opened("a", "phone", topic="a")
    one.agent("ann")
    assert asked(one) == [("a", "ann")]


def test_an_unknown_handling_time_is_the_mean_of_the_known() -> None:
    queues = {
        "a": QueueConfig(handling=100),
        "b": QueueConfig(),
        "c": QueueConfig(handling=300),
    }
    one = world(queues=queues)
    for topic in "cba":
        one.opened(topic, "phone", topic=topic)
    order = []
    for agent in ("ann", "bob", "cid"):
        one.agent(agent)
        order += [contact for contact, _ in asked(one)]
    assert order == ["a", "b", "c"]


def test_a_plan_knows_handling_times_better_than_the_configuration() -> None:
    one = world(queues={"a": QueueConfig(handling=10), "b": QueueConfig(handling=20)})
    plan(one, [{}], {("a", 0): (300.0, 1.0), ("b", 0): (100.0, 1.0)})
    one.opened("a", "phone", topic="a")
    one.opened("b", "phone", topic="b")
    one.agent("ann")
    assert asked(one) == [("b", "ann")]


def test_agents_are_kept_for_what_they_have_an_advantage_in() -> None:
    one = world(queues={"a": QueueConfig(weight=1.5), "b": QueueConfig(required={"rare": 1})})
    plan(one, [{}, {"rare": 1}], {("a", 0): (60, 1), ("a", 1): (60, 0.5), ("b", 1): (60, 1)})
    one.opened("a", "phone", topic="a")
    one.opened("b", "phone", topic="b")
    one.agent("ann", rare=1)
    assert asked(one) == [("b", "ann")]
    without = world(
        queues={"a": QueueConfig(weight=1.5), "b": QueueConfig(required={"rare": 1})}, q=0.0
    )
    plan(without, [{}, {"rare": 1}], {("a", 0): (60, 1), ("a", 1): (60, 0.5), ("b", 1): (60, 1)})
    without.opened("a", "phone", topic="a")
    without.opened("b", "phone", topic="b")
    without.agent("ann", rare=1)
    assert asked(without) == [("a", "ann")]


# The default: which agent


def test_the_agent_with_the_highest_advantage_is_asked_although_others_idled_longer() -> None:
    one = world()
    plan(one, [{"x": 1}, {"y": 1}], {("a", 0): (60, 0.8), ("a", 1): (60, 1.0)})
    one.agent("ann", x=1)
    one.now += 10_000
    one.agent("bob", y=1)
    one.opened("c1", "phone", topic="a")
    assert asked(one) == [("c1", "bob")]


def test_of_equal_advantage_the_fewest_skills_then_the_longest_idle_is_asked() -> None:
    one = world()
    one.agent("ann", x=1, y=1)
    one.now += 1_000
    one.agent("cid", z=1)
    one.now += 1_000
    one.agent("bob", x=1)
    for contact in ("c1", "c2", "c3"):
        one.opened(contact, "phone")
    assert [one.agent_of(contact) for contact in ("c1", "c2", "c3")] == ["cid", "bob", "ann"]


def test_chats_are_spread_and_advantage_counts_by_the_free_share() -> None:
    one = world(channels={"phone": CHAT})
    plan(one, [{"x": 1}, {"y": 1}], {("a", 0): (60, 1.0), ("a", 1): (60, 0.6)})
    one.agent("ann", x=1)
    one.agent("bob", y=1)
    for contact in ("c1", "c2", "c3"):
        one.opened(contact, "phone", topic="a")
    # 1·100 against .6·100; then 1·70 against .6·100; then 1·40 against .6·100.
    assert [one.agent_of(contact) for contact in ("c1", "c2", "c3")] == ["ann", "ann", "bob"]


# The default: an exclusive channel beside concurrent ones

SHARED = {"phone": ChannelConfig(cost=100, exclusive=True), "chat": CHAT}


def test_chats_are_packed_where_calls_share_the_agents() -> None:
    one = world(channels=SHARED, reserve=0)
    for agent in ("ann", "bob"):
        one.agent(agent)
    for contact in ("c1", "c2", "c3", "c4"):
        one.opened(contact)
    assert [one.agent_of(f"c{n}") for n in (1, 2, 3, 4)] == ["ann", "ann", "ann", "bob"]


def test_the_reserve_is_kept_free_and_released_when_more_are_free() -> None:
    one = world(channels=SHARED, reserve=1)
    one.agent("ann")
    one.opened("c1")
    assert one.state("c1") == "queued"
    one.opened("call", "phone")
    assert one.agent_of("call") == "ann"
    one.agent("bob")
    assert one.state("c1") == "queued"
    one.ended("call")
    assert asked(one) == [("c1", "ann")]


def test_who_is_given_something_all_the_same_is_kept_free_no_more() -> None:
    one = world(channels=SHARED, reserve=1)
    one.agent("ann")
    one.opened("c1", "chat")
    one.opened("c2", "chat")
    assert (one.state("c1"), one.state("c2")) == ("queued", "queued")
    one.reassign("c2", "ann")
    assert asked(one) == [("c2", "ann"), ("c1", "ann")]
    assert one.replayed().fingerprint() == one.partition.fingerprint()


def test_a_contact_held_back_goes_to_another_agent_than_the_one_who_came() -> None:
    queues = {"a": QueueConfig(), "b": QueueConfig(required={"x": 1})}
    one = world(channels=SHARED, queues=queues, reserve=1)
    one.agent("ann", x=1)
    one.opened("c1", topic="b")
    assert one.state("c1") == "queued"
    one.agent("bob")
    assert asked(one) == [("c1", "ann")]


def test_the_reserve_follows_from_the_weights() -> None:
    queues = {
        "a": QueueConfig(channels=("phone",), weight=3),
        "b": QueueConfig(channels=("chat",), weight=1),
    }
    one = world(channels=SHARED, queues=queues)
    for number in range(4):
        one.agent(f"agent{number}")
    # .75 of the square root of 4: one is kept free, the other three have room for nine.
    for number in range(12):
        one.opened(f"c{number}", topic="b")
    waiting = [number for number in range(12) if one.state(f"c{number}") == "queued"]
    assert waiting == [9, 10, 11]


def test_who_takes_no_calls_is_asked_for_chats_first() -> None:
    queues = {
        "calls": QueueConfig(channels=("phone",), required={"voice": 1}),
        "chats": QueueConfig(channels=("chat",)),
    }
    one = world(channels=SHARED, queues=queues, reserve=0)
    one.agent("ann", voice=1)
    one.now += 1_000
    one.agent("bob")
    one.opened("c1", topic="chats")
    assert asked(one) == [("c1", "bob")]


# Plans


def test_an_older_or_doubled_plan_changes_nothing() -> None:
    one = world()
    one.now += 1_000
    plan(one, [{}], {("a", 0): (60, 1.0)})
    assert one.kinds() == ["plan.adopted"]
    plan(one, [{}], {("a", 0): (90, 1.0)})
    assert one.kinds() == []
    one.now -= 500
    plan(one, [{}], {("a", 0): (90, 1.0)})
    assert one.kinds() == []


def test_a_plan_that_no_other_follows_lapses() -> None:
    one = world()
    plan(one, [{"x": 1}, {"y": 1}], {("a", 0): (60, 0.1), ("a", 1): (60, 1.0)})
    one.agent("ann", x=1)
    one.now += 10
    one.agent("bob", y=1)
    one.wait(16 * 60)
    one.opened("c1", "phone", topic="a")
    assert asked(one) == [("c1", "ann")]
    assert "plan.lapsed" in [type(e).__struct_config__.tag for e in one.all_events()]


def test_an_agent_who_learns_something_belongs_to_another_group_at_once() -> None:
    one = world()
    plan(one, [{"x": 1}, {"y": 1}], {("a", 0): (60, 0.1), ("a", 1): (60, 1.0)})
    one.agent("ann", x=1)
    one.now += 10
    one.agent("bob", x=1)
    one.upsert("bob", {"y": 1})
    one.opened("c1", "phone", topic="a")
    assert asked(one) == [("c1", "bob")]


def test_groups_may_be_told_by_what_they_can_do() -> None:
    one = world(queues={"a": QueueConfig(), "b": QueueConfig(required={"x": 2})})
    data = Plan(
        made_at=one.now,
        rho=0.5,
        classes=(
            PlanClass(queue="a", channel="phone"),
            PlanClass(queue="b", channel="phone", required={"x": 2}),
        ),
        groups=(PlanGroup(able=(0,)), PlanGroup(able=(0, 1))),
        pairs=(PlanPair(0, 0, 60, 0.2), PlanPair(0, 1, 60, 1.0)),
        markers=2,
    )
    one.put(ce.PlanProposed, ce.ProposedPlan(pool=POOL, plan=data))
    one.agent("ann", x=1)
    one.now += 10
    one.agent("bob", x=3, y=1, z=1)
    one.opened("c1", "phone", topic="a")
    assert asked(one) == [("c1", "bob")]


def test_overload_begins_and_ends_after_some_minutes_of_plans_that_say_so() -> None:
    one = world(overload="protect_deferred", overload_after=100)
    told = []
    for rho in (0.9, 1.1, 1.1, 1.1, 0.9, 1.1, 0.9, 0.9, 0.9):
        one.now += 50_000
        plan(one, [{}], {("a", 0): (60, 1.0)}, rho=rho)
        told.append([e.on for e in one.last.events if isinstance(e, ev.OverloadChanged)])
    assert told == [[], [], [], [True], [], [], [], [], [False]]


def test_without_an_operators_choice_there_is_no_overload() -> None:
    one = world(overload_after=0)
    one.now += 1
    plan(one, [{}], {("a", 0): (60, 1.0)}, rho=3.0)
    assert one.kinds() == ["plan.adopted"]


@pytest.mark.parametrize(
    ("choice", "first"), [("protect_deferred", "mail"), ("less_abandonment", "call")]
)
def test_the_operators_choice_takes_effect_in_overload(choice: Any, first: str) -> None:
    weight = {"protect_deferred": 1.0, "less_abandonment": 2.0}[choice]
    queues = {"a": QueueConfig(target=60), "b": QueueConfig(target=60, weight=weight)}
    one = world(queues=queues, overload=choice, overload_after=0, deferred=Urgency(b=0.5, p=1.0))
    plan(one, [{}], {("a", 0): (60, 1.0), ("b", 0): (60, 1.0)}, rho=1.2)
    one.opened("mail", "mail", topic="b")
    one.opened("call", "phone", topic="a")
    one.agent("ann")
    assert asked(one) == [(first, "ann")]


# The others


def test_longest_idle_takes_the_priority_then_the_oldest_whatever_they_weigh() -> None:
    one = world(
        "longest_idle",
        queues={"a": QueueConfig(), "b": QueueConfig(weight=900), "c": QueueConfig(priority=6)},
    )
    one.opened("a", "phone", topic="a")
    one.now += 1
    one.opened("b", "phone", topic="b")
    one.opened("c", "phone", topic="c")
    order = []
    for agent in ("ann", "bob", "cid"):
        one.agent(agent)
        order += [contact for contact, _ in asked(one)]
    assert order == ["c", "a", "b"]


def three(one: World, **skills: dict[str, int]) -> None:
    for agent in ("ann", "bob", "cid"):
        one.now += 1_000
        one.agent(agent, **skills.get(agent, {}))


def test_longest_idle_asks_whoever_has_nothing_in_hand_then_the_longest_without_work() -> None:
    one = world("longest_idle", channels={"phone": CHAT})
    three(one, ann={"x": 1, "y": 1})
    for number in range(5):
        one.now += 1_000
        one.opened(f"c{number}", "phone")
    agents = [one.agent_of(f"c{number}") for number in range(5)]
    assert agents == ["ann", "bob", "cid", "ann", "bob"]


def test_most_free_asks_whoever_has_the_most_free_capacity() -> None:
    one = world("most_free", channels={"phone": CHAT, "mail": ChannelConfig(cost=50)})
    three(one)
    one.opened("m1", "mail")
    one.now += 1_000
    for number in range(3):
        one.opened(f"c{number}", "phone")
    assert one.agent_of("m1") == "ann"
    assert [one.agent_of(f"c{n}") for n in range(3)] == ["bob", "cid", "bob"]


def test_round_robin_asks_one_after_the_other_however_long_they_idle() -> None:
    one = world("round_robin")
    three(one)
    order = []
    for number in range(6):
        one.now += 1_000
        one.opened(f"c{number}", "phone")
        order += [agent for _, agent in asked(one)]
        if number % 3 == 0:
            one.now += 500
        one.accept(f"c{number}")
        one.complete(f"c{number}")
    assert order == ["ann", "bob", "cid"] * 2


def test_round_robin_counts_offers_that_came_to_nothing() -> None:
    one = world("round_robin")
    three(one)
    one.opened("c1", "phone")
    one.ended("c1")
    one.opened("c2", "phone")
    assert asked(one) == [("c2", "bob")]


def test_best_skill_asks_the_highest_level_of_what_is_required() -> None:
    queues = {"a": QueueConfig(required={"x": 1, "y": 1})}
    one = world("best_skill", queues=queues)
    three(one, ann={"x": 5, "y": 1}, bob={"x": 3, "y": 4}, cid={"x": 2, "y": 2, "z": 5})
    order = []
    for number in range(3):
        one.opened(f"c{number}", "phone")
        order += [agent for _, agent in asked(one)]
    assert order == ["bob", "ann", "cid"]


def test_static_priority_takes_weight_then_live_then_age_and_asks_the_fewest_skills() -> None:
    queues = {"a": QueueConfig(), "b": QueueConfig(weight=2)}
    one = world("static_priority", queues=queues)
    for contact, channel, topic in (
        ("old-mail", "mail", "a"),
        ("call", "phone", "a"),
        ("heavy-mail", "mail", "b"),
        ("heavy-call", "phone", "b"),
    ):
        one.now += 1_000
        one.opened(contact, channel, topic=topic)
    order = []
    for agent in ("ann", "bob", "cid", "dan"):
        one.agent(agent)
        order += [contact for contact, _ in asked(one)]
    assert order == ["heavy-call", "heavy-mail", "call", "old-mail"]
    three(one, ann={"x": 1, "y": 1})
    one.ended("call")
    two = world("static_priority")
    three(two, ann={"x": 1, "y": 1}, bob={"x": 1}, cid={"x": 1})
    two.opened("c1", "phone")
    assert asked(two) == [("c1", "bob")]


def test_static_cmu_takes_weight_per_second_and_asks_the_fastest() -> None:
    one = world("static_cmu", queues={"a": QueueConfig(), "b": QueueConfig(weight=2)})
    plan(
        one,
        [{"x": 1}, {"y": 1}],
        {("a", 0): (60, 0.1), ("a", 1): (30, 0.2), ("b", 0): (200, 1), ("b", 1): (40, 1)},
    )
    one.opened("b", "phone", topic="b")
    one.opened("a", "phone", topic="a")
    one.agent("ann", x=1)
    assert asked(one) == [("a", "ann")]
    one.agent("bob", y=1)
    assert asked(one) == [("b", "bob")]
    two = world("static_cmu")
    plan(two, [{"x": 1}, {"y": 1}], {("a", 0): (60, 1.0), ("a", 1): (30, 0.2)})
    two.agent("ann", x=1)
    two.agent("bob", y=1)
    two.opened("a", "phone", topic="a")
    assert asked(two) == [("a", "bob")]


# Against a naive reference

QUEUES = {
    "a": QueueConfig(target=20, weight=1),
    "b": QueueConfig(target=60, weight=3, required={"x": 2}),
    "c": QueueConfig(target=200, weight=2, required={"y": 1}, priority=6),
    "d": QueueConfig(target=20, weight=1, required={"x": 1, "y": 1}),
}
GROUPS = [{"x": 2}, {"y": 1}, {"x": 2, "y": 3}]
_share = st.floats(0.05, 1, allow_nan=False)


@settings(
    max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=False
)
@given(
    contacts=st.lists(
        st.tuples(st.sampled_from(TOPICS), st.booleans(), st.integers(0, 90)), max_size=14
    ),
    agents=st.lists(st.integers(0, 2), max_size=8),
    terms=st.lists(st.tuples(st.integers(20, 300), _share), min_size=12, max_size=12),
    seed=st.randoms(use_true_random=False),
)
def test_each_choice_is_the_best_by_a_naive_reference_whatever_the_order(
    contacts: list[tuple[str, bool, int]],
    agents: list[int],
    terms: list[tuple[int, float]],
    seed: Any,
) -> None:
    pairs = {
        (topic, group): (float(handling), round(advantage, 2))
        for (topic, group), (handling, advantage) in zip(
            ((topic, group) for topic in TOPICS for group in range(3)), terms, strict=True
        )
    }

    def run(shuffle: bool) -> list[tuple[str, str]]:
        one = world(queues=QUEUES)
        plan(one, GROUPS, pairs)
        start = one.now
        one.now += 100_000
        names = list(range(len(contacts)))
        people = list(range(len(agents)))
        if shuffle:
            seed.shuffle(names)
            seed.shuffle(people)
        for number in names:
            topic, live, age = contacts[number]
            one.opened(
                f"c{number:02}",
                "phone" if live else "mail",
                topic=topic,
                opened_at=start + age * 1000,
            )
        one.heartbeat("g1", period=60)
        for number in people:
            one.upsert(f"agent{number}", GROUPS[agents[number]])
            one.connect(f"agent{number}")
        waiting = set(range(len(contacts)))
        made = []
        for number, group in enumerate(agents):
            one.presence(f"agent{number}", "available")
            skills = GROUPS[group]
            able = [
                n
                for n in waiting
                if all(skills.get(s, 0) >= v for s, v in QUEUES[contacts[n][0]].required.items())
            ]
            scores = {n: score(contacts[n], group, pairs, one.now - start) for n in able}
            made += asked(one)
            if able:
                best = min(able, key=lambda n: (-scores[n], contacts[n][2], n))
                assert asked(one) == [(f"c{best:02}", f"agent{number}")]
                waiting.discard(best)
            else:
                assert asked(one) == []
        return made

    assert run(shuffle=False) == run(shuffle=True)


def score(
    contact: tuple[str, bool, int],
    group: int,
    pairs: dict[tuple[str, int], tuple[float, float]],
    now_ms: int,
) -> float:
    """The formula of the specification, once more."""
    topic, live, age = contact
    queue = QUEUES[topic]
    x = (now_ms - age * 1000) * (1 / (queue.target * 1000))
    b, p = (0.7, 1.0) if live else (0.1, 2.0)
    phi = 1 + 0.02 * (x - 1) if x >= 1 else b + (1 - b) * x**p
    weight = queue.weight * 3.0 ** (queue.priority - 5)
    if live:
        handling, advantage = pairs[topic, group]
        return weight / handling * advantage * phi
    known = [pairs[topic_, g][0] for topic_ in TOPICS for g in range(3)]
    means = [sum(known[n : n + 3]) / 3 for n in range(0, 12, 3)]
    return weight / (sum(means) / 4) * phi


def test_a_promise_rises_before_its_time_is_over_whatever_the_queues_target() -> None:
    queues = {"a": QueueConfig(target=20), "b": QueueConfig(target=36_000, weight=1.2)}
    one = world(queues=queues)
    start = one.now
    one.opened("promised", "phone", topic="b", due_at=start + 1_000_000)
    one.opened("patient", "phone", topic="b")
    one.now += 500_000
    one.opened("early", "phone", topic="a")
    one.now += 20_000
    one.agent("ann")  # .7 + .3·.52/.66 times 1.2 against 1
    assert asked(one) == [("promised", "ann")]
    one.agent("bob")
    assert asked(one) == [("early", "bob")]


def test_promises_of_nearly_equal_length_stand_in_one_line() -> None:
    one = world()
    for number in range(50):
        one.opened(f"c{number}", "phone", due_at=one.now + 3_600_000 + 1_000 * number)
    assert len(one.partition.pools[POOL].index.lines) == 1
