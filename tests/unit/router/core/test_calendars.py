"""Point 10 of routing.md: when a queue is open, by the clock on the wall."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts.pool import CalendarConfig, WeeklyHours
from services.router.core.calendars import Hours, has_holidays, has_time_zone, hours_at

HELSINKI = ZoneInfo("Europe/Helsinki")
OFFICE = ("08:00-12:00", "13:00-16:15")


def calendar(time_zone: str = "Europe/Helsinki", **more: Any) -> CalendarConfig:
    days = more.pop("days", dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), OFFICE))
    return CalendarConfig(time_zone=time_zone, hours=WeeklyHours(**days), **more)


def every_day(*intervals: str) -> dict[str, tuple[str, ...]]:
    return dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), intervals)


def at(text: str, zone: ZoneInfo = HELSINKI, fold: int = 0) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).timestamp() * 1000)


def utc(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("now", "is_open", "until"),
    [
        ("2026-11-23T07:59:59.999", False, "2026-11-23T08:00"),
        ("2026-11-23T08:00", True, "2026-11-23T12:00"),
        ("2026-11-23T12:00", False, "2026-11-23T13:00"),
        ("2026-11-23T16:14", True, "2026-11-23T16:15"),
        ("2026-11-23T16:15", False, "2026-11-24T08:00"),
        ("2026-11-27T17:00", False, "2026-11-30T08:00"),
    ],
)
def test_split_shifts_and_the_weekend(now: str, is_open: bool, until: str) -> None:
    assert hours_at(calendar(), at(now)) == Hours(is_open, at(until))


def test_public_holidays_are_closed() -> None:
    finnish = calendar(holidays="FI")
    christmas_eve = at("2026-12-24T09:00")
    assert hours_at(calendar(), christmas_eve).open
    assert hours_at(finnish, christmas_eve) == Hours(False, at("2026-12-28T08:00"))
    assert hours_at(finnish, at("2026-06-18T17:00")).until == at("2026-06-22T08:00"), "juhannus"


def test_holidays_of_a_part_of_a_country() -> None:
    epiphany = at("2027-01-06T09:00", ZoneInfo("Europe/Berlin"))
    assert hours_at(calendar("Europe/Berlin", holidays="DE"), epiphany).open
    assert not hours_at(calendar("Europe/Berlin", holidays="DE-BY"), epiphany).open


def test_exceptions_replace_a_days_hours_holiday_or_not() -> None:
    own = calendar(
        holidays="FI",
        exceptions={
            "2026-12-24": ("08:00-12:00",),
            "2026-12-28": (),
            "2026-12-26": ("10:00-11:00",),
        },
    )
    assert hours_at(own, at("2026-12-24T09:00")) == Hours(True, at("2026-12-24T12:00"))
    assert hours_at(own, at("2026-12-24T12:00")) == Hours(False, at("2026-12-26T10:00"))
    assert hours_at(own, at("2026-12-28T09:00")) == Hours(False, at("2026-12-29T08:00"))


def test_midnight_does_not_close_what_goes_on() -> None:
    nights = calendar(days={"fri": ("20:00-24:00",), "sat": ("00:00-04:00", "20:00-24:00")})
    assert hours_at(nights, at("2026-11-27T21:00")) == Hours(True, at("2026-11-28T04:00"))
    assert hours_at(nights, at("2026-11-28T21:00")) == Hours(True, at("2026-11-29T00:00"))


def test_always_and_never_have_no_end() -> None:
    assert hours_at(calendar(days=every_day("00:00-24:00")), at("2026-11-23T00:00")) == (True, 0)
    assert hours_at(calendar(days={}), at("2026-11-23T00:00")) == (False, 0)


def test_one_opening_within_a_year_is_found() -> None:
    once = calendar(days={}, exceptions={"2027-12-01": ("10:00-11:00",)})
    assert hours_at(once, at("2026-11-23T00:00")) == Hours(False, at("2027-12-01T10:00"))


# Clocks are put forward on 2027-03-28 from 03:00 to 04:00, back on 2026-10-25 from 04:00 to 03:00.


def test_opening_that_the_wall_never_shows_is_at_the_jump() -> None:
    early = calendar(days={"sun": ("03:30-06:00",)})
    jump = utc("2027-03-28T01:00")
    assert hours_at(early, jump - 1) == Hours(False, jump)
    assert hours_at(early, jump) == Hours(True, at("2027-03-28T06:00"))


def test_closing_that_the_wall_never_shows_is_at_the_jump() -> None:
    late = calendar(days={"sun": ("01:00-03:30",)})
    assert hours_at(late, at("2027-03-28T02:00")) == Hours(True, utc("2027-03-28T01:00"))


def test_interval_that_the_wall_never_shows_does_not_happen() -> None:
    lost = calendar(days={"sun": ("03:10-03:50",)})
    assert hours_at(lost, at("2027-03-28T00:00")) == Hours(False, at("2027-04-04T03:10"))


def test_hour_that_comes_twice_is_open_both_times_and_between() -> None:
    twice = calendar(days={"sun": ("03:15-03:45",)})
    opening, closing = utc("2026-10-25T00:15"), utc("2026-10-25T01:45")
    assert hours_at(twice, opening - 1) == Hours(False, opening)
    assert hours_at(twice, opening) == Hours(True, closing)
    assert not hours_at(twice, closing).open


def test_day_may_begin_with_the_jump() -> None:
    havana = ZoneInfo("America/Havana")  # 2026-03-08: 00:00 is 01:00
    daily = calendar("America/Havana", days=every_day("00:00-24:00"))
    assert hours_at(daily, at("2026-03-07T23:00", havana)) == (True, 0)
    night = calendar("America/Havana", days={"sat": ("20:00-24:00",)})
    assert hours_at(night, at("2026-03-07T23:00", havana)).until == utc("2026-03-08T05:00")


@settings(max_examples=200, deadline=None)
@given(
    now=st.integers(utc("2026-10-20T00:00") // 60_000, utc("2027-04-05T00:00") // 60_000),
    zone=st.sampled_from(("Europe/Helsinki", "America/Havana", "Asia/Kathmandu", "Europe/Dublin")),
)
def test_whoever_reads_an_open_hour_on_the_wall_finds_it_open(now: int, zone: str) -> None:
    odd = calendar(zone, days=every_day("00:30-03:20", "03:20-03:40", "13:00-13:01", "23:00-24:00"))
    moment = now * 60_000
    wall = datetime.fromtimestamp(moment / 1000, ZoneInfo(zone)).strftime("%H:%M")
    hours = hours_at(odd, moment)
    if "00:30" <= wall < "03:40" or wall == "13:00" or wall >= "23:00":
        assert hours.open
    assert hours.until > moment
    assert hours_at(odd, hours.until - 1).open == hours.open
    assert hours_at(odd, hours.until).open != hours.open


def test_what_is_known_of_the_world() -> None:
    assert has_time_zone("Europe/Helsinki")
    assert not has_time_zone("Europe/Turku")
    assert not has_time_zone("../etc/passwd")
    assert has_holidays("FI")
    assert has_holidays("DE-BY")
    assert not has_holidays("XX")
    assert not has_holidays("DE-XX")
