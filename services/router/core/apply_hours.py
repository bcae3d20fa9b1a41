"""What events about opening hours do to a pool's state."""

from services.contracts import routing_events as ev
from services.contracts.base import Millis
from services.router.core import timers
from services.router.core.model import QueueHours
from services.router.core.pool import Pool

LOOK_AGAIN_MS = 300 * 24 * 3_600_000
"""When the calendar is asked again, if it knew no next change."""


def queue_opened(pool: Pool, event: ev.QueueOpened, at: Millis) -> None:
    _set(pool, event.queue, event.until, at, is_open=True)
    unpark(pool, event.queue)


def queue_closed(pool: Pool, event: ev.QueueClosed, at: Millis) -> None:
    _set(pool, event.queue, event.until, at, is_open=False)


def drop_calendars(pool: Pool) -> None:
    """The configuration is another: queues without a calendar are open."""
    queues = pool.config.queues
    for name in list(pool.hours):
        if name not in queues or queues[name].calendar is None:
            del pool.hours[name]
            unpark(pool, name)


def unpark(pool: Pool, queue: str) -> None:
    """The queue is open: its parked contacts are to come back, the oldest first, bit by bit."""
    parked = (pool.contacts[contact_id] for contact_id in pool.parked.get(queue, ()))
    for contact in sorted(parked, key=lambda one: (one.facts.virtual_start, one.id)):
        pool.schedule.todo.append((0, timers.UNPARK, pool.name, contact.id, ""))


def _set(pool: Pool, queue: str, until: Millis, at: Millis, *, is_open: bool) -> None:
    look_at = until or at + LOOK_AGAIN_MS
    pool.hours[queue] = QueueHours(is_open, until, look_at)
    pool.schedule.times.push(look_at, timers.CALENDAR, pool.name, queue)
