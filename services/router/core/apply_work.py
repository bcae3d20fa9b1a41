"""What events about contacts, offers and assignments do to a pool's state."""

from dataclasses import replace
from typing import get_args

import msgspec

from services.contracts import routing_events as ev
from services.contracts.base import Millis
from services.router.core import timers, waiting
from services.router.core.apply_agents import nothing_to_lose
from services.router.core.apply_silence import recost, stop_waiting
from services.router.core.memory import forget
from services.router.core.model import (
    Assignment,
    Closed,
    Contact,
    ContactState,
    Offer,
    Past,
)
from services.router.core.pool import Pool

KEEP_CLOSED_MS = 24 * 3_600_000
KEEP_PAST = 10_000
_SENT_ON = frozenset(get_args(ev.OverflowReason))
KEEP_SERVED = 100_000
"""So many customers of a pool (or cases, where the channel knows no customer) are remembered with
who served them last."""


def contact_queued(pool: Pool, event: ev.ContactQueued, at: Millis) -> None:
    facts = event.contact
    contact = pool.contacts[facts.id] = Contact(
        facts, facts.queue, facts.priority, facts.required, facts.preferred
    )
    contact.queued_at, contact.telling = at, True
    contact.placed = facts.placed
    if facts.origin is not None:
        pool.inbound[contact.id] = None
    contact.waits_since = facts.virtual_start
    if facts.not_before > at:
        contact.state = "scheduled"
        pool.schedule.times.push(facts.not_before, timers.NOT_BEFORE, pool.name, contact.id)
    _count(pool, contact)
    if contact.state == "queued":
        waiting.enter(pool, contact, at)


def contact_requeued(pool: Pool, event: ev.ContactRequeued, at: Millis) -> None:
    contact = pool.contacts[event.contact]
    now = event.classified
    contact.telling = False
    came_now = contact.queued_at == at
    moves = now is not None and now.queue != contact.queue
    if contact.state not in ("queued", "offered") or (moves and not came_now):
        contact.waits_since = at
    if event.reason in _SENT_ON and now is not None:
        if contact.queue not in contact.left:
            contact.left = (*contact.left, contact.queue)
        contact.placed = now.queue
    elif event.chosen:
        contact.placed = ""
    if now is not None:
        contact.chosen = event.chosen
    want(pool, contact, now or contact.wanted, "offered" if contact.offers else "queued")
    if contact.offers:
        pool.line_up(contact)
    else:
        waiting.enter(pool, contact, at)


def contact_withdrawn(pool: Pool, event: ev.ContactWithdrawn, at: Millis) -> None:
    close(pool, event.contact, "withdrawn", "", event.reason, at)


def contact_overflowed(pool: Pool, event: ev.ContactOverflowed, at: Millis) -> None:
    close(pool, event.contact, "overflowed", "", event.reason, at)
    was = pool.closed[event.contact]
    pool.closed[event.contact] = replace(was, action=event.action, opens_at=event.opens_at)


def contact_closed(pool: Pool, event: ev.ContactClosed, at: Millis) -> None:
    pool.touched(event.agent)
    close(pool, event.contact, "closed", event.agent, event.disposition, at)


def contact_forgotten(pool: Pool, event: ev.ContactForgotten, _at: Millis) -> None:
    del pool.closed[event.contact]


def offer_made(pool: Pool, event: ev.OfferMade, at: Millis) -> None:
    agent = pool.touched(event.agent)
    contact = pool.contacts[event.contact]
    if contact.facts.virtual_start > at:
        # Taken up before its time, it is as old as that from here on: no age is below nothing.
        contact.facts = msgspec.structs.replace(contact.facts, virtual_start=at)
    channel = pool.channel(event.channel)
    offer = pool.offers[event.offer] = Offer(
        id=event.offer,
        contact=contact,
        agent=agent,
        channel=event.channel,
        queue=event.queue,
        cost=channel.cost,
        firm=not channel.interruptible,
        made_at=at,
        expires_at=event.expires_at,
        span=event.expires_at - at,
        waited_ms=event.waited_ms,
        idle_before=agent.idle_since,
    )
    contact.offers[offer.id] = agent.offers[offer.id] = offer
    if contact.assignment is None:
        move(pool, contact, "offered")
    pool.line_up(contact)
    if at == contact.queued_at:
        contact.telling = False
    pool.offers_made += 1
    agent.asked = pool.offers_made
    agent.idle_since = at
    interval = round(pool.config.presence.ramp_interval * 1000)
    if at < agent.ramp_until and interval:
        agent.next_at = offer.next_at = at + interval
        pool.schedule.due.push(agent.next_at, timers.RAMP, pool.name, agent.id)
    take(pool, offer, 1)
    pool.schedule.due.push(offer.expires_at, timers.OFFER, pool.name, offer.id)


def offer_ended(pool: Pool, event: ev.OfferEnded, at: Millis) -> None:
    offer = _end_offer(pool, event.offer, event.result)
    agent, contact = offer.agent, offer.contact
    if event.result == "rescinded":
        _give_back_place(offer)
    else:
        agent.idle_since = at
        until = at + round(pool.config.presence.ask_again * 1000)
        contact.tried[agent.id] = until
        if until > at:
            pool.schedule.wake.push(until, timers.ASK_AGAIN, pool.name, contact.id, agent.id)
    if event.result == "declined":
        agent.missed = 0
    elif event.result == "expired" and agent.live:
        agent.missed += 1
    take(pool, offer, -1)
    pool.line_up(contact)


def assignment_started(pool: Pool, event: ev.AssignmentStarted, at: Millis) -> None:
    offer = _end_offer(pool, event.offer, "accepted", event.assignment)
    agent, contact = offer.agent, offer.contact
    agent.missed = 0
    agent.idle_since = at
    assignment = Assignment(
        id=event.assignment,
        contact=contact,
        agent=agent,
        channel=offer.channel,
        queue=offer.queue,
        cost=offer.cost,
        full_cost=offer.cost,
        firm=offer.firm,
        started_at=at,
    )
    move(pool, contact, "assigned")
    _learn(pool, contact, at, event.waited_ms)
    _serve(pool, contact.facts.customer or contact.facts.conversation, agent.id)
    pool.inbound.pop(contact.id, None)
    pool.assignments[assignment.id] = assignment
    contact.assignment = agent.assignments[assignment.id] = assignment
    less = pool.channel(offer.channel).inactive_cost if contact.quiet else None
    if less is not None:
        recost(pool, assignment, min(less, offer.cost))
    pool.index.touch(agent)


def assignment_wrapping(pool: Pool, event: ev.AssignmentWrapping, _at: Millis) -> None:
    agent = pool.touched(event.agent)
    assignment = pool.assignments[event.assignment]
    assignment.wrap_up_until = event.until
    assignment.disposition = event.disposition
    if event.reason == "transferred":
        assignment.handed_over = True
        assignment.contact.assignment = None
    else:
        stop_waiting(assignment.contact)
        move(pool, assignment.contact, "wrapping")
    nothing_to_lose(agent)
    pool.schedule.due.push(event.until, timers.WRAP_UP, pool.name, assignment.id)


def assignment_ended(pool: Pool, event: ev.AssignmentEnded, at: Millis) -> None:
    agent = pool.touched(event.agent)
    assignment = pool.assignments.pop(event.assignment)
    del agent.assignments[event.assignment]
    if not assignment.handed_over:
        assignment.contact.assignment = None
    agent.idle_since = at
    _remember(
        pool.past_assignments,
        event.assignment,
        Past(event.contact, event.agent, event.result),
    )
    take(pool, assignment, -1)
    nothing_to_lose(agent)


def _give_back_place(offer: Offer) -> None:
    """The agent loses nothing by an offer that was taken away: neither the place among those who
    are free nor, if fresh, the next contact."""
    agent = offer.agent
    if agent.idle_since == offer.made_at:
        agent.idle_since = offer.idle_before
    else:
        for other in agent.offers.values():
            if other.idle_before == offer.made_at:
                other.idle_before = offer.idle_before
    if agent.next_at == offer.next_at:
        agent.next_at = 0


def _learn(pool: Pool, contact: Contact, at: Millis, waited_ms: int) -> None:
    seen, contact.seen = contact.seen, None
    if seen is not None:
        others = pool.index.waiting_in(seen[0])
        pool.waits.started(seen[0], seen if contact.telling else None, at, waited_ms, others)


def _serve(pool: Pool, customer: str, agent: str) -> None:
    pool.served.pop(customer, None)
    pool.served[customer] = agent
    forget(pool.served, KEEP_SERVED)


def move(pool: Pool, contact: Contact, state: ContactState | None, queue: str = "") -> None:
    """The contact leaves its state for this one (None: it is over). Who waits again must still be
    put in line."""
    before = (contact.queue, contact.state)
    pool.tally[before] -= 1
    if not pool.tally[before]:
        del pool.tally[before]
    if contact.state == "parked":
        parked = pool.parked[contact.queue]
        del parked[contact.id]
        if not parked:
            del pool.parked[contact.queue]
    if state is not None:
        contact.state = state
        contact.queue = queue or contact.queue
        _count(pool, contact)
    pool.stale.discard(contact.id)
    waiting.leave(pool, contact)


def want(pool: Pool, contact: Contact, wanted: ev.Classified, state: ContactState) -> None:
    """The contact, in this state, asks for this from here on."""
    move(pool, contact, state, wanted.queue)
    contact.priority = wanted.priority
    contact.required = wanted.required
    contact.preferred = wanted.preferred
    contact.step = wanted.step


def _count(pool: Pool, contact: Contact) -> None:
    key = (contact.queue, contact.state)
    pool.tally[key] = pool.tally.get(key, 0) + 1


def close(
    pool: Pool, contact_id: str, state: ContactState, agent: str, reason: str, at: Millis
) -> None:
    """The contact is over, and remembered for a while."""
    contact = pool.contacts.pop(contact_id)
    pool.inbound.pop(contact_id, None)
    move(pool, contact, None)
    contact.state = state
    facts = contact.facts
    pool.closed[contact_id] = Closed(
        state,
        facts.conversation,
        facts.channel,
        contact.queue,
        agent,
        reason,
        at + KEEP_CLOSED_MS,
        contact.audit,
    )
    pool.schedule.forget.push(at + KEEP_CLOSED_MS, timers.FORGET, pool.name, contact_id)


def _end_offer(pool: Pool, offer_id: str, result: str, assignment: str = "") -> Offer:
    offer = pool.offers.pop(offer_id)
    pool.touched(offer.agent.id)
    del offer.agent.offers[offer_id]
    del offer.contact.offers[offer_id]
    _remember(
        pool.past_offers, offer_id, Past(offer.contact.id, offer.agent.id, result, assignment)
    )
    return offer


def take(pool: Pool, held: Offer | Assignment, count: int) -> None:
    """1: the agent's units are taken; -1: they are free again."""
    agent = held.agent
    agent.used += count * held.cost
    if held.firm:
        agent.firm_used += count * held.cost
        agent.firm_held += count
    load = agent.load.get(held.channel, 0) + count
    if load:
        agent.load[held.channel] = load
    else:
        del agent.load[held.channel]
    pool.index.touch(agent)


def _remember(past: dict[str, Past], key: str, what: Past) -> None:
    past[key] = what
    forget(past, KEEP_PAST)
