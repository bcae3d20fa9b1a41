"""What a run was like for the customers: the figures that stand side by side."""

from collections.abc import Sequence

import msgspec
import numpy as np

from services.router.simulator.centres import Centre
from services.router.simulator.draw import MINUTE_MS
from services.router.simulator.run import ABANDONED, SERVED, Day, Outcome


class Measures(msgspec.Struct, frozen=True, kw_only=True):
    """Of all days of a centre under one policy. Shares in %, waits in seconds.

    - `weighted_misses`: weight of the contacts that were not served, or served after their
      target, of the weight of all.
    - `abandoned`: of the live contacts, those who left unserved.
    - `live_wait`, `live_wait_p99`: of all live contacts, until service or departure.
    - `live_level`, `deferred_level`: served within the target, of all that arrived.
    - `deferred_misses`: of the deferred contacts.
    - `levels`: served within the target, by class.
    """

    contacts: int
    weighted_misses: float
    abandoned: float
    live_wait: float
    live_wait_p99: float
    live_level: float
    deferred_level: float
    deferred_misses: float
    levels: dict[str, float]


FIGURES = (
    "weighted_misses",
    "abandoned",
    "live_wait",
    "live_wait_p99",
    "live_level",
    "deferred_level",
    "deferred_misses",
)
"""The figures that are averaged over centres."""


def measure(centre: Centre, days: Sequence[tuple[Day, Outcome]]) -> Measures:
    """The figures over some days together."""
    kind = np.concatenate([day.kind for day, _ in days])
    fate = np.concatenate([outcome.fate for _, outcome in days])
    wait = np.concatenate([outcome.wait for _, outcome in days])
    weight = np.array([one.weight for one in centre.classes])[kind]
    target = np.array([one.target_minutes * MINUTE_MS for one in centre.classes])[kind]
    live = ~np.array([one.deferred for one in centre.classes])[kind]
    good = (fate == SERVED) & (wait <= target)
    seconds = wait[live] / 1000
    return Measures(
        contacts=len(kind),
        weighted_misses=_percent(weight[~good].sum(), weight.sum()),
        abandoned=_percent((fate[live] == ABANDONED).sum(), live.sum()),
        live_wait=float(seconds.mean()) if len(seconds) else 0.0,
        live_wait_p99=float(np.quantile(seconds, 0.99)) if len(seconds) else 0.0,
        live_level=_percent(good[live].sum(), live.sum()),
        deferred_level=_percent(good[~live].sum(), (~live).sum()),
        deferred_misses=_percent((~good[~live]).sum(), (~live).sum()),
        levels={
            one.id: _percent(good[kind == number].sum(), (kind == number).sum())
            for number, one in enumerate(centre.classes)
        },
    )


def _percent(part: float, whole: float) -> float:
    return 100.0 * float(part) / float(whole) if whole else 0.0
