"""What events about transfers do to a pool's state."""

from dataclasses import replace

from services.contracts import routing_events as ev
from services.contracts.base import Millis
from services.router.core.apply_work import close, want
from services.router.core.model import Transfer
from services.router.core.pool import Pool

NEVER: Millis = 1 << 62
"""Who has the contact is not asked for it."""


def transfer_started(pool: Pool, event: ev.TransferStarted, at: Millis) -> None:
    pool.touched(event.agent)
    contact = pool.contacts[event.contact]
    contact.transfer = Transfer(
        to_agent=event.to_agent,
        note=event.note,
        started_at=at,
        before=contact.wanted,
        chosen_before=contact.chosen,
        to_pool=event.to_pool,
        queue=event.queue,
        id=event.transfer,
    )
    if event.to_pool:
        pool.outbound[contact.id] = None
    contact.tried = {event.agent: NEVER}
    if event.wanted is not None:
        want(pool, contact, event.wanted, contact.state)
        contact.chosen = True
    pool.line_up(contact)


def transfer_ended(pool: Pool, event: ev.TransferEnded, _at: Millis) -> None:
    pool.touched(event.agent)
    contact = pool.contacts[event.contact]
    transfer, contact.transfer = contact.transfer, None
    pool.outbound.pop(contact.id, None)
    contact.tried.pop(event.agent, None)
    if transfer is not None and event.result not in ("accepted", "agent_lost"):
        want(pool, contact, transfer.before, contact.state)
        contact.chosen = transfer.chosen_before
    pool.line_up(contact)


def transfer_recalled(pool: Pool, event: ev.TransferRecalled, _at: Millis) -> None:
    agent = pool.touched(event.agent)
    contact = pool.contacts[event.contact]
    if event.lost:
        agent.assignment_grace_until = 0
    if contact.transfer is not None:
        contact.transfer = replace(contact.transfer, recalled=True)


def contact_handed_over(pool: Pool, event: ev.ContactHandedOver, at: Millis) -> None:
    pool.touched(event.agent)
    close(pool, event.contact, "closed", event.agent, f"to {event.to_pool}", at)
