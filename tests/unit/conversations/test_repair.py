"""When a contact event counts as missing, and what is done about it."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.journal import Record, Source
from services.contracts.messages import ConversationStarted, StartedConversation
from services.contracts.routing_events import ContactForgotten, ContactQueued, QueuedContact
from services.conversations.repair import WINDOW_MS, Missed, RepairBook
from services.kit.clock import to_datetime

NOW = 1_750_000_000_000
GRACE = 10.0


def head(contact: str, opened_at: int = NOW) -> ConversationStarted:
    return ConversationStarted(
        id=f"v-{contact}",
        source="chat",
        time=to_datetime(opened_at),
        data=StartedConversation(
            conversation_id=f"v-{contact}",
            contact_id=contact,
            pool="kaarna/service",
            channel="chat",
            opened_at=opened_at,
        ),
    )


def record(offset: int, *contacts: str, at: int = NOW) -> Record:
    events = tuple(
        ContactQueued(
            pool="kaarna/service",
            contact=QueuedContact(
                id=contact,
                conversation=f"v-{contact}",
                channel="chat",
                queue="all",
                virtual_start=0,
                priority=5,
            ),
        )
        for contact in contacts
    )
    return Record(epoch=0, src=Source("t", offset), at=at, events=events)


def begun() -> RepairBook:
    book = RepairBook(GRACE)
    book.begin(0.0)
    return book


def ids(missed: list[Missed]) -> list[str]:
    return [one.head.data.contact_id for one in missed]


def look(book: RepairBook, now: float, end: int, partition: int = 2) -> None:
    for missed in book.to_look_for(now):
        book.look(missed, partition, end)


def test_contact_that_comes_in_time_is_not_looked_for() -> None:
    book = begun()
    book.head(head("c"), 0.0, NOW)
    assert book.next_due() == GRACE
    book.journal(2, record(4, "c"))
    assert book.to_look_for(99.0) == []
    assert book.next_due() is None


def test_contact_seen_before_its_head_is_not_looked_for() -> None:
    book = begun()
    book.journal(2, record(4, "c"))
    book.head(head("c"), 0.0, NOW)
    assert len(book) == 0


def test_missing_contact_is_written_once_when_the_router_has_come_past_it() -> None:
    book = begun()
    book.head(head("c"), 0.0, NOW)
    assert book.to_look_for(GRACE - 0.1) == []
    look(book, GRACE, end=8)
    assert book.to_write(NOW) == []
    book.journal(2, record(6))
    assert book.to_write(NOW) == []
    book.journal(1, record(99))
    assert book.to_write(NOW) == []
    book.journal(2, record(7))
    (missed,) = book.to_write(NOW)
    book.written(missed, 8)
    assert book.to_write(NOW) == []
    assert book.in_vain() == []
    book.journal(2, record(8, "c"))
    assert len(book) == 0


def test_contact_that_was_only_late_is_not_written() -> None:
    book = begun()
    book.head(head("c"), 0.0, NOW)
    look(book, GRACE, end=8)
    book.journal(2, record(7, "c"))
    assert book.to_write(NOW) == []


def test_router_that_is_away_makes_nobody_write() -> None:
    book = begun()
    book.journal(2, record(3))
    for number in range(50):
        book.head(head(f"c{number}"), 0.0, NOW)
    look(book, GRACE, end=54)
    assert book.to_write(NOW + 3_600_000) == []
    for number in range(50):
        book.journal(2, record(4 + number, f"c{number}"))
    assert book.to_write(NOW + 3_600_000) == []
    assert len(book) == 0


def test_empty_input_log_proves_that_nothing_came() -> None:
    book = begun()
    book.head(head("c"), 0.0, NOW)
    look(book, GRACE, end=0)
    assert ids(book.to_write(NOW)) == ["c"]


def test_grace_counts_from_when_the_journals_past_was_read() -> None:
    book = RepairBook(GRACE)
    book.head(head("c"), 0.0, NOW)
    assert book.next_due() is None
    assert book.to_look_for(1000.0) == []
    book.begin(1000.0)
    assert book.next_due() == 1000.0 + GRACE
    assert book.to_look_for(1000.0) == []
    assert ids(book.to_look_for(1000.0 + GRACE)) == ["c"]


def test_old_head_is_left_alone() -> None:
    book = begun()
    book.head(head("old", NOW - WINDOW_MS - 1), 0.0, NOW)
    assert len(book) == 0
    book.head(head("young", NOW - WINDOW_MS + 5000), 0.0, NOW)
    look(book, GRACE, end=0)
    assert ids(book.to_write(NOW)) == ["young"]
    assert book.to_write(NOW + 5001) == []
    assert len(book) == 0


def test_forgotten_contact_is_not_opened_again() -> None:
    book = begun()
    book.journal(2, record(1, "c"))
    forgotten = (ContactForgotten(pool="kaarna/service", contact="c"),)
    book.journal(2, msgspec.structs.replace(record(2), events=forgotten))
    book.head(head("c"), 0.0, NOW)
    assert len(book) == 0


def test_contacts_of_yesterday_take_no_room() -> None:
    book = begun()
    for hour in range(100):
        book.journal(2, record(hour, f"c{hour}", at=NOW + hour * 3_600_000))
    assert not book.seen("c74")
    assert book.seen("c75")
    assert book.seen("c99")


def test_what_could_not_be_looked_for_or_written_is_tried_again() -> None:
    book = begun()
    book.head(head("c"), 0.0, NOW)
    (missed,) = book.to_look_for(GRACE)
    book.later(missed, GRACE + 2)
    assert book.to_look_for(GRACE + 1) == []
    look(book, GRACE + 2, end=0)
    (missed,) = book.to_write(NOW)
    book.later(missed, GRACE + 4)
    assert book.to_write(NOW) == []
    look(book, GRACE + 4, end=0)
    assert ids(book.to_write(NOW)) == ["c"]


def test_contact_that_the_router_does_not_take_is_given_up() -> None:
    book = begun()
    book.head(head("c"), 0.0, NOW)
    look(book, GRACE, end=0)
    (missed,) = book.to_write(NOW)
    book.written(missed, 0)
    assert book.in_vain() == []
    book.journal(2, record(0))
    assert book.to_write(NOW) == []
    assert ids(book.in_vain()) == ["c"]
    assert len(book) == 0


@given(st.lists(st.integers(0, 7), max_size=40), st.randoms())
def test_whatever_is_queued_is_never_written_and_whatever_is_not_always(
    lost: list[int], dice: object
) -> None:
    """A log of ten contacts, some never published: exactly those are written."""
    missing = {f"c{number}" for number in lost}
    book = begun()
    for number in range(10):
        book.head(head(f"c{number}"), float(number), NOW)
    published = [f"c{number}" for number in range(10) if f"c{number}" not in missing]
    look(book, 1000.0, end=len(published))
    written: list[str] = []
    for offset, contact in enumerate(published):
        if offset + 1 < len(published):
            assert book.to_write(NOW) == []
        book.journal(2, record(offset, contact))
    written += ids(book.to_write(NOW))
    assert set(written) == missing
