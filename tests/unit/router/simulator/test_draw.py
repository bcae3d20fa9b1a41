"""What a day brings: rates, moments, and that it belongs to the seed alone."""

import numpy as np
import pytest

from services.router.simulator.draw import MINUTE_MS, draw, poisson_times, unit_work
from services.router.simulator.run import ENDLESS
from tests.unit.router.simulator.scenes import centre


def test_arrivals_follow_the_profile_and_the_load() -> None:
    rng = np.random.default_rng(1)
    times = poisson_times(rng, 30, np.array([20.0, 60.0]))
    early = int((times < 30).sum())
    assert early == pytest.approx(600, abs=100)
    assert len(times) - early == pytest.approx(1800, abs=170)
    assert (np.diff(times) >= 0).all()
    days = [draw(centre(), 2.0, (1, number)) for number in range(20)]
    calls = sum(int((day.kind == 0).sum()) for day in days)
    assert calls == pytest.approx(20 * 120 * 2, rel=0.06)


def test_day_is_in_order_and_within_its_hours() -> None:
    day = draw(centre(), 1.0, (1, 2))
    assert (np.diff(day.arrival) >= 0).all()
    assert day.arrival.min() >= 0
    assert day.arrival.max() <= 120 * MINUTE_MS


def test_deferred_contacts_never_leave_and_live_ones_do() -> None:
    day = draw(centre(), 5.0, (1, 2))
    assert (day.patience[day.kind == 1] == ENDLESS).all()
    minutes = day.patience[day.kind == 0] / MINUTE_MS
    assert minutes.mean() == pytest.approx(3.0, rel=0.15)


def test_handling_has_mean_one_and_the_variation_asked_for() -> None:
    rng = np.random.default_rng(1)
    even = unit_work(rng, 200_000, "exponential", 0)
    wild = unit_work(rng, 200_000, "lognormal", 2.0)
    assert even.mean() == pytest.approx(1, abs=0.01)
    assert even.var() == pytest.approx(1, abs=0.03)
    assert wild.mean() == pytest.approx(1, abs=0.02)
    assert wild.var() == pytest.approx(2, abs=0.25)


def test_same_seed_is_the_same_day() -> None:
    first, again, other = (draw(centre(), 1.0, seed) for seed in ((1, 2), (1, 2), (1, 3)))
    assert first.arrival.tolist() == again.arrival.tolist()
    assert first.work.tolist() == again.work.tolist()
    assert first.arrival.tolist() != other.arrival.tolist()
