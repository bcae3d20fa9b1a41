"""What may be said about a wait, now: nothing while nobody who could answer is there."""

from services.contracts.base import Level, Millis, Name
from services.router.core.class_key import ClassKey, class_key
from services.router.core.expected import Forecast
from services.router.core.model import Contact
from services.router.core.pool import Pool


def of_contact(
    pool: Pool, contact: Contact, now: Millis, ahead: int | None = None
) -> Forecast | None:
    """The whole wait of a contact that waits, None if it does not or if nobody can say. `ahead`:
    how many of its line came before, if that is known; counting them takes time. Who waits for one
    agent alone stands in no line, and will come into it as its last."""
    if contact.state != "queued" or not pool.index.able(contact.required) & pool.index.present:
        return None
    waited = max(0, now - contact.facts.virtual_start)
    if not contact.ticket:
        return _as_last(
            pool, class_key(contact.facts.channel, contact.queue, contact.required), now, waited
        )
    line = pool.index.lines[contact.signature]
    if ahead is None:
        mine = (contact.facts.virtual_start, contact.id)
        ahead = sum(entry[3].ticket == entry[2] and entry[:2] < mine for entry in line.heap)
    return pool.waits.forecast(line.key, ahead + 1, line.size, _head(pool, line.key, now), waited)


def of_newcomer(
    pool: Pool, channel: Name, queue: Name, required: dict[Name, Level], now: Millis
) -> Forecast | None:
    """The wait of somebody who came now."""
    if not pool.index.able(required) & pool.index.present:
        return None
    return _as_last(pool, class_key(channel, queue, required), now, 0)


def _as_last(pool: Pool, key: ClassKey, now: Millis, waited_ms: int) -> Forecast | None:
    place = pool.index.waiting_in(key) + 1
    return pool.waits.forecast(key, place, place, _head(pool, key, now), waited_ms)


def _head(pool: Pool, key: ClassKey, now: Millis) -> int:
    heads = (line.head() for line in pool.index.lines_like(key))
    return max((max(0, now - head[0]) for head in heads if head), default=0)
