"""Reading mails: what is well-formed is read well, and nothing whatsoever is lost."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.email import core
from services.email.mail import TEXT_LIMIT
from tests.unit.email.helpers import AT, ROUTED, read, written

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data" / "email"


def test_well_formed_mail_is_read_as_it_was_written() -> None:
    mail = read(written(Reply_To="koti@example.net", Subject="Öljyt ja jarrut"))
    assert mail.sender == "maija@example.com"
    assert mail.answer_to == "koti@example.net"
    assert mail.name == "Maija Meikäläinen"
    assert mail.subject == "Öljyt ja jarrut"
    assert mail.text == "Hei!\n\nMilloin auto on valmis?"
    assert mail.message_id == "<1@example.com>"
    assert not mail.automatic
    assert mail.readable


def test_parents_are_the_mail_answered_and_then_the_references_from_last_to_first() -> None:
    mail = read(written(In_Reply_To="<3@x>", References="<1@x> <2@x> <3@x>"))
    assert mail.parents == ("<3@x>", "<2@x>", "<1@x>")


def test_long_parents_that_were_written_as_encoded_words_are_read() -> None:
    ours = f"<{'a' * 16}.{'b' * 32}.{'c' * 24}@kaarna.example>"
    raw = written(References=f"<1@x> {ours}")
    assert ours.encode() not in raw
    assert read(raw).parents == (ours, "<1@x>")


def test_mail_of_html_alone_is_read_as_text() -> None:
    raw = (
        b"From: a@example.com\r\nContent-Type: text/html; charset=iso-8859-1\r\n\r\n"
        b"<html><head><style>p{}</style></head><body>"
        b"<p>Hyv\xe4\xe4 <b>p&auml;iv&auml;&auml;</b></p><script>alert(1)</script>"
        b"<ul><li>jarrut<li>\xf6ljyt</ul>"
    )
    assert read(raw).text == "Hyvää päivää\n\n- jarrut\n- öljyt"


def test_plain_text_is_preferred_and_html_read_where_the_plain_part_is_empty() -> None:
    parts = (
        "MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\n{}\r\n"
        "--b\r\nContent-Type: text/html\r\n\r\n<p>rich</p>\r\n--b--\r\n"
    )
    assert read(parts.format("plain").encode()).text == "plain"
    assert read(parts.format("  ").encode()).text == "rich"


@pytest.mark.parametrize(
    ("charset", "raw"),
    [
        ("utf-8", "Hyvää yötä".encode()),
        ("utf-8", "Hyvää yötä".encode("latin-1")),
        ("us-ascii", "Hyvää yötä".encode()),
        ("x-nobody-knows", "Hyvää yötä".encode()),
        ("punycode", "Hyvää yötä".encode()),
        ("zlib", "Hyvää yötä".encode("cp1252")),
    ],
)
def test_wrong_charsets_do_not_spoil_the_text(charset: str, raw: bytes) -> None:
    header = f"Content-Type: text/plain; charset={charset}\r\n\r\n".encode()
    assert read(header + raw).text == "Hyvää yötä"


def test_names_of_attachments_are_listed() -> None:
    raw = (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nKuva liitteena.\r\n"
        b'--b\r\nContent-Type: image/jpeg; name="auto.jpg"\r\n\r\nxx\r\n'
        b"--b\r\nContent-Type: application/pdf\r\n\r\nxx\r\n--b--"
    )
    assert read(raw).attachments == ("auto.jpg", "application/pdf")


def test_long_text_is_cut_and_says_so() -> None:
    mail = read(written("a" * 998 + "\r\n" + "b " * TEXT_LIMIT))
    assert len(mail.text) == TEXT_LIMIT
    assert mail.cut


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-generated; owner-email=x"},
        {"From": "Mail Delivery <MAILER-DAEMON@example.com>"},
        {"From": "palvelu@kaarna.example"},
        {"Return_Path": "<>"},
    ],
)
def test_mail_of_machines_and_of_ourselves_is_automatic(headers: dict[str, str]) -> None:
    assert read(written(**headers)).automatic


def test_null_sender_is_automatic_and_a_person_is_not() -> None:
    assert read(written(), mail_from="").automatic
    assert not read(written(Auto_Submitted="no")).automatic


def test_nothing_of_a_header_reaches_a_second_line() -> None:
    mail = read(b"Subject: =?utf-8?q?Hei=0D=0ABcc:_x=40example.com?=\r\nFrom: a@b.example\r\n\r\nx")
    assert mail.subject == "Hei Bcc: x@example.com"
    folded = read(b"Message-ID: <a\r\n b@c>\r\n\r\nx")
    assert folded.message_id == ""


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n\r\n",
        b"no header at all",
        b"\x00\xff\xfe" * 100,
        b"Subject: =?utf-8?b?%%%?=\r\nFrom: =?x?\r\n\r\ntext",
        b"Content-Type: multipart/mixed; boundary=\r\n\r\ntext",
        b"Content-Type: multipart/mixed\r\n\r\ntext",
        b"Content-Transfer-Encoding: base64\r\n\r\n!!!!",
        b"Content-Type: message/rfc822\r\n\r\n" * 3000 + b"text",
        b"Content-Type: text/plain; charset*=x''%\r\n\r\ntext",
        b"From: " + b"(" * 5000 + b"\r\n\r\ntext",
    ],
)
def test_broken_mail_is_read_as_far_as_can_be(raw: bytes) -> None:
    mail = read(raw)
    assert mail.digest
    assert mail.answer_to in {"maija@example.com", ""}


@pytest.mark.parametrize(
    "raw",
    [
        b"Content-Type: multipart/mixed; boundary=x\r\nSubject: a\r\n\r\n"
        + b"--x\r\n\r\n" * 50_000,
        b"Subject: a\r\n\r\n" + b"\r" * 400_000,
        b"Subject: a\r\n\r\n" + b"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" * 41,
    ],
)
def test_tangled_mail_is_shown_as_it_came(raw: bytes) -> None:
    mail = read(raw)
    assert not mail.readable
    assert mail.subject == "a"


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_a_mail(raw: bytes) -> None:
    intake = core.intake(read(raw), ROUTED.for_pool("kaarna/service", "fi"), AT, None)  # type: ignore[arg-type]
    assert intake.contact is not None


@settings(deadline=None)
@given(st.data())
def test_a_mail_with_anything_overwritten_is_a_mail(data: st.DataObject) -> None:
    raw = bytearray(written(Content_Language="fi", In_Reply_To="<2@x>"))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
    assert read(bytes(raw)).digest


def test_every_odd_mail_of_the_shared_set_becomes_a_contact() -> None:
    files = sorted(SHARED.rglob("*.eml"))
    if not files:
        pytest.skip("The shared set of odd mails is not on this machine.")
    route = ROUTED.find("palvelu@kaarna.example")
    assert route is not None
    for file in files:
        mail = read(file.read_bytes())
        intake = core.intake(mail, route, AT, None)
        assert mail.sender, file.name
        assert intake.head is not None, file.name
        assert intake.contact is not None, file.name
        assert intake.message.data.text, file.name
