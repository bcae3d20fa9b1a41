"""What events about waiting do to a pool's state."""

from services.contracts import routing_events as ev
from services.contracts.base import Millis
from services.router.core import waiting
from services.router.core.apply_work import move
from services.router.core.pool import Pool


def contact_relaxed(pool: Pool, event: ev.ContactRelaxed, at: Millis) -> None:
    contact = pool.contacts[event.contact]
    contact.step = event.step
    contact.required = event.required
    contact.preferred = event.preferred
    waiting.reenter(pool, contact, at)


def contact_released(pool: Pool, event: ev.ContactReleased, at: Millis) -> None:
    waiting.reenter(pool, pool.contacts[event.contact], at)


def contact_parked(pool: Pool, event: ev.ContactParked, _at: Millis) -> None:
    contact = pool.contacts[event.contact]
    move(pool, contact, "parked")
    pool.parked.setdefault(contact.queue, {})[contact.id] = None


def promise_settled(pool: Pool, event: ev.PromiseSettled, _at: Millis) -> None:
    pool.contacts[event.contact].settled = True
