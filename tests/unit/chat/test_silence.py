"""When a customer is quiet, and when not: after a person's answer alone, and once."""

from services.chat.index import Said
from services.chat.places import Line, Place
from services.chat.silence import Change, Silences, event_of
from services.contracts.messages import Author, CreatedMessage


def said(seq: int, who: str, at: int, conversation: str = "v") -> Said:
    author = Author(kind="agent", id="ann") if who == "agent" else Author(kind="customer")
    message = CreatedMessage(
        conversation_id=conversation,
        message_id=f"m{seq}",
        cid=f"c{seq}",
        author=author,
        channel="chat",
        at=at,
        text="x",
    )
    return Said(seq, f"r{seq}", message)


def test_silence_counts_from_the_newest_answer() -> None:
    silences = Silences(60_000)
    silences.said(said(1, "agent", 0))
    silences.said(said(2, "agent", 30_000))
    assert silences.next_due() == 90_000
    assert silences.fallen(89_999) == []
    assert silences.fallen(90_000) == [Change("v", 2, quiet=True)]
    assert silences.fallen(200_000) == []
    assert silences.next_due() is None


def test_a_customer_who_answers_in_time_is_not_quiet() -> None:
    silences = Silences(60_000)
    silences.said(said(1, "agent", 0))
    assert silences.said(said(2, "customer", 59_999)) is None
    assert silences.fallen(1_000_000) == []


def test_who_writes_after_long_is_there_again_once() -> None:
    silences = Silences(60_000)
    silences.said(said(1, "agent", 0))
    silences.fallen(60_000)
    assert silences.said(said(2, "customer", 90_000)) == Change("v", 2, quiet=False)
    assert silences.said(said(3, "customer", 200_000)) is None


def test_a_customer_who_waits_for_an_answer_is_not_quiet() -> None:
    silences = Silences(60_000)
    silences.said(said(1, "customer", 0))
    assert silences.next_due() is None


def test_every_replica_tells_the_same_fact() -> None:
    place = Place("k", "v", Line(3, "kaarna/service", "all"), "assigned")
    quiet = event_of(Change("v", 7, quiet=True), place, 1)
    assert quiet.id == event_of(Change("v", 7, quiet=True), place, 99).id
    assert quiet.id != event_of(Change("v", 8, quiet=True), place, 1).id
    active = event_of(Change("v", 7, quiet=False), place, 1)
    assert (active.id != quiet.id, active.data) == (True, quiet.data)
