"""The planning LP, by examples whose answers can be told without it."""

import sys
from random import Random

import numpy as np
import pytest

from services.contracts.policy import PlanClass, PlanGroup
from services.router.core.plan import FLOOR
from services.router.planner.lp import PlanFailed, solve
from services.router.planner.propose import propose


def test_one_class_and_one_group_are_as_loaded_as_erlang_says() -> None:
    found = solve([0.05], [[180.0]], [10.0])
    assert found.rho == pytest.approx(0.9)
    assert found.advantage.tolist() == [[1.0]]


def test_a_generalist_is_kept_for_the_class_that_only_they_serve() -> None:
    # Group 0 serves class 0 alone, group 1 both: together they are just enough.
    found = solve([0.01, 0.01], [[100, 100], [None, 100]], [1.0, 1.0])
    assert found.rho == pytest.approx(1.0)
    assert found.x == pytest.approx(np.eye(2))
    # With class 1 the busier one, group 1's time is worth more than group 0's.
    found = solve([0.005, 0.01], [[100, 100], [None, 100]], [1.0, 1.0])
    assert found.rho == pytest.approx(1.0)
    assert found.advantage[1, 1] == 1
    assert found.advantage[0, 0] == 1
    assert found.advantage[0, 1] == FLOOR


def test_the_advantage_is_the_ratio_of_the_prices() -> None:
    # Both groups serve both classes; group 0 is three times as good at class 0.
    found = solve([0.01, 0.01], [[50, 150], [100, 100]], [1.0, 1.0])
    y, z = found.y, found.z
    means = np.array([[50, 150], [100, 100]])
    assert (y[:, None] <= z * means + 1e-9).all()
    for k in range(2):
        for g in range(2):
            assert found.advantage[k, g] == pytest.approx(y[k] / (z[g] * means[k, g]))
    assert found.advantage[found.x > 1e-9] == pytest.approx(1.0)
    assert found.advantage[0, 1] < 0.7


def test_groups_with_time_to_spare_have_prices_among_themselves() -> None:
    # Class 0 on group 0 is the bottleneck; classes 1 and 2 share groups 1 and 2.
    found = solve(
        [0.02, 0.005, 0.005],
        [[100, None, None], [None, 50, 150], [None, 100, 100]],
        [1.0, 1.0, 1.0],
    )
    assert found.rho == pytest.approx(2.0)
    assert found.advantage[1, 1] == 1
    assert found.advantage[1, 2] < 0.7
    assert found.advantage[2, 2] == 1


def test_work_that_nobody_can_do_is_told_and_left_out() -> None:
    found = solve([0.01, 0.5, 0.0], [[100, 100], [None, None], [None, None]], [1.0, 1.0])
    assert found.unserved == (1,)
    assert found.rho == pytest.approx(0.5)


def test_a_class_without_arrivals_has_its_opportunity_cost() -> None:
    found = solve([0.01, 0.0], [[100, None], [100, 100]], [1.0, 1.0])
    # Group 1 has nothing to do: class 1, should it come, is for them.
    assert found.advantage[1, 1] == 1
    assert found.advantage[1, 0] == FLOOR


def test_without_work_or_agents_nothing_is_worth_more() -> None:
    assert solve([0.0], [[100, 50]], [1, 1]).advantage.tolist() == [[1.0, 1.0]]
    assert solve([0.1], [[100]], [0]).unserved == (0,)
    assert solve([], [], [3]).rho == 0


def test_random_plans_satisfy_the_conditions_of_the_optimum() -> None:
    random = Random(3)
    for _ in range(20):
        classes, groups = random.randint(1, 12), random.randint(1, 10)
        rates = [random.random() / 50 for _ in range(classes)]
        means = [
            [random.uniform(30, 600) if random.random() < 0.6 else None for _ in range(groups)]
            for _ in range(classes)
        ]
        agents = [random.randint(1, 30) for _ in range(groups)]
        found = solve(rates, means, agents)
        for k in range(classes):
            able = [g for g in range(groups) if means[k][g] is not None]
            if not able:
                continue
            done = sum(found.x[k, g] / means[k][g] for g in able)
            assert done == pytest.approx(rates[k], rel=1e-6, abs=1e-9)
            assert max(found.advantage[k, g] for g in able) == 1
            for g in range(groups):
                if found.x[k, g] > 1e-6 and found.z[g] > 0:
                    assert found.advantage[k, g] == pytest.approx(1, abs=1e-6)
        for g in range(groups):
            assert found.x[:, g].sum() <= found.rho * agents[g] + 1e-6


def test_a_big_plan_is_solved_in_time() -> None:
    random = Random(5)
    means = [
        [random.uniform(30, 600) if random.random() < 0.3 else None for _ in range(100)]
        for _ in range(100)
    ]
    found = solve([0.01] * 100, means, [5.0] * 100)
    assert found.rho > 0


def test_without_a_solver_the_plan_tells_handling_times_and_no_prices(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with pytest.raises(PlanFailed):
        solve([0.1], [[100]], [1])
    plan = propose(
        5,
        [PlanClass(queue="a", channel="chat"), PlanClass(queue="b", channel="chat")],
        [PlanGroup(skills={}), PlanGroup(skills={"x": 1})],
        arrivals=[0.1, 0.1],
        handling=[[100, 100.123], [None, 50]],
        agents=[1, 1],
    )
    assert [(p.k, p.g, p.handling, p.advantage) for p in plan.pairs] == [
        (0, 0, 100.0, 1.0),
        (0, 1, 100.1, 1.0),
        (1, 1, 50.0, 1.0),
    ]


def test_a_proposal_says_who_is_meant_for_what() -> None:
    plan = propose(
        5,
        [PlanClass(queue="a", channel="chat"), PlanClass(queue="b", channel="chat")],
        [PlanGroup(skills={}), PlanGroup(skills={"x": 1})],
        arrivals=[0.005, 0.01],
        handling=[[100, 100], [None, 100]],
        agents=[1, 1],
    )
    assert (plan.made_at, plan.rho) == (5, 1.0)
    assert [(p.k, p.g, p.advantage) for p in plan.pairs] == [(0, 0, 1), (0, 1, FLOOR), (1, 1, 1)]
