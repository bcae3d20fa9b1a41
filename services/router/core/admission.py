"""What a queue does with a contact that it cannot take: outside its hours, beyond its limits.

Hours and limits are looked at when a contact comes into a queue, and its time when it has waited
too long. Who waits when a queue closes goes on waiting: they came in time, and are served while
agents are there. A scheduled contact is turned away by neither: it was promised.
"""

from services.contracts import routing_events as ev
from services.contracts.pool import Instead
from services.router.core import forecasts
from services.router.core.model import Contact
from services.router.core.pool import Pool
from services.router.core.turn import Turn, overflow


def admit(turn: Turn, pool: Pool, contact: Contact, *, limits: bool = True) -> None:
    """A waiting contact has come into its queue, which may send it on; and so may the next one,
    but never back: at the latest in a queue that it has been in before it stays."""
    while (refusal := _refusal(turn, pool, contact, limits)) is not None:
        if not _send_on(turn, pool, contact, *refusal):
            return


def waited_too_long(turn: Turn, pool: Pool, contact: Contact) -> None:
    """The contact's longest wait in this queue is over."""
    if _send_on(turn, pool, contact, "max_wait", pool.config.queues[contact.queue].overflow):
        admit(turn, pool, contact)


def _refusal(
    turn: Turn, pool: Pool, contact: Contact, limits: bool
) -> tuple[ev.OverflowReason, Instead] | None:
    queue = pool.config.queues.get(contact.queue)
    if queue is None:
        return None
    if pool.is_closed(contact.queue):
        return "closed", queue.closed
    if not limits or (queue.max_length is None and queue.max_expected_wait is None):
        return None
    index, channel = pool.index, contact.facts.channel
    if index.able(contact.required) & index.free.get(channel, 0):
        return None
    others = pool.tally[(contact.queue, "queued")] - 1
    if queue.max_length is not None and others >= queue.max_length:
        return "max_length", queue.overflow
    if queue.max_expected_wait is not None:
        expected = forecasts.of_contact(pool, contact, turn.at)
        if expected is not None and expected.median > queue.max_expected_wait * 1000:
            return "max_expected_wait", queue.overflow
    return None


def _send_on(
    turn: Turn, pool: Pool, contact: Contact, reason: ev.OverflowReason, instead: Instead
) -> bool:
    """Whether the contact waits in another queue now; if not, it is parked, over, or stays."""
    if instead.action == "queue":
        if not pool.may_go(contact, instead):
            return False
        classified = pool.classify(contact.facts, instead.queue or "")
        turn.emit(
            ev.ContactRequeued(
                pool=pool.name, contact=contact.id, reason=reason, classified=classified
            )
        )
        return True
    hours = pool.hours.get(contact.queue)
    opens_at = hours.until if hours and reason == "closed" else 0
    if instead.action != "park":
        overflow(turn, pool, contact, instead.action, reason, opens_at)
    elif reason == "closed":
        turn.emit(ev.ContactParked(pool=pool.name, contact=contact.id, opens_at=opens_at))
    return False
