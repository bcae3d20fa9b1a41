"""An agent's answer as a mail."""

import email
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts.messages import Customer
from services.email.compose import NotAnswerable, compose
from tests.unit.email.helpers import CONVERSATION, IDS, ROUTED, answer, head


def sent(
    subject: str = "Huollosta", text: str = "Hei!", latest: str = "<1@x>", **values: object
) -> EmailMessage:
    """Composed and read back as a customer's program does."""
    mail = compose(
        head(subject=subject), answer(text, **values), ["<0@x>", latest], latest, ROUTED, IDS
    )
    assert mail.recipient == "maija@example.com"
    return email.message_from_bytes(mail.content, policy=default)


def test_answer_comes_from_the_mailbox_that_the_customer_wrote_to() -> None:
    mail = sent()
    assert mail["From"] == "palvelu@kaarna.example"
    assert mail["To"] == "maija@example.com"
    swedish = compose(head(fields={}, language="sv"), answer(), [], "", ROUTED, IDS)
    assert swedish.sender == "kund@kaarna.example"
    to_the_english = head(fields={"mailbox": "service@kaarna.example"})
    assert compose(to_the_english, answer(), [], "", ROUTED, IDS).sender == "service@kaarna.example"
    foreign = head(fields={"mailbox": "ceo@elsewhere.example"}, language="en")
    assert compose(foreign, answer(), [], "", ROUTED, IDS).sender == "service@kaarna.example"


def test_answer_belongs_to_the_customers_mail() -> None:
    mail = sent()
    assert mail["Subject"] == "Re: Huollosta"
    assert mail["In-Reply-To"] == "<1@x>"
    assert mail["References"] == "<0@x> <1@x>"
    assert IDS.conversation(mail["Message-ID"]) == CONVERSATION


def test_answer_has_the_same_bytes_each_time() -> None:
    first, again = (compose(head(), answer(), [], "", ROUTED, IDS) for _ in range(2))
    assert first == again


@pytest.mark.parametrize("subject", ["Re: Huollosta", "VS: Huollosta", "Sv: Huollosta"])
def test_prefix_of_a_reply_is_not_piled_up(subject: str) -> None:
    assert sent(subject)["Subject"] == subject


def test_subjects_of_agents_and_of_mails_without_one() -> None:
    assert sent("x")["Subject"] == "Re: x"
    mail = compose(head(), answer(subject="Autonne on valmis"), [], "", ROUTED, IDS)
    assert b"Subject: Autonne on valmis\r\n" in mail.content
    assert sent("")["Subject"] == "Vastaus viestiisi"


def test_long_message_ids_are_neither_folded_nor_encoded() -> None:
    long = f"<{'a' * 200}@example.com>"
    mail = compose(head(), answer(), [long, "<b@x>"], long, ROUTED, IDS)
    assert f"In-Reply-To: {long}\r\n".encode() in mail.content
    assert f"References: <b@x>\r\n {long}\r\n".encode() in mail.content


def test_text_arrives_whole() -> None:
    text = "Hyvää päivää!\n.\nFrom here: " + "ä" * 3000 + "\n\nTerveisin\nAino"
    assert sent(text=text).get_content().replace("\r\n", "\n") == text + "\n"


@settings(deadline=None)
@given(st.text(max_size=200), st.text(max_size=200), st.text(max_size=100))
def test_no_value_begins_a_header_of_its_own(subject: str, own: str, latest: str) -> None:
    injected = "\r\nBcc: everybody@example.com\r\n\r\n"
    values = (subject + injected + own, own + injected, latest + injected)
    started = head(
        subject=values[0][:900], language=values[2][:35], fields={"mailbox": values[1][:150]}
    )
    for said in (values[1][:900], ""):
        mail = compose(started, answer(subject=said), [values[2]], values[2], ROUTED, IDS)
        names = {name.lower() for name in email.message_from_bytes(mail.content).keys()}  # noqa: SIM118
        assert names <= {
            *("from", "to", "subject", "date", "message-id", "in-reply-to", "references"),
            *("content-language", "content-type", "content-transfer-encoding", "mime-version"),
        }


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "MAILER-DAEMON@example.com",
        "palvelu@kaarna.example",
        "Palvelu+x@kaarna.example",
        "a@example.com\r\nRCPT TO:<b@example.com>",
        "a@example.com,b@example.com",
        '"a b"@example.com',
    ],
)
def test_nothing_is_sent_where_nobody_reads(address: str) -> None:
    with pytest.raises(NotAnswerable):
        compose(head(customer=Customer(email=address)), answer(), [], "", ROUTED, IDS)
