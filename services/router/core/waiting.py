"""A contact in line: its own times begin when it comes, and end when it goes."""

from services.contracts.base import Millis
from services.router.core import timers
from services.router.core.model import Contact
from services.router.core.pool import Pool
from services.router.core.timers import Timer

KINDS = frozenset({timers.RELAX})
"""The timers of this module."""


def enter(pool: Pool, contact: Contact, at: Millis) -> None:
    """The contact waits, from here on or again."""
    arm(pool, contact)
    pool.index.enqueue(contact)
    line = pool.index.lines[contact.signature]
    head = line.head()
    contact.seen = pool.waits.arrived(line.key, line.size, max(0, at - head[0]) if head else 0)


def leave(pool: Pool, contact: Contact) -> None:
    """The contact waits no more, or changes its line."""
    contact.relax_at = 0
    pool.index.dequeue(contact)


def arm(pool: Pool, contact: Contact) -> None:
    """Set the times of a waiting contact by the present configuration."""
    contact.relax_at = 0
    queue = pool.config.queues.get(contact.queue)
    if queue is None:
        return
    if contact.step < len(queue.relax):
        contact.relax_at = _after(contact, queue.relax[contact.step].after)
        pool.schedule.times.push(contact.relax_at, timers.RELAX, pool.name, contact.id)


def alive(pool: Pool, timer: Timer) -> bool:
    """Whether a timer of `KINDS` still means something."""
    contact = pool.contacts.get(timer[3])
    return contact is not None and contact.relax_at == timer[0]


def _after(contact: Contact, seconds: float) -> Millis:
    return contact.waits_since + round(seconds * 1000)
