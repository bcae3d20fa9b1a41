"""What a pool's file says and cannot mean: hours that overlap, queues that nobody comes into,
contacts that would go round."""

import difflib
from collections.abc import Iterable
from datetime import date
from itertools import pairwise
from zoneinfo import available_timezones

from services.contracts.pool import Instead, Interval, PoolConfig, QueueConfig, in_order
from services.router.core.calendars import has_holidays, has_time_zone
from services.router.pool_places import Places, Step
from services.router.pool_yaml import Mistake, Node

_UNITS = 100


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


class Sense:
    """Looks at a well-shaped configuration; names that are not declared are others' to find."""

    def __init__(self, root: Node, config: PoolConfig) -> None:
        self._places = Places(root)
        self._config = config

    def mistakes(self) -> Iterable[Mistake]:
        """All, in no particular order."""
        yield from self._channels()
        for name, queue in self._config.queues.items():
            yield from self._relaxations(name, queue)
            yield from self._instead("queues", name, "closed", queue=queue, instead=queue.closed)
            yield from self._instead(
                "queues", name, "overflow", queue=queue, instead=queue.overflow
            )
        yield from self._reachable()
        for way in self._config.circles():
            message = f"contacts would go round: {' → '.join(way)}"
            yield self._places.at(message, "queues", way[0], key=True)
        for name in self._config.calendars:
            yield from self._calendar(name)

    def _channels(self) -> Iterable[Mistake]:
        for name, channel in self._config.channels.items():
            here = ("channels", name)
            if channel.exclusive and channel.cost != _UNITS:
                message = f"an exclusive channel takes the whole agent: expected {_UNITS}"
                yield self._places.at(message, *here, "cost")
            if channel.inactive_cost is not None and channel.inactive_cost > channel.cost:
                message = f"a quiet conversation costs no more: expected {channel.cost} at most"
                yield self._places.at(message, *here, "inactive_cost")

    def _relaxations(self, name: str, queue: QueueConfig) -> Iterable[Mistake]:
        here = ("queues", name, "relax")
        for number, step in enumerate(queue.relax):
            if not (step.lower or step.drop or step.anyone):
                message = "the step changes nothing, expected lower, drop or anyone"
                yield self._places.at(message, *here, number)
        for number, (before, after) in enumerate(pairwise(queue.relax), 1):
            if after.after <= before.after:
                message = f"steps come one after another, expected more than {before.after:g}"
                yield self._places.at(message, *here, number, "after")

    def _instead(self, *here: str, queue: QueueConfig, instead: Instead) -> Iterable[Mistake]:
        if not self._places.has(*here):
            return
        is_closed = here[-1] == "closed"
        if is_closed and queue.calendar is None:
            yield self._places.at("never closed: the queue has no calendar", *here, key=True)
        if not is_closed and instead.action == "park":
            message = "only closed hours end: expected queue, form, callback or reject"
            yield self._places.at(message, *here, "action")
        if instead.action == "queue" and instead.queue is None:
            yield self._places.at("queue is missing: to which one?", *here, "action")
        if instead.action != "queue" and instead.queue is not None:
            message = f"superfluous with the action {instead.action}"
            yield self._places.at(message, *here, "queue", key=True)
        target = self._config.queues.get(instead.queue or "")
        if target is not None and target.channels:
            comes = queue.channels or tuple(self._config.channels)
            strange = [channel for channel in comes if channel not in target.channels]
            if strange:
                message = f"queue {instead.queue} does not take {', '.join(strange)}"
                yield self._places.at(message, *here, "queue")

    def _reachable(self) -> Iterable[Mistake]:
        queues = self._config.queues
        ahead = [self._config.fallback_queue, *(rule.queue for rule in self._config.rules)]
        ahead += [name for name, queue in queues.items() if queue.by_hand]
        reached: set[str] = set()
        while ahead:
            name = ahead.pop()
            if name in queues and name not in reached:
                reached.add(name)
                queue = queues[name]
                ahead += [way.queue for way in (queue.closed, queue.overflow) if way.queue]
        for name in queues:
            if name not in reached:
                message = (
                    "nothing leads here: no rule, no other queue, and it is not the fallback; "
                    "by_hand: true if transfers and supervisors are meant to"
                )
                yield self._places.at(message, "queues", name, key=True)

    def _calendar(self, name: str) -> Iterable[Mistake]:
        calendar = self._config.calendars[name]
        here = ("calendars", name)
        zone = calendar.time_zone
        if not has_time_zone(zone):
            close = difflib.get_close_matches(zone, available_timezones(), n=1)
            hint = f"did you mean {close[0]}?" if close else "expected one as Europe/Helsinki"
            yield self._places.at(f"there is no time zone {zone}; {hint}", *here, "time_zone")
        if calendar.holidays is not None and not has_holidays(calendar.holidays):
            message = f"holidays of {calendar.holidays} are not known, expected one as FI or DE-BY"
            yield self._places.at(message, *here, "holidays")
        days = dict(calendar.days())
        if not any(days.values()):
            yield self._places.at("never open: expected hours on some day", *here, "hours")
        weekdays = calendar.hours.__struct_fields__
        for day, intervals in days.items():
            part = "hours" if day in weekdays else "exceptions"
            if part == "exceptions" and not _is_day(day):
                yield self._places.at("there is no such day", *here, part, day, key=True)
            yield from self._hours(intervals, *here, part, day)

    def _hours(self, intervals: tuple[Interval, ...], *here: Step) -> Iterable[Mistake]:
        for number, interval in enumerate(intervals):
            if not in_order((interval,)):
                message = f"{interval} ends before it begins"
                yield self._places.at(message, *here, number)
        for number, (before, after) in enumerate(pairwise(intervals), 1):
            if in_order((before,)) and in_order((after,)) and not in_order((before, after)):
                end = before.split("-")[1]
                message = f"hours stand in order and apart, expected {end} or later"
                yield self._places.at(message, *here, number)
