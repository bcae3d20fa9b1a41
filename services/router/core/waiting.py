"""A contact in line: its own times begin when it comes, and end when it goes."""

from services.contracts.base import Millis
from services.router.core import timers
from services.router.core.eligibility import could_ever
from services.router.core.model import Agent, Contact
from services.router.core.pool import Pool
from services.router.core.timers import Timer

KINDS = frozenset(range(timers.RELAX, timers.UNPARK + 1))
"""The timers of contacts that wait, or will."""


def enter(pool: Pool, contact: Contact, at: Millis) -> None:
    """The contact waits, from here on or again: in its line, or for its preferred agent alone."""
    arm(pool, contact)
    contact.seen = None
    if _hold(pool, contact, at):
        return
    pool.index.enqueue(contact)
    line = pool.index.lines[contact.signature]
    head = line.head()
    contact.seen = pool.waits.arrived(line.key, line.size, max(0, at - head[0]) if head else 0)


def leave(pool: Pool, contact: Contact) -> None:
    """The contact waits no more, or changes its line."""
    contact.relax_at = contact.overflow_at = 0
    if contact.held_until:
        contact.held_until = 0
        held = pool.held[contact.facts.preferred_agent]
        del held[contact.id]
        if not held:
            del pool.held[contact.facts.preferred_agent]
    pool.index.dequeue(contact)


def reenter(pool: Pool, contact: Contact, at: Millis) -> None:
    """The waiting contact may belong into another line, or not be held any more."""
    leave(pool, contact)
    contact.telling = False
    enter(pool, contact, at)


def review(pool: Pool, agent: Agent, at: Millis) -> None:
    """The agent may have left, or do other things: who waits for them alone need not."""
    for contact_id in list(pool.held.get(agent.id, ())):
        contact = pool.contacts[contact_id]
        if not _may_come(pool, contact, agent):
            reenter(pool, contact, at)


def first_held(pool: Pool, agent: Agent) -> Contact | None:
    """Of those who wait for this agent alone and whom the agent has room for, the first by
    priority, age and id."""
    held = (pool.contacts[contact_id] for contact_id in pool.held.get(agent.id, ()))
    return min(
        (contact for contact in held if contact.facts.channel in agent.open_to),
        key=lambda contact: (-contact.priority, contact.facts.virtual_start, contact.id),
        default=None,
    )


def arm(pool: Pool, contact: Contact) -> None:
    """Set the times of a waiting contact by the present configuration."""
    contact.relax_at = contact.overflow_at = 0
    queue = pool.config.queues.get(contact.queue)
    if queue is None:
        return
    if contact.step < len(queue.relax):
        contact.relax_at = _after(contact, queue.relax[contact.step].after)
        pool.schedule.times.push(contact.relax_at, timers.RELAX, pool.name, contact.id)
    if queue.max_wait is not None and not contact.facts.not_before:
        instead = queue.overflow
        if instead.action in ("form", "callback", "reject") or pool.may_go(contact, instead):
            contact.overflow_at = _after(contact, queue.max_wait)
            pool.schedule.times.push(contact.overflow_at, timers.MAX_WAIT, pool.name, contact.id)


def alive(pool: Pool, timer: Timer) -> bool:
    """Whether a timer of `KINDS` still means something."""
    due, kind, _, key, _ = timer
    if kind == timers.CALENDAR:
        hours = pool.hours.get(key)
        return hours is not None and hours.look_at == due
    contact = pool.contacts.get(key)
    if contact is None:
        return False
    if kind == timers.NOT_BEFORE:
        return contact.state == "scheduled"
    if kind == timers.UNPARK:
        return contact.state == "parked" and not pool.is_closed(contact.queue)
    if kind == timers.MAX_WAIT:
        return contact.overflow_at == due
    return due == (contact.relax_at if kind == timers.RELAX else contact.held_until)


def _hold(pool: Pool, contact: Contact, at: Millis) -> bool:
    """Whether the contact waits for its preferred agent alone: for the queue's seconds, as long as
    the agent is there, be it busy. Who declined or missed the contact is not waited for."""
    queue = pool.config.queues.get(contact.queue)
    if queue is None or not queue.preferred_agent:
        return False
    agent = pool.agents.get(contact.facts.preferred_agent)
    if agent is None or not _may_come(pool, contact, agent):
        return False
    until = _after(contact, queue.preferred_agent)
    if until <= at:
        return False
    contact.held_until = until
    pool.held.setdefault(agent.id, {})[contact.id] = None
    pool.schedule.times.push(until, timers.HOLD, pool.name, contact.id)
    pool.index.freed[agent.id] = agent
    return True


def _may_come(pool: Pool, contact: Contact, agent: Agent) -> bool:
    channel = contact.facts.channel
    return (
        agent.present
        and channel in pool.config.channels
        and agent.id not in contact.tried
        and could_ever(agent, channel, pool.channel(channel), contact.required)
    )


def _after(contact: Contact, seconds: float) -> Millis:
    return contact.waits_since + round(seconds * 1000)
