"""What a timer's coming leads to. Each leads to an event that makes the timer dead."""

from services.contracts import routing_events as ev
from services.router.core import (
    assignments,
    planning,
    presence,
    silence,
    timers,
    waiting,
    waiting_due,
)
from services.router.core.pool import Pool
from services.router.core.timers import Timer
from services.router.core.turn import Turn, let_go, requeue, withdraw_offers


def alive(turn_pools: dict[str, Pool], timer: Timer) -> bool:
    """Whether the timer of a pool still means something. Never again, once not."""
    due, kind, pool_name, key, second = timer
    pool = turn_pools[pool_name]
    if kind == timers.OFFER:
        offer = pool.offers.get(key)
        return offer is not None and offer.expires_at == due
    if kind == timers.WRAP_UP:
        assignment = pool.assignments.get(key)
        return assignment is not None and assignment.wrap_up_until == due
    if kind == timers.FORGET:
        closed = pool.closed.get(key)
        return closed is not None and closed.forget_at == due
    if kind == timers.ASK_AGAIN:
        contact = pool.contacts.get(key)
        return contact is not None and contact.tried.get(second) == due
    if kind in (timers.PROBE, timers.GIVE_UP):
        contact = pool.contacts.get(key)
        return contact is not None and due == (
            contact.probe_at if kind == timers.PROBE else contact.give_up_at
        )
    if kind == timers.RECLASSIFY:
        return key in pool.stale
    if kind in waiting.KINDS:
        return waiting.alive(pool, timer)
    if kind == timers.PLAN:
        return pool.plan_until == due
    agent = pool.agents.get(key)
    if agent is None:
        return False
    if kind == timers.GRACE:
        return agent.grace_until == due
    if kind == timers.PAUSE:
        return agent.paused_until == due
    if kind == timers.RAMP:
        return agent.next_at == due
    if kind == timers.ASSIGNMENT_GRACE:
        return agent.assignment_grace_until == due
    return agent.sessions.get(second) == ""


def fire(turn: Turn, timer: Timer) -> None:
    """The time has come."""
    _, kind, pool_name, key, second = timer
    if kind == timers.LEASE:
        turn.emit(ev.GatewayExpired(gateway=key))
        return
    pool = turn.pools[pool_name]
    if kind == timers.OFFER:
        _expire(turn, pool, key)
    elif kind == timers.WRAP_UP:
        assignments.end(turn, pool, pool.assignments[key], "timed_out", "")
    elif kind == timers.FORGET:
        turn.emit(ev.ContactForgotten(pool=pool.name, contact=key))
    elif kind == timers.RECLASSIFY:
        requeue(turn, pool, pool.contacts[key], "reconfigured")
    elif kind == timers.PROBE:
        silence.probe(turn, pool, pool.contacts[key])
    elif kind == timers.GIVE_UP:
        silence.give_up(turn, pool, pool.contacts[key])
    elif kind in waiting.KINDS:
        waiting_due.fire(turn, pool, timer)
    elif kind == timers.PAUSE:
        turn.emit(ev.AgentReady(pool=pool.name, agent=key))
    elif kind == timers.RAMP:
        turn.emit(ev.AgentReady(pool=pool.name, agent=key, reason="ramp"))
    elif kind == timers.PLAN:
        planning.lapse(turn, pool)
    elif kind == timers.GRACE:
        presence.lose(turn, pool, pool.agents[key])
    elif kind == timers.ASSIGNMENT_GRACE:
        presence.lose_assignments(turn, pool, pool.agents[key])
    elif kind == timers.DETACH:
        presence.detach(turn, pool, pool.agents[key], second, "gateway_silent")


def _expire(turn: Turn, pool: Pool, offer_id: str) -> None:
    offer = pool.offers[offer_id]
    agent = offer.agent
    let_go(turn, pool, offer, "expired", "expired")
    if agent.missed >= pool.config.presence.missed_offers and agent.presence == "available":
        turn.emit(
            ev.AgentPresenceChanged(
                pool=pool.name, agent=agent.id, presence="break", reason="missed_offers"
            )
        )
        withdraw_offers(turn, pool, agent.id, "presence")
