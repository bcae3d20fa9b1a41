"""What a mail becomes."""

from dataclasses import replace

import pytest

from services.contracts.codec import encode
from services.email import core
from services.email.core import Thread
from services.email.routes import Route
from tests.unit.email.helpers import AT, CONVERSATION, ROUTED, head, read, written

ROUTE = ROUTED.find("palvelu@kaarna.example") or Route("", "", "")
OTHER = ROUTED.find("kund@kaarna.example") or Route("", "", "")


def test_new_mail_is_head_message_and_contact_of_one_conversation() -> None:
    intake = core.intake(read(written()), ROUTE, AT, None)
    assert intake.head is not None
    assert intake.contact is not None
    started, message, contact = intake.head.data, intake.message.data, intake.contact.data
    assert started.conversation_id == message.conversation_id == contact.conversation_id
    assert started.contact_id == contact.contact_id
    assert (started.customer.email, started.subject) == ("maija@example.com", "Huollosta")
    assert (message.author.kind, message.email_id) == ("customer", "<1@example.com>")
    assert (contact.pool, contact.channel, contact.language) == ("kaarna/service", "email", "fi")


def test_routing_hears_nothing_of_who_wrote_or_what() -> None:
    contact = core.intake(read(written()), ROUTE, AT, None).contact
    assert contact is not None
    said = encode(contact).decode()
    for personal in ("maija", "Meik", "example.com", "Huollosta", "valmis"):
        assert personal not in said


def test_same_mail_has_the_same_ids_on_every_mailbox_of_the_pool() -> None:
    first = core.intake(read(written()), ROUTE, AT, None)
    again = core.intake(read(written()), OTHER, AT + 60_000, None)
    assert first.contact is not None
    assert again.contact is not None
    assert first.contact.data.contact_id == again.contact.data.contact_id
    assert first.message.data.message_id == again.message.data.message_id
    assert first.message.data.cid == again.message.data.cid


def test_mails_without_an_id_are_told_apart_by_their_bytes() -> None:
    ids = {core.mail_id(read(written(text, Message_ID="")), ROUTE.pool) for text in ("a", "b", "b")}
    assert len(ids) == 2


def test_somebody_elses_mail_with_the_same_message_id_is_another_mail() -> None:
    mail = read(written())
    other = replace(mail, sender="mallory@example.com")
    assert core.mail_id(mail, ROUTE.pool) != core.mail_id(other, ROUTE.pool)


def test_reply_into_an_open_contact_is_a_message_and_nothing_more() -> None:
    intake = core.intake(read(written()), ROUTE, AT, Thread(head(), open=True))
    assert (intake.head, intake.contact) == (None, None)
    assert intake.message.data.conversation_id == CONVERSATION


def test_reply_after_the_end_is_a_new_contact_in_the_same_conversation() -> None:
    before = head(channel="form", details={"Auto": "Corolla"})
    intake = core.intake(read(written()), ROUTE, AT + 1, Thread(before, open=False))
    assert intake.head is not None
    assert intake.contact is not None
    now = intake.head.data
    assert now.conversation_id == CONVERSATION
    assert now.contact_id == intake.contact.data.contact_id != before.contact_id
    assert (now.customer, now.subject, now.details) == (
        before.customer,
        before.subject,
        before.details,
    )
    assert (now.channel, now.opened_at) == ("email", AT + 1)


def test_strangers_reply_is_a_case_of_its_own_that_says_where_it_may_belong() -> None:
    mail = read(written(From="Mallory <mallory@example.com>"))
    intake = core.intake(mail, ROUTE, AT, Thread(head(), open=True))
    assert intake.head is not None
    assert intake.head.data.conversation_id != CONVERSATION
    assert intake.head.data.details == {"Saattaa liittyä keskusteluun": CONVERSATION}


def test_bounce_of_our_answer_is_shown_in_the_conversation_as_the_systems() -> None:
    bounce = read(written(From="MAILER-DAEMON@mx.example"), mail_from="")
    intake = core.intake(bounce, ROUTE, AT, Thread(head(), open=False))
    assert intake.contact is not None
    assert intake.contact.data.topic == "automatic"
    assert intake.message.data.conversation_id == CONVERSATION
    assert intake.message.data.author.kind == "system"


def test_automatic_mail_is_a_contact_of_its_own_topic_and_a_persons_is_not() -> None:
    automatic = core.intake(read(written(Auto_Submitted="auto-replied")), ROUTE, AT, None)
    assert automatic.contact is not None
    assert automatic.contact.data.topic == "automatic"
    over = Thread(head(topic="automatic"), open=False)
    person = core.intake(read(written()), ROUTE, AT, over)
    assert person.contact is not None
    assert person.contact.data.topic == ""


def test_written_language_counts_more_than_the_mailbox() -> None:
    mail = read(written("Hello, when is my car ready? Thank you, John"))
    intake = core.intake(mail, ROUTE, AT, None)
    assert intake.contact is not None
    assert intake.contact.data.language == "en"


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ({"text": ""}, "(Viestissä ei ole tekstiä.)"),
        ({"cut": True}, "(Viesti on hyvin pitkä, ja sen loppu on jätetty pois.)"),
        ({"attachments": ("a.jpg", "b.pdf")}, "(Liitteitä ei ole tallennettu: a.jpg, b.pdf)"),
        (
            {"readable": False},
            "(Viestin rakennetta ei voitu tulkita, joten se näytetään sellaisenaan.)",
        ),
    ],
)
def test_agent_is_told_what_is_missing(change: dict[str, object], note: str) -> None:
    mail = replace(read(written()), **change)  # type: ignore[arg-type]
    assert note in core.intake(mail, ROUTE, AT, None).message.data.text
