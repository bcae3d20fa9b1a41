from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from services.kit.clock import SetClock, SystemClock, derived_id, new_id, new_secret, to_datetime

parts = st.lists(st.text(st.characters(), max_size=5), max_size=4)


@settings(deadline=None)
@given(parts)
def test_derived_id_is_the_same_for_the_same_parts(of: list[str]) -> None:
    assert derived_id(*of) == derived_id(*of)
    assert len(derived_id(*of)) == 32
    assert set(derived_id(*of)) <= set("0123456789abcdef")


@settings(deadline=None)
@given(parts, parts)
def test_derived_ids_of_different_parts_differ(one: list[str], other: list[str]) -> None:
    assert (derived_id(*one) == derived_id(*other)) == (one == other)


def test_no_part_can_pass_for_two() -> None:
    assert derived_id("form", "a\x1fb") != derived_id("form", "a", "b")
    assert derived_id("1:a", "b") != derived_id("1", "a1:b")
    assert derived_id("ab", "") != derived_id("a", "b") != derived_id("", "ab")


def test_what_no_encoding_knows_has_an_id_too() -> None:
    assert derived_id("email", b"\xe4".decode("ascii", "surrogateescape"))


def test_new_ids_and_secrets_differ_and_say_nothing() -> None:
    assert len({new_id() for _ in range(1000)}) == 1000
    assert len({new_secret() for _ in range(1000)}) == 1000
    assert new_id("o").startswith("o")
    assert len(new_id()) == 32
    assert len(new_secret()) >= 43


def test_set_clock_moves_only_when_told() -> None:
    clock = SetClock(1_000)
    assert (clock.now_ms(), clock.monotonic()) == (1_000, 1.0)
    clock.advance(2.5)
    assert (clock.now_ms(), clock.monotonic()) == (3_500, 3.5)


def test_system_clock_is_in_milliseconds_and_never_goes_back() -> None:
    clock = SystemClock()
    assert clock.now_ms() > 1_700_000_000_000
    assert clock.monotonic() <= clock.monotonic()


def test_milliseconds_become_a_time_in_utc() -> None:
    assert to_datetime(1_789_363_867_412) == datetime(2026, 9, 14, 5, 31, 7, 412_000, tzinfo=UTC)
