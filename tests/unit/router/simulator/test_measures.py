"""Figures of a run whose fates are given, statistics, and bounds that can be worked out."""

import numpy as np
import pytest

from services.router.simulator.bounds import bounds, fluid, pooled
from services.router.simulator.centres import Group
from services.router.simulator.measures import measure
from services.router.simulator.run import ABANDONED, BLOCKED, SERVED, Day, Outcome
from services.router.simulator.statistics import inside, interval, paired
from tests.unit.router.simulator.scenes import centre


def _ran(kind: list[int], fate: list[int], wait_s: list[float]) -> tuple[Day, Outcome]:
    count = len(kind)
    nothing = np.zeros(count, dtype=np.int64)
    day = Day(arrival=nothing, kind=np.array(kind), work=nothing.astype(float), patience=nothing)
    wait = (np.array(wait_s) * 1000).astype(np.int64)
    outcome = Outcome(
        fate=np.array(fate, dtype=np.int8),
        wait=wait,
        stay=wait,
        group=nothing.astype(np.int16),
        busy_ms=np.zeros((2, 2)),
    )
    return day, outcome


def test_misses_weigh_what_their_class_weighs() -> None:
    # Calls weigh 2 and may wait 30 s, mails weigh 1 and may wait an hour.
    found = measure(
        centre(),
        [
            _ran([0, 0, 0, 1], [SERVED, SERVED, ABANDONED, SERVED], [30, 31, 5, 3600]),
            _ran([0, 1], [BLOCKED, SERVED], [0, 3601]),
        ],
    )
    assert found.contacts == 6
    assert found.weighted_misses == pytest.approx(100 * (2 + 2 + 2 + 1) / 10)
    assert found.abandoned == 25
    assert found.live_wait == pytest.approx((30 + 31 + 5 + 0) / 4)
    assert found.live_level == 25
    assert found.deferred_misses == 50
    assert found.levels == {"call": 25, "mail": 50}


def test_interval_is_students() -> None:
    found = interval([1.0, 2.0, 3.0])
    assert (found.mean, found.error) == pytest.approx((2.0, 1 / 3**0.5))
    assert found.half == pytest.approx(4.3027 / 3**0.5, rel=1e-4)
    assert np.isnan(interval([1.0]).half)


def test_paired_differences_are_sharper_than_their_parts() -> None:
    found = paired([11.0, 21.0, 31.0], [10.0, 20.0, 30.0])
    assert (found.mean, found.error) == (1.0, 0.0)


def test_inside_counts_both_errors() -> None:
    found = interval([0.0, 2.0])  # 1 ± 1
    assert inside(found, 3.9)
    assert not inside(found, 4.1)
    assert inside(found, 4.1, error=1.0)


def test_fluid_bound_is_the_surplus_of_an_overloaded_centre() -> None:
    one = centre(
        classes=centre().classes[:1],
        profile=(1.0,) * 4,
        groups=(Group(id="callers", agents=3, mean_handling_minutes={"call": 4.0}),),
    )
    assert fluid(one, 1.0) == pytest.approx(25)  # 1 a minute comes, 3/4 a minute are served
    assert fluid(one, 0.7) == pytest.approx(0)


def test_bounds_grow_with_the_load_and_the_better_one_counts() -> None:
    found = [bounds(centre(), rho) for rho in (0.5, 1.0, 2.0)]
    assert [b.pooled for b in found] == sorted(b.pooled for b in found)
    assert found[2].fluid > found[0].fluid
    assert found[2].best == max(found[2].pooled, found[2].fluid)
    assert 0 < pooled(centre(), 1.0) < 100
