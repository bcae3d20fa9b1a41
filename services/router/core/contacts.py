"""What the customer's side says: a contact is opened, a contact is over."""

from services.contracts import contact_events as ce
from services.contracts import routing_events as ev
from services.router.core import admission, assignments
from services.router.core.pool import Pool
from services.router.core.turn import Turn, withdraw

OLDEST_MS = 7 * 24 * 3_600_000
"""A channel's clock can make a contact that much older, and never younger, than now."""


def opened(turn: Turn, pool: Pool, event: ce.ContactOpened) -> None:
    """A new contact waits, from its time on if it is scheduled. An id that is known, even from a
    contact that is over, changes nothing."""
    data = event.data
    if data.contact_id in pool.contacts or data.contact_id in pool.closed:
        return
    placed = data.queue if data.queue in pool.config.queues else ""
    classified = pool.classify(data, placed)
    start = min(max(data.opened_at, turn.at - OLDEST_MS, 0), turn.at)
    turn.emit(
        ev.ContactQueued(
            pool=pool.name,
            contact=ev.QueuedContact(
                id=data.contact_id,
                conversation=data.conversation_id,
                channel=data.channel,
                queue=classified.queue,
                virtual_start=max(start, data.not_before),
                priority=classified.priority,
                required=classified.required,
                preferred=classified.preferred,
                language=data.language,
                topic=data.topic,
                tier=data.tier,
                fields=data.fields,
                customer=data.customer,
                preferred_agent=data.preferred_agent or _served_by(pool, data),
                not_before=data.not_before,
                due_at=data.due_at,
                origin=data.origin,
                placed=placed,
            ),
        )
    )
    if not data.not_before:
        admission.admit(turn, pool, pool.contacts[data.contact_id])


def _served_by(pool: Pool, data: ce.OpenedContact) -> str:
    """Who served the customer last, or this very case if the channel does not know the customer."""
    return pool.served.get(data.customer) or pool.served.get(data.conversation_id, "")


def ended(turn: Turn, pool: Pool, event: ce.ContactEnded) -> None:
    """A contact that waits or is offered is withdrawn; a talk goes on to its wrap-up."""
    contact = pool.contacts.get(event.data.contact_id)
    if contact is None:
        return
    if contact.assignment is None:
        withdraw(turn, pool, contact, event.data.reason)
    elif not contact.assignment.wrapping:
        assignments.wrap_up(turn, pool, contact.assignment, "customer_left", "")
