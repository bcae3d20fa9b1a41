"""When a queue is open: weekly hours, public holidays and exceptions in a time zone. Pure.

The clock on the wall counts. An interval opens at the first moment whose local time is its
beginning or later, and closes after the last moment whose local time is before its end. So where
clocks are put forward over a beginning or an end, the jump stands for it (an interval inside the
hour that is left out does not happen); where they are put back, the hours are open both times, and
between: nobody who reads an open hour on the wall is turned away.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays

from services.contracts.base import Millis
from services.contracts.pool import CalendarConfig, Interval

DAYS_AHEAD = 400
"""So far ahead an opening or a closing is looked for."""
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Hours(NamedTuple):
    """Whether it is open, and until when that stays so; 0: for the next 400 days at least."""

    open: bool
    until: Millis


def hours_at(calendar: CalendarConfig, at: Millis) -> Hours:
    """What the calendar says at that moment. Raises `ValueError` if there is no such time zone or
    no such country."""
    for start, end in _openings(calendar, at):
        if at < start:
            return Hours(open=False, until=start)
        if at < end:
            # What is open at the end of all that was looked at has no known end.
            return Hours(open=True, until=end if end < _horizon(calendar, at) else 0)
    return Hours(open=False, until=0)


def minutes(interval: Interval) -> tuple[int, int]:
    """An interval's beginning and end in minutes after midnight; 24:00 is 1440."""
    start, end = interval.split("-")
    return _minute(start), _minute(end)


def has_time_zone(name: str) -> bool:
    """Whether there is such an IANA time zone."""
    try:
        _zone(name)
    except ValueError:
        return False
    return True


def has_holidays(code: str) -> bool:
    """Whether the public holidays of the country, or of its part, are known."""
    try:
        _holidays(code, 2026)
    except ValueError:
        return False
    return True


def _openings(calendar: CalendarConfig, at: Millis) -> Iterator[tuple[Millis, Millis]]:
    """The times when it is open, in order and apart, from the one that may hold `at`."""
    zone = _zone(calendar.time_zone)
    today = datetime.fromtimestamp(at / 1000, zone).date()
    current: tuple[Millis, Millis] | None = None
    for ahead in range(-1, DAYS_AHEAD + 1):
        day = today + timedelta(days=ahead)
        for interval in _intervals(calendar, day):
            first, last = minutes(interval)
            start, end = _moment(day, first, zone, 0), _moment(day, last, zone, 1)
            if start >= end:
                continue
            if current is not None and start <= current[1]:
                current = (current[0], max(current[1], end))
                continue
            if current is not None:
                yield current
            current = (start, end)
    if current is not None:
        yield current


def _horizon(calendar: CalendarConfig, at: Millis) -> Millis:
    """The end of the last day that is looked at."""
    zone = _zone(calendar.time_zone)
    today = datetime.fromtimestamp(at / 1000, zone).date()
    return _moment(today + timedelta(days=DAYS_AHEAD), 24 * 60, zone, 1)


def _intervals(calendar: CalendarConfig, day: date) -> tuple[Interval, ...]:
    exception = calendar.exceptions.get(day.isoformat())
    if exception is not None:
        return exception
    if calendar.holidays is not None and day in _holidays(calendar.holidays, day.year):
        return ()
    hours: tuple[Interval, ...] = getattr(calendar.hours, WEEKDAYS[day.weekday()])
    return hours


def _moment(day: date, minute: int, zone: ZoneInfo, fold: int) -> Millis:
    """When the wall shows that minute of the day: the first time (`fold` 0) or the last (1); the
    jump if it never does."""
    wall = datetime.combine(day, time()) + timedelta(minutes=minute)
    first = _utc(wall, zone, 0)
    if datetime.fromtimestamp(first, zone).replace(tzinfo=None, fold=0) == wall:
        return (first if fold == 0 else _utc(wall, zone, 1)) * 1000
    # Never shown: the offset before the jump gives a moment after it, and the other way round.
    before, after = _utc(wall, zone, 1), first
    offset = _offset(before, zone)
    while after - before > 1:
        middle = (before + after) // 2
        if _offset(middle, zone) == offset:
            before = middle
        else:
            after = middle
    return after * 1000


def _utc(wall: datetime, zone: ZoneInfo, fold: int) -> int:
    return int(wall.replace(tzinfo=zone, fold=fold).astimezone(UTC).timestamp())


def _offset(moment: int, zone: ZoneInfo) -> timedelta | None:
    return datetime.fromtimestamp(moment, zone).utcoffset()


def _minute(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


@lru_cache(maxsize=1_000)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"there is no time zone {name}") from error


@lru_cache(maxsize=1_000)
def _holidays(code: str, year: int) -> frozenset[date]:
    country, _, part = code.partition("-")
    try:
        return frozenset(holidays.country_holidays(country, subdiv=part or None, years=year))
    except NotImplementedError as error:
        raise ValueError(f"the public holidays of {code} are not known") from error
