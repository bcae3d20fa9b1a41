"""What events about configuration, agents and their connections do to a pool's state."""

from services.contracts import routing_events as ev
from services.contracts.base import Millis
from services.router.core import timers, waiting
from services.router.core.apply_hours import drop_calendars
from services.router.core.classify import Classifier
from services.router.core.memory import forget
from services.router.core.model import Agent
from services.router.core.pool import Pool

KEEP_ENDED_SESSIONS = 10_000


def pool_configured(pool: Pool, event: ev.PoolConfigured, at: Millis) -> None:
    pool.config = event.config
    pool.classify = Classifier(event.config)
    pool.version = event.version
    queues = event.config.queues
    pool.relaxing = frozenset(name for name, queue in queues.items() if queue.relax)
    drop_calendars(pool)
    pool.waits.keep(event.config.queues)
    pool.decide()
    pool.index.configure(event.config.channels, pool.agents.values(), pool.contacts.values())
    pool.stale = {
        contact.id
        for contact in pool.contacts.values()
        if contact.state == "queued" and pool.reclassified(contact) is not None
    }
    for contact in pool.contacts.values():
        if contact.held_until:
            waiting.reenter(pool, contact, at)
        elif contact.state == "queued":
            waiting.arm(pool, contact)
        elif contact.offers or contact.transfer:
            pool.line_up(contact)
    for contact_id in sorted(pool.stale):
        pool.schedule.todo.append((0, timers.RECLASSIFY, pool.name, contact_id, ""))


def agent_upserted(pool: Pool, event: ev.AgentUpserted, at: Millis) -> None:
    agent = pool.agents.get(event.agent)
    if agent is None:
        agent = pool.agents[event.agent] = Agent(event.agent, idle_since=at)
    before = agent.skills
    agent.revision += 1
    agent.known = True
    agent.skills = event.skills
    agent.limits = event.limits
    agent.auto_accept = event.auto_accept
    pool.index.place(agent, before)
    waiting.review(pool, agent, at)


def agent_presence_changed(pool: Pool, event: ev.AgentPresenceChanged, at: Millis) -> None:
    agent = pool.touched(event.agent)
    agent.presence = event.presence
    agent.forced_by = event.by
    agent.missed = 0
    if event.presence == "available":
        agent.idle_since = at
        begin_ramp(pool, agent, at)
    pool.index.presence(agent)
    waiting.review(pool, agent, at)


def agent_paused(pool: Pool, event: ev.AgentPaused, at: Millis) -> None:
    agent = pool.touched(event.agent)
    agent.paused_until = event.until
    pool.schedule.due.push(event.until, timers.PAUSE, pool.name, agent.id)
    pool.index.presence(agent)
    waiting.review(pool, agent, at)


def agent_ready(pool: Pool, event: ev.AgentReady, _at: Millis) -> None:
    agent = pool.touched(event.agent)
    if event.reason == "pause":
        agent.paused_until = 0
    else:
        agent.next_at = 0
    pool.index.presence(agent)


def session_attached(pool: Pool, event: ev.SessionAttached, at: Millis) -> None:
    agent = pool.agents.get(event.agent)
    if agent is None:
        agent = pool.agents[event.agent] = Agent(event.agent, idle_since=at)
        pool.index.place(agent, {})
    agent.revision += 1
    if not agent.sessions and not agent.grace_until and agent.presence == "available":
        begin_ramp(pool, agent, at)
    if not agent.sessions.get(event.session):
        agent.live += 1
    agent.sessions[event.session] = event.gateway
    agent.grace_until = agent.assignment_grace_until = 0
    pool.index.presence(agent)


def session_detached(pool: Pool, event: ev.SessionDetached, at: Millis) -> None:
    agent = pool.touched(event.agent)
    if agent.sessions.pop(event.session):
        agent.live -= 1
    if event.reason == "ended":
        pool.ended_sessions[event.session] = None
        forget(pool.ended_sessions, KEEP_ENDED_SESSIONS)
    if event.grace_until:
        agent.grace_until = event.grace_until
        agent.grace_span = event.grace_until - at
        agent.assignment_grace_until = event.assignment_grace_until
        agent.assignment_grace_span = event.assignment_grace_until - at
        due = pool.schedule.due
        due.push(agent.grace_until, timers.GRACE, pool.name, agent.id)
        due.push(agent.assignment_grace_until, timers.ASSIGNMENT_GRACE, pool.name, agent.id)
    pool.index.presence(agent)
    waiting.review(pool, agent, at)
    if not agent.known and not agent.sessions:
        del pool.agents[agent.id]
        pool.index.remove(agent)


def agent_lost(pool: Pool, event: ev.AgentLost, _at: Millis) -> None:
    agent = pool.touched(event.agent)
    agent.lost = True
    agent.grace_until = 0
    pool.index.presence(agent)
    nothing_to_lose(agent)


def agent_returned(pool: Pool, event: ev.AgentReturned, at: Millis) -> None:
    agent = pool.touched(event.agent)
    agent.lost = False
    agent.idle_since = at
    pool.index.touch(agent)


def begin_ramp(pool: Pool, agent: Agent, at: Millis) -> None:
    """The agent becomes available: contacts come one at a time at first."""
    agent.ramp_until = at + round(pool.config.presence.ramp_period * 1000)


def orphan(pool: Pool, agent_id: str, session: str, at: Millis) -> None:
    """The gateway of this connection is gone: it counts no more, and is to be detached."""
    agent = pool.agents[agent_id]
    agent.sessions[session] = ""
    agent.live -= 1
    pool.schedule.todo.append((0, timers.DETACH, pool.name, agent_id, session))
    pool.index.presence(agent)
    waiting.review(pool, agent, at)


def renew(pool: Pool, now: Millis) -> None:
    """Open offers and grace times get one full period anew."""
    due = pool.schedule.due
    for offer in pool.offers.values():
        offer.expires_at = now + offer.span
        due.push(offer.expires_at, timers.OFFER, pool.name, offer.id)
    for agent in pool.agents.values():
        if agent.offers:
            agent.revision += 1
        if agent.grace_until:
            agent.grace_until = now + agent.grace_span
            due.push(agent.grace_until, timers.GRACE, pool.name, agent.id)
        if agent.assignment_grace_until:
            agent.assignment_grace_until = now + agent.assignment_grace_span
            due.push(agent.assignment_grace_until, timers.ASSIGNMENT_GRACE, pool.name, agent.id)


def nothing_to_lose(agent: Agent) -> None:
    # A lost agent gets nothing new, so once no talk is left the second grace time is idle.
    if agent.lost and all(assignment.wrapping for assignment in agent.assignments.values()):
        agent.assignment_grace_until = 0
