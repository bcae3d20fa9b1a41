"""The calibration of expected waits: what was announced, held against what came to pass."""

import pytest

from services.router.simulator.centres import random_centres
from services.router.simulator.waits import Task, Told, calibration, play


def told(waited: list[int], head: list[int]) -> Told:
    said = (10_000, 20_000, 30_000, 40_000, 50_000)
    return Told(rho=0.9, silent=1, waited=waited, head=head, quantiles=[said] * len(waited))


def test_shares_and_errors_are_those_of_all_contacts_of_the_load() -> None:
    found = calibration(
        0.9,
        [
            told([5_000, 25_000, 30_000], [0, 0, 0]),
            told([45_000, 60_000], [0, 0]),
            Told(rho=1.0, silent=0, waited=[], head=[], quantiles=[]),
        ],
    )
    assert found.contacts == 5
    assert found.unknown == pytest.approx(2 / 7)
    assert (found.most, found.half) == (0.6, 0.4)
    assert found.below == (0.2, 0.2, 0.6, 0.6, 0.8)
    assert (found.error, found.error_of_head) == (15.0, 30.0)
    assert not found.kept


def test_waits_of_a_busy_centre_are_announced_and_realised() -> None:
    [centre] = random_centres(1, seed=3)
    found = play(Task(centre=centre, number=0, rho=1.0, seed=1, days=1))
    assert len(found.waited) > 50
    assert all(list(row) == sorted(row) for row in found.quantiles)
    assert found == play(Task(centre=centre, number=0, rho=1.0, seed=1, days=1))
