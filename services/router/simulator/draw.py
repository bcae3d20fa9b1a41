"""What a day brings: drawn once, the same for every policy (common random numbers)."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.random import Generator

from services.router.simulator.centres import Centre
from services.router.simulator.run import ENDLESS, Day, Floats, Ints

MINUTE_MS = 60_000
Handling = Literal["exponential", "lognormal"]
Part = tuple[Floats, Ints, Floats, Floats]
"""Contacts of one class: arrival (minutes), kind, work (of mean 1), patience (minutes)."""


def patience_ms(minutes: Floats) -> Ints:
    """Minutes as whole ms; infinite ones never end."""
    finite = np.isfinite(minutes)
    return np.where(finite, np.where(finite, minutes, 0) * MINUTE_MS, ENDLESS).astype(np.int64)


def unit_work(rng: Generator, count: int, handling: Handling, scv: float) -> Floats:
    """Handling times of mean 1: exponential, or lognormal with the squared coefficient of
    variation `scv` (sigma² = ln(1 + scv), mu = -sigma²/2)."""
    if handling == "exponential":
        return rng.exponential(size=count)
    variance = np.log1p(scv)
    return rng.lognormal(-variance / 2, np.sqrt(variance), size=count)


def poisson_times(
    rng: Generator, slot_minutes: float, per_minute: Floats, until: float = np.inf
) -> Floats:
    """Arrivals of a Poisson process whose rate is constant in each slot, in minutes, ascending."""
    counts = rng.poisson(per_minute * slot_minutes)
    begins = np.repeat(np.arange(len(counts)) * slot_minutes, counts)
    times = np.sort(begins + rng.uniform(0, slot_minutes, size=len(begins)))
    return times[times < until]


def draw(
    centre: Centre,
    rho: float,
    seed: tuple[int, ...],
    *,
    handling: Handling = "exponential",
    scv: float = 1.0,
) -> Day:
    """One day of the centre at the load `rho`. The same seed gives the same day."""
    profile = np.array(centre.profile)
    parts: list[Part] = []
    for number, one in enumerate(centre.classes):
        rng = np.random.default_rng([*seed, number])
        shape = np.ones_like(profile) if one.deferred else profile
        rate = one.arrivals_per_minute_at_full_load * rho * shape
        times = poisson_times(rng, centre.slot_minutes, rate, centre.day_minutes)
        count = len(times)
        leaving = rng.exponential(size=count) * (one.mean_patience_minutes or np.inf)
        parts.append((times, np.full(count, number), unit_work(rng, count, handling, scv), leaving))
    return day_of(parts)


def day_of(parts: Sequence[Part]) -> Day:
    """The contacts of all classes together, in the order of arrival."""
    arrival, kind, work, leaving = (np.concatenate(part) for part in zip(*parts, strict=True))
    order = np.argsort(arrival, kind="stable")
    return Day(
        arrival=np.round(arrival[order] * MINUTE_MS).astype(np.int64),
        kind=kind[order].astype(np.int64),
        work=work[order],
        patience=patience_ms(leaving[order]),
    )
