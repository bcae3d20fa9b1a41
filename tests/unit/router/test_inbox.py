"""What the feed delivered waits here in order, and leaves in runs without a gap."""

from services.router.inbox import Inbox


def inbox(*offsets: int, size: int = 10) -> Inbox:
    made = Inbox(size)
    for offset in offsets:
        made.put(offset, b"%d" % offset)
    return made


def test_a_run_ends_at_a_gap_and_at_its_limit() -> None:
    made = inbox(4, 5, 6, 8, 9)
    assert made.run(2) == [(4, b"4"), (5, b"5")]
    assert made.run(9) == [(6, b"6")]
    assert made.run(9) == [(8, b"8"), (9, b"9")]
    assert made.head() is None


def test_a_doubled_offset_is_no_part_of_the_run() -> None:
    made = inbox(4, 4, 5)
    assert made.run(9) == [(4, b"4")]
    assert made.head() == (4, b"4")


def test_a_full_inbox_drops() -> None:
    made = inbox(1, 2, 3, size=2)
    assert made.run(9) == [(1, b"1"), (2, b"2")]
    assert made.head() is None
