"""What customers remember, held against the journal."""

from demo.floor import Floor
from demo.questions import Question
from demo.records import Answer, Customer, Records
from tests.unit.demo.journal import POOL, Journal


def customer(key: str, channel: str = "chat") -> Customer:
    return Customer(
        channel=channel,
        language="fi",
        name="Aino Virtanen",
        email=f"{key}@example.com",
        question=Question(topic="service", text="Milloin?", answer="Huomenna."),
        key=key,
        asked_at=0,
    )


def contacts(*ids: str) -> Floor:
    journal = Journal()
    for contact in ids:
        journal.put(journal.queue(contact))
    floor = Floor(POOL)
    for _, record in journal.records():
        floor.see(record)
    return floor


def test_acknowledged_contact_that_the_journal_does_not_know_is_lost() -> None:
    records = Records()
    for key in ("known", "unknown", "never acknowledged"):
        one = customer(key)
        records.add(one)
        records.identify(one, f"contact-{key}", f"conversation-{key}")
        one.accepted = key != "never acknowledged"
    lost = records.lost(contacts("contact-known").contacts)
    assert [one.key for one in lost] == ["unknown"]


def test_acknowledged_mail_that_became_no_contact_is_lost() -> None:
    records = Records()
    one = customer("<m@mail.example.com>", "email")
    records.add(one)
    one.accepted = True
    assert records.lost(contacts("somebody else's").contacts) == [one]


def test_answer_that_did_not_come_over_the_socket_is_missing() -> None:
    records = Records()
    one = customer("k")
    records.add(one)
    records.identify(one, "c", "v")
    first, second = Answer("v", "m1", "Hei!"), Answer("v", "m2", "Huomenna.")
    records.answered(first)
    records.answered(second)
    one.received["m1"] = "Hei!"
    assert records.all_missing() == [second]
    one.received["m2"] = "Huomenna."
    assert records.all_missing() == []


def test_answer_by_mail_is_found_in_a_letter_whatever_its_line_breaks() -> None:
    records = Records()
    one = customer("k", "email")
    records.add(one)
    records.identify(one, "c", "v")
    records.answered(Answer("v", "m", "Voit ajaa huoletta, vaihtoväliin on vielä matkaa."))
    records.letter("stranger@example.com", "Voit ajaa huoletta, vaihtoväliin on vielä matkaa.")
    assert len(records.all_missing()) == 1
    records.letter("k@example.com", "Hei!\n\nVoit ajaa huoletta,\nvaihtoväliin on vielä\nmatkaa.\n")
    assert records.all_missing() == []


def test_answers_to_strangers_are_not_ours_to_check() -> None:
    records = Records()
    records.answered(Answer("another", "m", "Hei!"))
    assert records.all_missing() == []


def test_who_is_dropped_leaves_nothing() -> None:
    records = Records()
    one = customer("k")
    records.add(one)
    records.identify(one, "c", "v")
    records.answered(Answer("v", "m", "Hei!"))
    records.drop(one)
    assert (records.customers, records.answers, records.of_contact("c")) == ({}, {}, None)
