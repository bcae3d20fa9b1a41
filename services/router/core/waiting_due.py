"""What becomes of a contact that waits: at its own times, and when nobody is left for it."""

from typing import Literal

from services.contracts import routing_events as ev
from services.router.core import admission, hours, timers
from services.router.core.bitset import bits
from services.router.core.line import Line
from services.router.core.model import Contact
from services.router.core.pool import Pool
from services.router.core.relaxation import relaxed
from services.router.core.timers import Timer
from services.router.core.turn import Turn, requeue


def fire(turn: Turn, pool: Pool, timer: Timer) -> None:
    """A time of `waiting.KINDS` has come."""
    _, kind, _, key, _ = timer
    if kind == timers.CALENDAR:
        hours.fire(turn, pool, key)
    elif kind == timers.UNPARK:
        hours.unpark(turn, pool, key)
    elif kind == timers.NOT_BEFORE:
        requeue(turn, pool, pool.contacts[key], "due")
    elif kind == timers.MAX_WAIT:
        admission.waited_too_long(turn, pool, pool.contacts[key])
    elif kind == timers.HOLD:
        turn.emit(ev.ContactReleased(pool=pool.name, contact=key))
    else:
        _relax(turn, pool, pool.contacts[key], 1, "waited")


def relax_at_once(turn: Turn, pool: Pool, budget: int) -> int:
    """Contacts that nobody signed in could ever take go down to the first step that somebody could
    take; at most `budget` of them. Returns what is left of it; if that is 0, there may be more.

    Lines whose steps would not help wait for their times, or for somebody who signs in.
    """
    index = pool.index
    if not pool.relaxing:
        return budget
    lines = index.waiting if index.unsure else index.arrived & index.waiting
    for number in bits(lines):
        line = index.lines[number]
        if line.queue not in pool.relaxing or not line.queued:
            continue
        count = _steps_to_somebody(pool, line)
        while count and budget and (head := line.head()) is not None:
            _relax(turn, pool, head[3], count, "nobody_able")
            budget -= 1
    if budget:
        index.unsure = False
    return budget


def _steps_to_somebody(pool: Pool, line: Line) -> int:
    """So many further steps until somebody signed in could take the line's contacts; 0 if
    somebody can now, or nobody ever."""
    queue, index = pool.config.queues[line.queue], pool.index
    if line.step >= len(queue.relax) or index.in_reach(line.required, line.channel):
        return 0
    asked = ev.Classified(queue=line.queue, priority=line.priority, required=line.required)
    for count, step in enumerate(queue.relax[line.step :], 1):
        asked = relaxed(asked, (step,))
        if index.in_reach(asked.required, line.channel):
            return count
    return 0


def _relax(
    turn: Turn, pool: Pool, contact: Contact, count: int, reason: Literal["waited", "nobody_able"]
) -> None:
    steps = pool.config.queues[contact.queue].relax[contact.step : contact.step + count]
    now = relaxed(contact.wanted, steps)
    turn.emit(
        ev.ContactRelaxed(
            pool=pool.name,
            contact=contact.id,
            step=now.step,
            reason=reason,
            required=now.required,
            preferred=now.preferred,
        )
    )
