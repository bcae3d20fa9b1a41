"""The plan as the simulated pool is told it."""

from dataclasses import replace

import pytest

from services.contracts.policy import Plan, PolicyConfig
from services.router.simulator.draw import MINUTE_MS, draw
from services.router.simulator.floor import Floor
from services.router.simulator.plans import learned, plan_of, told
from services.router.simulator.run import simulate
from services.router.simulator.sites import people_of, site_of
from tests.unit.router.simulator.scenes import centre


def test_plan_holds_the_centres_own_rates_and_times() -> None:
    plan = plan_of(centre(), 0.5)
    # Two agents take 4 minutes for half a mail a minute: they are the bottleneck at rho 1 only
    # together with the calls, which have 3 + 2 agents for 4 minutes each.
    assert plan.rho == pytest.approx(0.5 * 4 * 1.5 / 5, abs=0.001)
    assert {(pair.k, pair.g): pair.handling for pair in plan.pairs} == {
        (0, 0): 240,
        (0, 1): 240,
        (1, 1): 240,
    }


def test_misestimate_is_the_same_for_the_same_seed_and_off_by_the_factor() -> None:
    off, again, other = (
        plan_of(centre(), 1.0, misestimate=1.5, seed=(seed,)) for seed in (1, 1, 2)
    )
    assert off == again
    assert off != other
    assert {pair.handling for pair in off.pairs} <= {360, 160}


def test_pool_decides_by_the_plan_all_day_long() -> None:
    site = site_of(centre(), PolicyConfig(rule="jonoton"))
    plan = plan_of(centre(), 1.0)
    planned: list[bool] = []

    def look(floor: Floor, now: int) -> tuple[()]:
        planned.append(floor.pool.plan is not None)
        return ()

    looks = [(round(minute * MINUTE_MS) + 1, look) for minute in (0, 1, 59, 119)]
    day = draw(centre(), 1.0, (1,))
    simulate(site, replace(day, acts=[*told(site.config, plan, 120), *looks]))
    assert planned == [True] * 4


def test_groups_of_equal_skills_keep_their_own_speed() -> None:
    slow = centre().groups[0]
    fast = type(slow)(id="fast", agents=1, mean_handling_minutes={"call": 2.0})
    two = centre(groups=(*centre().groups, fast))
    plan = plan_of(two, 1.0)
    skills = [group.skills for group in plan.groups]
    assert len({str(one) for one in skills}) == 3
    assert [person.skills for person in people_of(two)][-1] == skills[-1]


def test_planner_learns_from_the_journal_of_the_day() -> None:
    site = site_of(centre(), PolicyConfig(rule="jonoton"))
    seen: list[Plan] = []

    def look(floor: Floor, now: int) -> tuple[()]:
        assert floor.pool.plan is not None
        seen.append(floor.pool.plan)
        return ()

    at = (119 * MINUTE_MS, look)
    simulate(site, replace(draw(centre(), 1.0, (1,)), acts=[*learned(site.config, 120), at]))
    plan = seen[0]
    assert {one.queue for one in plan.classes} == {"call", "mail"}
    assert len(plan.groups) == 2
    assert {pair.k for pair in plan.pairs} == {0, 1}
    # Four minutes each, learned from exponential times and shrunk towards what is usual.
    assert all(120 < pair.handling < 420 for pair in plan.pairs)
    assert plan.rho == pytest.approx(1.2, abs=0.5)
