"""From rates and handling times to the plan that a pool is told."""

from collections.abc import Sequence

import numpy as np

from services.contracts.base import Millis
from services.contracts.policy import Plan, PlanClass, PlanGroup, PlanPair
from services.router.planner.lp import Matrix, PlanFailed, solve


def propose(
    made_at: Millis,
    classes: Sequence[PlanClass],
    groups: Sequence[PlanGroup],
    *,
    arrivals: Sequence[float],
    handling: Sequence[Sequence[float | None]] | Matrix,
    agents: Sequence[float],
    markers: int = 0,
) -> Plan:
    """The plan for these classes (arrivals per second) and groups (agents in each), where
    `handling[k][g]` are seconds of an agent's whole time (None: cannot).

    If the LP cannot be solved, the plan still tells the handling times, with all advantages 1:
    then the policy decides as if it knew no plan's prices.
    """
    means = np.asarray(handling, dtype=float).reshape(len(classes), len(groups))
    can = np.isfinite(means) & (means > 0)
    try:
        solution = solve(arrivals, means, agents)
        rho, advantage = solution.rho, solution.advantage
    except PlanFailed:
        rho, advantage = 0.0, np.ones_like(means)
    pairs = tuple(
        PlanPair(int(k), int(g), _short(means[k, g]), round(float(advantage[k, g]) or 1.0, 3))
        for k, g in zip(*np.nonzero(can), strict=True)
    )
    return Plan(
        made_at=made_at,
        rho=round(rho, 4),
        classes=tuple(classes),
        groups=tuple(groups),
        pairs=pairs,
        markers=markers,
    )


def _short(value: float) -> float:
    return float(f"{value:.4g}")
