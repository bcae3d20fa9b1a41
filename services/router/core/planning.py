"""What a proposed plan leads to: it is adopted, and overload begins or ends."""

from services.contracts import contact_events as ce
from services.contracts import routing_events as ev
from services.router.core.plan import OVERLOAD
from services.router.core.pool import Pool
from services.router.core.turn import Turn

AHEAD_MS = 5 * 60_000
"""A planner's clock may be so much before the router's."""


def proposed(turn: Turn, pool: Pool, event: ce.PlanProposed) -> None:
    """Adopt it unless the pool has one as new. One from the future is refused: it would keep out
    all that are made until then. Overload begins, and ends, when the load of every
    plan has been on the other side for `overload_after` seconds."""
    plan = event.data.plan
    if plan.made_at > turn.at + AHEAD_MS:
        turn.emit(ev.InputRejected(reason="invalid", detail="the plan is from the future"))
        return
    if plan.made_at <= pool.planned_at:
        return
    turn.emit(ev.PlanAdopted(pool=pool.name, plan=plan))
    policy = pool.config.policy
    over = plan.rho > OVERLOAD
    if over != pool.overloaded and policy.overload != "off":
        if turn.at - pool.crossed_at >= round(policy.overload_after * 1000):
            _change(turn, pool, over, plan.rho)
    elif pool.overloaded and policy.overload == "off":
        _change(turn, pool, False, plan.rho)


def lapse(turn: Turn, pool: Pool) -> None:
    """No plan has come for long: decide without, and know nothing of overload."""
    rho = pool.plan.rho if pool.plan else 0.0
    turn.emit(ev.PlanLapsed(pool=pool.name))
    if pool.overloaded:
        _change(turn, pool, False, rho)


def _change(turn: Turn, pool: Pool, on: bool, rho: float) -> None:
    choice = pool.config.policy.overload
    turn.emit(ev.OverloadChanged(pool=pool.name, on=on, rho=rho, choice=choice))
