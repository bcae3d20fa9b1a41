"""What events about channel changes and supervisors' commands do to a pool's state."""

import msgspec

from services.contracts import routing_events as ev
from services.contracts.base import Millis
from services.router.core import waiting
from services.router.core.apply_silence import stop_waiting
from services.router.core.apply_work import take
from services.router.core.model import Audited
from services.router.core.pool import Pool

KEEP_AUDIT = 1_000
"""So many commands of supervisors are remembered of a pool; the journal has them all."""
KEEP_AUDIT_OF_CONTACT = 10


def contact_channel_changed(pool: Pool, event: ev.ContactChannelChanged, _at: Millis) -> None:
    contact = pool.contacts[event.contact]
    waiting.leave(pool, contact)
    contact.facts = msgspec.structs.replace(contact.facts, channel=event.channel)
    contact.quiet = False
    stop_waiting(contact)
    assignment = contact.assignment
    if assignment is not None:
        pool.touched(event.agent)
        take(pool, assignment, -1)
        assignment.channel = event.channel
        assignment.cost = assignment.full_cost = event.cost
        assignment.firm = not pool.channel(event.channel).interruptible
        take(pool, assignment, 1)


def contact_prioritised(pool: Pool, event: ev.ContactPrioritised, at: Millis) -> None:
    contact = pool.contacts[event.contact]
    if contact.state == "queued":
        waiting.leave(pool, contact)
    contact.priority = event.priority
    contact.chosen = True
    if contact.state == "queued":
        waiting.enter(pool, contact, at)
    else:
        pool.line_up(contact)


def audit_noted(pool: Pool, event: ev.AuditNoted, at: Millis) -> None:
    if event.agent:
        pool.touched(event.agent)
    noted = Audited(at, event.by, event.action, event.contact, event.agent, event.detail)
    pool.audit.append(noted)
    del pool.audit[:-KEEP_AUDIT]
    contact = pool.contacts.get(event.contact)
    if contact is not None:
        contact.audit = (*contact.audit, noted)[-KEEP_AUDIT_OF_CONTACT:]
