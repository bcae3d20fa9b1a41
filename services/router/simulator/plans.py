"""What the planner would propose for a centre, told to the pool as the platform tells it."""

from collections.abc import Sequence

import numpy as np
from numpy.random import default_rng

from services.contracts import contact_events as ce
from services.contracts import routing_events as ev
from services.contracts.base import Millis
from services.contracts.policy import Plan, PlanClass, PlanGroup
from services.contracts.pool import PoolConfig
from services.router.planner.estimates import Estimates
from services.router.planner.problem import problem_of
from services.router.planner.propose import propose
from services.router.simulator.centres import Centre
from services.router.simulator.draw import MINUTE_MS
from services.router.simulator.floor import START, Floor
from services.router.simulator.run import Action
from services.router.simulator.sites import channel_of, skills_of

EVERY_MS = 5 * MINUTE_MS
"""How often the plan is told again: it lapses when none comes for long."""


def plan_of(
    centre: Centre, rho: float, *, misestimate: float = 1.0, seed: tuple[int, ...] = ()
) -> Plan:
    """The plan from the centre's mean arrivals at the load `rho` and its mean handling times.

    `misestimate` 1.5 means that each rate and each handling time is taken for 1.5 times too much
    or too little, at random but the same for the same seed.
    """
    rates, means = centre.rates() * rho / 60, centre.means() * 60
    if misestimate != 1.0:
        rng = default_rng([*seed, _MISESTIMATES])
        rates = rates * misestimate ** rng.choice([-1.0, 1.0], size=rates.shape)
        means = means * misestimate ** rng.choice([-1.0, 1.0], size=means.shape)
    return propose(
        START,
        [
            PlanClass(queue=one.id, channel=channel_of(one), required={one.id: 1})
            for one in centre.classes
        ],
        [PlanGroup(skills=skills_of(group)) for group in centre.groups],
        arrivals=rates.tolist(),
        handling=np.where(np.isfinite(means), means, np.nan),
        agents=[float(group.agents) for group in centre.groups],
    )


_MISESTIMATES = 7_919
"""Keeps these draws apart from the days' own."""


def told(config: PoolConfig, plan: Plan, minutes: float) -> list[tuple[int, Action]]:
    """The acts that tell the plan at the start and again and again for so many minutes."""

    def tell(floor: Floor, now: Millis) -> Sequence[ev.AnyRoutingEvent]:
        fresh = Plan(
            made_at=now,
            rho=plan.rho,
            classes=plan.classes,
            groups=plan.groups,
            pairs=plan.pairs,
            markers=plan.markers,
        )
        return floor.report(ce.PlanProposed, ce.ProposedPlan(pool=config.pool, plan=fresh), now)

    return [(at, tell) for at in _times(minutes)]


def learned(config: PoolConfig, minutes: float) -> list[tuple[int, Action]]:
    """The acts by which the platform's planner follows the pool's journal from the start, and
    proposes again and again what it has learned. For one day: each has a planner of its own."""
    estimates = Estimates()

    def listen(floor: Floor, _now: Millis) -> Sequence[ev.AnyRoutingEvent]:
        floor.listen = lambda event, at: estimates.note(floor.pool, event, at)
        return ()

    def tell(floor: Floor, now: Millis) -> Sequence[ev.AnyRoutingEvent]:
        problem = problem_of(floor.pool, estimates, now)
        if problem is None:
            return ()
        data = ce.ProposedPlan(pool=config.pool, plan=problem.plan(now))
        return floor.report(ce.PlanProposed, data, now)

    return [(0, listen), *((at, tell) for at in _times(minutes))]


def _times(minutes: float) -> range:
    return range(0, round(minutes * MINUTE_MS) + 1, EVERY_MS)
