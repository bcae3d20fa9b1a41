"""What readers may ask of a partition's state. JSON-ready dicts; times in ms. Nothing changes."""

from collections.abc import Iterable
from typing import Any

from services.router.core.classify import takes
from services.router.core.model import CAPACITY, Agent, Audited, Contact, Transfer
from services.router.core.partition import Partition
from services.router.core.pool import Pool


def agent_view(partition: Partition, pool: str, agent_id: str) -> dict[str, Any] | None:
    """An agent with all that is in hand; None if there is no such agent."""
    state = partition.pools.get(pool)
    agent = state.agents.get(agent_id) if state else None
    if agent is None or not agent.known:
        return None
    return {
        "pool": pool,
        "agent_id": agent.id,
        "revision": agent.revision,
        "presence": agent.presence,
        "forced_by": agent.forced_by or None,
        "connected": agent.live > 0,
        "skills": dict(agent.skills),
        "limits": dict(agent.limits),
        "used": agent.used,
        "capacity": CAPACITY,
        "idle_since": agent.idle_since,
        "missed_offers": agent.missed,
        "paused_until": agent.paused_until or None,
        "auto_accept": list(agent.auto_accept),
        "offers": _offers(agent),
        "assignments": _assignments(agent),
    }


def agent_ids(partition: Partition, pool: str) -> list[str]:
    """The pool's agents, sorted."""
    state = partition.pools.get(pool)
    return sorted(agent.id for agent in state.agents.values() if agent.known) if state else []


def contact_view(partition: Partition, pool: str, contact_id: str) -> dict[str, Any] | None:
    """A contact that lives or is remembered, None if it is not known."""
    state = partition.pools.get(pool)
    if state is None:
        return None
    contact = state.contacts.get(contact_id)
    if contact is not None:
        return _contact(state, contact)
    closed = state.closed.get(contact_id)
    if closed is None:
        return None
    return {
        "pool": pool,
        "contact_id": contact_id,
        "conversation_id": closed.conversation,
        "state": closed.state,
        "channel": closed.channel,
        "queue": closed.queue,
        "agent_id": closed.agent or None,
        "reason": closed.reason,
        "action": closed.action or None,
        "opens_at": closed.opens_at or None,
        "audit": _audit(closed.audit),
    }


def queue_views(partition: Partition, pool: str) -> list[dict[str, Any]]:
    """Every queue by name: how many contacts in which state, since when the oldest one waits,
    whether it is open by its calendar and when that ends (none: not known), and of the agents with
    the queue's skills (`eligible`) how many could be asked at all (`available`: connected and
    available) and have no room for any of its channels (`busy`, of the available).

    A queue that is gone from the configuration stands here until its last contact has left it.
    """
    state = partition.pools.get(pool)
    if state is None:
        return []
    names = set(state.config.queues) | {queue for queue, _ in state.tally}
    oldest: dict[str, int] = {}
    for line in state.index.lines:
        head = line.head() if line.queued else None
        if head is not None:
            oldest[line.queue] = min(head[0], oldest.get(line.queue, head[0]))
    for held in state.held.values():
        for contact_id in held:
            one = state.contacts[contact_id]
            since = one.facts.virtual_start
            oldest[one.queue] = min(since, oldest.get(one.queue, since))
    return [
        {
            "pool": pool,
            "queue": name,
            "waiting": state.tally.get((name, "queued"), 0),
            "longest_wait_since": oldest.get(name),
            "scheduled": state.tally.get((name, "scheduled"), 0),
            "parked": state.tally.get((name, "parked"), 0),
            "open": not state.is_closed(name),
            "open_until": None if state.is_closed(name) else _until(state, name),
            "opens_at": _until(state, name) if state.is_closed(name) else None,
            "offered": state.tally.get((name, "offered"), 0),
            "assigned": state.tally.get((name, "assigned"), 0),
            "wrapping": state.tally.get((name, "wrapping"), 0),
            "agents": _agents_of(state, name),
        }
        for name in sorted(names)
    ]


def _agents_of(pool: Pool, queue_name: str) -> dict[str, int]:
    queue = pool.config.queues.get(queue_name)
    if queue is None:
        return {"eligible": 0, "available": 0, "busy": 0}
    index = pool.index
    eligible = index.able(queue.required)
    available = eligible & index.present
    free = 0
    for channel in pool.config.channels:
        if takes(queue, channel):
            free |= index.free.get(channel, 0)
    return {
        "eligible": eligible.bit_count(),
        "available": available.bit_count(),
        "busy": (available & ~free).bit_count(),
    }


def _until(pool: Pool, queue: str) -> int | None:
    """When the queue closes or opens next by its calendar, if that is known."""
    hours = pool.hours.get(queue)
    return (hours.until or None) if hours else None


def _contact(pool: Pool, contact: Contact) -> dict[str, Any]:
    facts = contact.facts
    offers, assignment = list(contact.offers.values()), contact.assignment
    offer = offers[0] if offers else None
    holder = assignment or offer
    return {
        "pool": pool.name,
        "contact_id": contact.id,
        "conversation_id": facts.conversation,
        "state": contact.state,
        "channel": facts.channel,
        "queue": contact.queue,
        "priority": contact.priority,
        "required": dict(contact.required),
        "preferred": dict(contact.preferred),
        "language": facts.language,
        "waiting_since": facts.virtual_start,
        "not_before": facts.not_before or None,
        "due_at": facts.due_at or None,
        "opens_at": _until(pool, contact.queue) if contact.state == "parked" else None,
        "preferred_agent_id": facts.preferred_agent or None,
        "held_until": contact.held_until or None,
        "agent_id": holder.agent.id if holder else None,
        "offer_id": offer.id if offer else None,
        "offers": [
            {"offer_id": one.id, "agent_id": one.agent.id, "expires_at": one.expires_at}
            for one in offers
        ],
        "assignment_id": assignment.id if assignment else None,
        "quiet": contact.quiet,
        "transfer": _transfer(contact),
        "audit": _audit(contact.audit),
        "give_up_at": contact.give_up_at or None,
    }


def _offers(agent: Agent) -> list[dict[str, Any]]:
    return [
        {
            "offer_id": offer.id,
            "contact_id": offer.contact.id,
            "conversation_id": offer.contact.facts.conversation,
            "channel": offer.channel,
            "queue": offer.queue,
            "made_at": offer.made_at,
            "expires_at": offer.expires_at,
            "waited_ms": offer.waited_ms,
            **_handed(offer.contact),
        }
        for offer in sorted(agent.offers.values(), key=lambda offer: (offer.made_at, offer.id))
    ]


def audit_view(partition: Partition, pool: str) -> list[dict[str, Any]]:
    """What supervisors did of late, the newest first."""
    state = partition.pools.get(pool)
    return _audit(state.audit[::-1]) if state else []


def _audit(noted: Iterable[Audited]) -> list[dict[str, Any]]:
    return [
        {
            "at": one.at,
            "by": one.by,
            "action": one.action,
            "contact_id": one.contact or None,
            "agent_id": one.agent or None,
            "detail": one.detail,
        }
        for one in noted
    ]


def _handed(contact: Contact) -> dict[str, Any]:
    """Whom a contact that is offered comes from, if somebody has it."""
    if contact.assignment is None:
        return {}
    note = contact.transfer.note if contact.transfer else ""
    return {"from_agent": contact.assignment.agent.id, "note_id": note or None}


def _queue_of(contact: Contact, transfer: Transfer) -> str | None:
    if transfer.to_pool:
        return transfer.queue or None
    return None if transfer.to_agent else contact.queue


def _transfer(contact: Contact) -> dict[str, Any] | None:
    transfer = contact.transfer
    if transfer is None:
        return None
    return {
        "to_agent": transfer.to_agent or None,
        "to_pool": transfer.to_pool or None,
        "to_queue": _queue_of(contact, transfer),
        "required": {} if transfer.to_agent or transfer.to_pool else dict(contact.required),
        "recalled": transfer.recalled,
        "note_id": transfer.note or None,
        "started_at": transfer.started_at,
    }


def _assignments(agent: Agent) -> list[dict[str, Any]]:
    return [
        {
            "assignment_id": one.id,
            "contact_id": one.contact.id,
            "conversation_id": one.contact.facts.conversation,
            "channel": one.channel,
            "queue": one.queue,
            "state": "wrapping" if one.wrapping else "active",
            "cost": one.cost,
            "quiet": one.contact.quiet,
            "transfer": None if one.handed_over else _transfer(one.contact),
            "started_at": one.started_at,
            "wrap_up_until": one.wrap_up_until or None,
        }
        for one in sorted(agent.assignments.values(), key=lambda one: (one.started_at, one.id))
    ]
