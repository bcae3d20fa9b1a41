"""What events about plans do to a pool's state."""

from services.contracts import routing_events as ev
from services.contracts.base import Millis
from services.router.core import timers
from services.router.core.plan import OVERLOAD
from services.router.core.pool import Pool

KEEP_PLAN_MS = 15 * 60_000
"""A plan that no newer one has replaced for so long is too old to decide by."""


def plan_adopted(pool: Pool, event: ev.PlanAdopted, at: Millis) -> None:
    if pool.plan is None or (pool.plan.rho > OVERLOAD) != (event.plan.rho > OVERLOAD):
        pool.crossed_at = at
    pool.plan = event.plan
    pool.planned_at = event.plan.made_at
    pool.plan_until = at + KEEP_PLAN_MS
    pool.schedule.due.push(pool.plan_until, timers.PLAN, pool.name, "")
    pool.decide()


def plan_lapsed(pool: Pool, _event: ev.PlanLapsed, _at: Millis) -> None:
    pool.plan = None
    pool.plan_until = 0
    pool.decide()


def overload_changed(pool: Pool, event: ev.OverloadChanged, _at: Millis) -> None:
    pool.overloaded = event.on
    pool.decide()
