"""Opening hours of a pool's queues: the calendars are asked, the answers become events.

Only who decides asks: a replay takes the answers from the journal, whatever it knows of holidays.
"""

from services.contracts import routing_events as ev
from services.contracts.pool import PoolConfig
from services.router.core import admission
from services.router.core.calendars import Hours, has_holidays, has_time_zone, hours_at
from services.router.core.pool import Pool
from services.router.core.turn import Turn, requeue

DAY_MS = 24 * 3_600_000


def problems(config: PoolConfig) -> list[str]:
    """What the calendars name and nobody knows, as sentences."""
    found: list[str] = []
    for name, calendar in config.calendars.items():
        if not has_time_zone(calendar.time_zone):
            found.append(f"calendar {name!r}: there is no time zone {calendar.time_zone!r}")
        if calendar.holidays is not None and not has_holidays(calendar.holidays):
            found.append(f"calendar {name!r}: no holidays are known of {calendar.holidays!r}")
    return found


def look(turn: Turn, pool: Pool) -> None:
    """The pool was configured: say of each queue with a calendar whether it is open."""
    for name, queue in pool.config.queues.items():
        if queue.calendar is not None:
            _say(turn, pool, name)


def fire(turn: Turn, pool: Pool, queue: str) -> None:
    """The queue opens or closes now, or it is time to look again."""
    _say(turn, pool, queue, again=True)


def unpark(turn: Turn, pool: Pool, contact_id: str) -> None:
    """A parked contact comes back, at its age; by its queue's limits it has passed before."""
    contact = pool.contacts[contact_id]
    requeue(turn, pool, contact, "opened")
    admission.admit(turn, pool, contact, limits=False)


def _say(turn: Turn, pool: Pool, queue: str, *, again: bool = False) -> None:
    calendar = pool.config.calendars[pool.config.queues[queue].calendar or ""]
    before = pool.hours.get(queue)
    try:
        now = hours_at(calendar, turn.at)
    except ValueError:
        # It was known where the pool was configured, and is not here: as before, for a day.
        now = Hours(before is None or before.open, turn.at + DAY_MS)
    if again or before is None or (before.open, before.until) != now:
        event = ev.QueueOpened if now.open else ev.QueueClosed
        turn.emit(event(pool=pool.name, queue=queue, until=now.until))
