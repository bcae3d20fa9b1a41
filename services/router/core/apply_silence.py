"""What events about customers who write no more do to a pool's state."""

from services.contracts import routing_events as ev
from services.contracts.base import Millis
from services.router.core import timers
from services.router.core.model import Assignment, Contact
from services.router.core.pool import Pool

KEEP_HEARD = 8
"""So many facts of a contact are recognised when they come a second time."""


def contact_quieted(pool: Pool, event: ev.ContactQuieted, _at: Millis) -> None:
    contact = pool.contacts[event.contact]
    contact.quiet = True
    _hear(contact, event.fact)
    contact.probe_at = event.probe_at
    if event.probe_at:
        pool.schedule.due.push(event.probe_at, timers.PROBE, pool.name, contact.id)
    if contact.assignment is not None:
        pool.touched(event.agent)
        recost(pool, contact.assignment, event.cost)


def contact_probed(pool: Pool, event: ev.ContactProbed, at: Millis) -> None:
    contact = pool.contacts[event.contact]
    contact.probe_at = 0
    contact.give_up_at = event.give_up_at
    if event.give_up_at:
        contact.give_up_span = event.give_up_at - at
        pool.schedule.due.push(event.give_up_at, timers.GIVE_UP, pool.name, contact.id)


def contact_woken(pool: Pool, event: ev.ContactWoken, _at: Millis) -> None:
    contact = pool.contacts[event.contact]
    contact.quiet = False
    _hear(contact, event.fact)
    stop_waiting(contact)
    if contact.assignment is not None:
        pool.touched(event.agent)
        recost(pool, contact.assignment, event.cost)


def _hear(contact: Contact, fact: str) -> None:
    contact.heard = (*contact.heard[1 - KEEP_HEARD :], fact)


def stop_waiting(contact: Contact) -> None:
    """Nobody waits for the customer to write any more."""
    contact.probe_at = contact.give_up_at = contact.give_up_span = 0


def recost(pool: Pool, assignment: Assignment, cost: int) -> None:
    """From here on the assignment takes `cost` of its agent's units."""
    if cost == assignment.cost:
        return
    agent = assignment.agent
    agent.used += cost - assignment.cost
    if assignment.firm:
        agent.firm_used += cost - assignment.cost
    assignment.cost = cost
    pool.index.touch(agent)


def renew(pool: Pool, now: Millis) -> None:
    """Customers who were asked have the full time anew to answer."""
    for contact in pool.contacts.values():
        if contact.give_up_at:
            contact.give_up_at = now + contact.give_up_span
            pool.schedule.due.push(contact.give_up_at, timers.GIVE_UP, pool.name, contact.id)
