"""The static planning LP: how loaded the agents are at best, and who is meant for what.

    min rho   subject to   Σ_g x_kg / m_kg = λ_k,   Σ_k x_kg ≤ rho n_g,   x ≥ 0

x_kg agents of group g work for class k, which arrives λ_k times a second and takes m_kg seconds of
such an agent (Harrison & Lopez 1999; Bassamboo, Harrison & Zeevi 2006). The duals price things: z_g
a second of group g's time, y_k = min_g z_g m_kg a contact of class k. The comparative advantage
e_kg = y_k / (z_g m_kg) is 1 where x_kg > 0 and below where the group's time is worth more.

The duals see the bottleneck alone: groups with time to spare cost nothing there. So those are
solved again among themselves, with the classes that only they serve, until every group has a price.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.router.core.plan import FLOOR

_ZERO = 1e-9
_SECONDS = 20.0

Matrix = NDArray[np.float64]


class PlanFailed(Exception):
    """No solution was found."""


@dataclass(frozen=True, slots=True)
class Solution:
    """`x`, `advantage` by class and group, `y` by class, `z` by group; advantage is 0 where the
    group cannot serve the class. `unserved` are the classes with arrivals that nobody can serve:
    the rest is planned without them."""

    rho: float
    x: Matrix
    y: Matrix
    z: Matrix
    advantage: Matrix
    unserved: tuple[int, ...] = ()


def solve(
    arrivals: Sequence[float],
    handling: Sequence[Sequence[float | None]] | Matrix,
    agents: Sequence[float],
) -> Solution:
    """Plan `arrivals` by class (per second) on `agents` by group, where a contact of class k takes
    `handling[k][g]` seconds of an agent of group g (None or not finite: cannot).

    Raises `PlanFailed` if there is no solution within 20 s, or no solver.
    """
    rates = np.asarray(arrivals, dtype=float)
    staff = np.asarray(agents, dtype=float)
    means = np.asarray(handling, dtype=float).reshape(len(rates), len(staff))
    can = np.isfinite(means) & (means > 0) & (staff > 0)
    means = np.where(can, means, np.inf)
    served = can.any(axis=1)
    unserved = tuple(int(k) for k in np.flatnonzero(~served & (rates > 0)))
    rho, x = 0.0, np.zeros_like(means)
    y, z = np.zeros(len(rates)), np.zeros(len(staff))
    advantage = np.where(can, FLOOR, 0.0)
    classes, groups = np.flatnonzero(served), np.flatnonzero(can.any(axis=0))
    level = 0
    while len(classes) and len(groups):
        part = np.ix_(classes, groups)
        if not can[part].any() or rates[classes].sum() <= _ZERO:
            advantage[part] = np.where(can[part], 1.0, advantage[part])
            break
        load, share, prices = _bottleneck(rates[classes], means[part], staff[groups])
        priced = prices > _ZERO * prices.max() if len(prices) else prices > 0
        worth = np.where(can[part], prices * np.where(can[part], means[part], 0), np.inf)
        cost = worth.min(axis=1)
        bottleneck = cost > _ZERO * max(cost.max(initial=0.0), _ZERO)
        if level == 0:
            rho = load
        x[part] = share
        y[classes], z[groups] = np.where(bottleneck, cost, 0.0), prices
        ratio = np.divide(cost[:, None], worth, out=np.zeros_like(worth), where=worth > 0)
        here = can[part] & bottleneck[:, None] & priced
        advantage[part] = np.where(here, np.clip(ratio, FLOOR, 1.0), advantage[part])
        if not priced.any() or not bottleneck.any():
            advantage[part] = np.where(can[part], 1.0, advantage[part])
            break
        classes, groups = classes[~bottleneck], groups[~priced]
        level += 1
    return Solution(rho, x, y, z, advantage, unserved)


def _bottleneck(rates: Matrix, means: Matrix, agents: Matrix) -> tuple[float, Matrix, Matrix]:
    """rho, x and z of one LP."""
    try:
        from scipy.optimize import linprog  # noqa: PLC0415 (slow to load; deciding goes on without)
        from scipy.sparse import coo_array  # noqa: PLC0415
    except ImportError as error:
        raise PlanFailed(str(error)) from error
    k, g = np.nonzero(np.isfinite(means))
    pairs = len(k)
    columns = np.arange(pairs)
    balance = coo_array((1 / means[k, g], (k, columns)), shape=(len(rates), pairs + 1))
    limits = coo_array(
        (
            np.concatenate([np.ones(pairs), -agents]),
            (
                np.concatenate([g, np.arange(len(agents))]),
                np.concatenate([columns, np.full(len(agents), pairs)]),
            ),
        ),
        shape=(len(agents), pairs + 1),
    )
    goal = np.zeros(pairs + 1)
    goal[-1] = 1
    found = linprog(
        goal,
        A_ub=limits.tocsr(),
        b_ub=np.zeros(len(agents)),
        A_eq=balance.tocsr(),
        b_eq=rates,
        method="highs",
        options={"time_limit": _SECONDS},
    )
    if found.x is None or found.status != 0:
        raise PlanFailed(str(found.message))
    x = np.zeros_like(means)
    x[k, g] = found.x[:-1]
    return float(found.x[-1]), x, np.maximum(0.0, -found.ineqlin.marginals)
