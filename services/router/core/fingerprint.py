"""A pool's whole state as plain values, free of the order in which things were built."""

from collections import Counter
from typing import Any

from services.router.core.bitset import bits
from services.router.core.model import Agent, Assignment, Contact, Offer
from services.router.core.pool import Pool


def fingerprint_of_pool(pool: Pool) -> dict[str, Any]:
    """Equal for pools that behave the same from here on, and only for them. (Channels that are not
    declared come into the index with their first contact, and go when it is built anew.)"""
    return {
        "config": pool.config,
        "version": pool.version,
        "agents": {name: _agent(agent, pool) for name, agent in pool.agents.items()},
        "contacts": {name: _contact(contact) for name, contact in pool.contacts.items()},
        "closed": tuple(pool.closed.items()),
        "past offers": tuple(pool.past_offers.items()),
        "past assignments": tuple(pool.past_assignments.items()),
        "ended sessions": tuple(pool.ended_sessions),
        "offers": {name: _offer(offer) for name, offer in pool.offers.items()},
        "assignments": {name: _assignment(one) for name, one in pool.assignments.items()},
        "stale": frozenset(pool.stale),
        "audit": tuple(pool.audit),
        "outbound": frozenset(pool.outbound),
        "inbound": frozenset(pool.inbound),
        "tally": dict(pool.tally),
        "held": {name: set(contacts) for name, contacts in pool.held.items()},
        "hours": dict(pool.hours),
        "parked": {name: set(contacts) for name, contacts in pool.parked.items()},
        "served": tuple(pool.served.items()),
        "waits": pool.waits.plain(),
        "plan": (pool.plan, pool.planned_at, pool.plan_until, pool.crossed_at),
        "overloaded": pool.overloaded,
        "offers made": pool.offers_made,
        "index": _index(pool),
    }


def _agent(agent: Agent, pool: Pool) -> tuple[Any, ...]:
    return (
        (agent.known, agent.skills, agent.limits, agent.auto_accept),
        (
            agent.presence,
            agent.forced_by,
            agent.missed,
            agent.paused_until,
            agent.ramp_until,
            agent.next_at,
        ),
        (agent.sessions, agent.live, agent.lost),
        (agent.grace_until, agent.grace_span),
        (agent.assignment_grace_until, agent.assignment_grace_span),
        (agent.firm_used, agent.firm_held),
        (
            agent.revision,
            agent.used,
            agent.load,
            agent.idle_since,
            [name for name in agent.open_to if name in pool.config.channels],
        ),
        (agent.asked, agent.group),
        (frozenset(agent.offers), frozenset(agent.assignments)),
    )


def _contact(contact: Contact) -> tuple[Any, ...]:
    return (
        (contact.facts, contact.queue, contact.priority, contact.required, contact.preferred),
        (contact.state, contact.tried, contact.ticket > 0, contact.transfer, contact.chosen),
        contact.audit,
        (contact.step, contact.waits_since, contact.relax_at, contact.held_until),
        (contact.overflow_at, contact.placed, contact.left, contact.settled),
        (contact.seen, contact.queued_at, contact.telling),
        (contact.quiet, contact.heard, contact.probe_at, contact.give_up_at, contact.give_up_span),
        frozenset(contact.offers),
        contact.assignment.id if contact.assignment else "",
    )


def _offer(offer: Offer) -> tuple[Any, ...]:
    return (
        (offer.contact.id, offer.agent.id, offer.channel, offer.queue, offer.cost, offer.firm),
        (offer.made_at, offer.expires_at, offer.span, offer.waited_ms, offer.idle_before),
        offer.next_at,
    )


def _assignment(one: Assignment) -> tuple[Any, ...]:
    return (
        (one.contact.id, one.agent.id, one.channel, one.queue, one.cost, one.full_cost, one.firm),
        (one.started_at, one.wrap_up_until, one.disposition, one.handed_over),
    )


def _index(pool: Pool) -> dict[str, Any]:
    index = pool.index

    def names(mask: int) -> frozenset[str]:
        return frozenset(agent.id for slot in bits(mask) if (agent := index.slots[slot]))

    # Who is open to undeclared channels alone is so while the index knows them.
    declared = {
        agent.id for agent in pool.agents.values() if pool.config.channels.keys() & agent.open_to
    }
    return {
        "everyone": names(index.everyone),
        "present": names(index.present),
        "signed in": names(index.signed_in),
        "barred": {channel: names(mask) for channel, mask in index.barred.items() if mask},
        "free": {
            channel: names(mask)
            for channel, mask in index.free.items()
            if mask and channel in pool.config.channels
        },
        "order": [key[:3] for key in index.order if key[2] in declared],
        "loads": {
            load: open_to
            for load, mask in index.by_load.items()
            if (open_to := names(mask) & declared)
        },
        "counts": {count: names(mask) for count, mask in index.by_count.items() if mask},
        "groups": {group: names(mask) for group, mask in index.by_group.items() if mask},
        "waiting": Counter(
            entry[:2] for line in index.lines for entry in line.heap if entry[3].ticket == entry[2]
        ),
        "sizes": {
            (
                (line.channel, line.queue, line.priority, line.queued, line.step, line.window),
                tuple(sorted(line.required.items())),
                tuple(sorted(line.preferred.items())),
            ): line.size
            for number in bits(index.waiting)
            for line in (index.lines[number],)
        },
    }
