"""Presence is a lease: connections, their gateways, and what happens when they fall silent."""

from services.contracts import contact_events as ce
from services.contracts import routing_events as ev
from services.contracts.base import Millis
from services.router.core import assignments
from services.router.core.model import Agent
from services.router.core.pool import Pool
from services.router.core.turn import Turn, withdraw_offers

PATIENCE = 3
"""A gateway may miss so many of its periods."""
FIRST_LEASE_MS = 10_000
"""A gateway whose connections are heard of before its first heartbeat has this long."""


def session_opened(turn: Turn, pool: Pool, event: ce.SessionOpened) -> None:
    """One more connection; the first one brings a lost agent back. Known ones change nothing."""
    data = event.data
    agent = pool.agents.get(data.agent_id)
    if data.session_id in pool.ended_sessions:
        return
    if agent is not None and agent.sessions.get(data.session_id) == data.gateway:
        return
    if data.gateway not in turn.gateways:
        turn.emit(ev.GatewayRenewed(gateway=data.gateway, until=turn.at + FIRST_LEASE_MS))
    turn.emit(
        ev.SessionAttached(
            pool=pool.name, agent=data.agent_id, session=data.session_id, gateway=data.gateway
        )
    )
    if agent is not None and agent.lost:
        turn.emit(ev.AgentReturned(pool=pool.name, agent=agent.id))


def session_ended(turn: Turn, pool: Pool, event: ce.SessionEnded) -> None:
    """A connection is gone, unless it has moved to another gateway meanwhile."""
    data = event.data
    agent = pool.agents.get(data.agent_id)
    if agent is not None and agent.sessions.get(data.session_id) == data.gateway:
        detach(turn, pool, agent, data.session_id, "ended")


def detach(turn: Turn, pool: Pool, agent: Agent, session: str, reason: ev.DetachReason) -> None:
    """The connection counts no more; with the last one the grace times begin."""
    until = assignments_until = 0
    if len(agent.sessions) == 1 and agent.known:
        presence = pool.config.presence
        until = turn.at + round(presence.grace * 1000)
        longer = max(presence.grace, presence.assignment_grace)
        assignments_until = turn.at + round(longer * 1000)
    turn.emit(
        ev.SessionDetached(
            pool=pool.name,
            agent=agent.id,
            session=session,
            reason=reason,
            grace_until=until,
            assignment_grace_until=assignments_until,
        )
    )


def heartbeat(turn: Turn, event: ce.GatewayHeartbeat) -> None:
    """The gateway's connections live on."""
    data = event.data
    until: Millis = turn.at + round(PATIENCE * data.period * 1000)
    turn.emit(ev.GatewayRenewed(gateway=data.gateway, until=until))


def lose(turn: Turn, pool: Pool, agent: Agent) -> None:
    """The grace time is over: open offers go to others."""
    turn.emit(ev.AgentLost(pool=pool.name, agent=agent.id))
    withdraw_offers(turn, pool, agent.id, "agent_lost")


def lose_assignments(turn: Turn, pool: Pool, agent: Agent) -> None:
    """The longer grace time is over: live contacts go to others, what is written up stays."""
    for assignment in list(agent.assignments.values()):
        if not assignment.wrapping:
            assignments.give_back(turn, pool, assignment)
