"""Ids over retries, what is let in, what goes over the wire, what the page says."""

import json
import re

import msgspec
import pytest

from services.chat import core, frames, pages
from services.chat.core import Allowance, Opening
from services.contracts.conversation import contact_opened

OPENING = Opening(
    pool="kaarna/service",
    language="fi",
    text="Hei",
    cid="3f6c2d5e8a9b4c71",
    name="Aino",
    email="aino@example.com",
    topic="repair",
)


def test_retry_of_an_opening_has_the_same_ids_at_another_time() -> None:
    first, second = core.head_of(OPENING, 1), core.head_of(OPENING, 99_999)
    assert first.data.conversation_id == second.data.conversation_id
    assert first.data.contact_id == second.data.contact_id
    assert first.data.contact_id != first.data.conversation_id
    assert (
        core.message_of(first.data, "m", "x", 1).data.message_id
        == core.message_of(second.data, "m", "y", 2).data.message_id
    )


def test_same_cid_in_another_pool_is_another_conversation() -> None:
    assert core.conversation_id("a/b", "c") != core.conversation_id("a/c", "c")


def test_contact_event_holds_nothing_that_the_customer_told() -> None:
    event = contact_opened(core.head_of(OPENING, 5), "chat")
    text = msgspec.json.encode(event).decode()
    assert "Aino" not in text
    assert "example.com" not in text
    assert event.data.topic == "repair"
    assert event.data.opened_at == 5
    assert event.id == event.data.contact_id


def test_allowance_gives_the_burst_and_then_the_rate() -> None:
    allowance = Allowance(rate=2, burst=3, now=0.0)
    assert [allowance.take(0.0) for _ in range(4)] == [True, True, True, False]
    assert allowance.take(0.4) is False
    assert allowance.take(0.5) is True
    assert [allowance.take(100.0) for _ in range(4)] == [True, True, True, False]


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"type":"nonsense"}', '{"type":"msg","text":"x"}', '{"type":"read"}'],
)
def test_frame_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(msgspec.MsgspecError):
        frames.decode_frame(text)


def test_frames_look_as_documented() -> None:
    encoded = json.loads(frames.encode_frame(frames.Ack(cid="m", seq=7)))
    assert encoded == {"type": "ack", "cid": "m", "seq": 7}
    failed = frames.Failed(reason="closed", detail="Over.", cid="m")
    assert "retry_after" not in json.loads(frames.encode_frame(failed))
    hello = frames.decode_frame('{"type":"hello","token":"t","last_seq":3,"lang":"sv"}')
    assert hello == frames.Hello(token="t", last_seq=3, lang="sv")


def test_every_text_exists_in_every_language_with_the_same_gaps() -> None:
    texts = pages.load_texts()
    for name, finnish in texts["fi"].items():
        gaps = set(re.findall(r"{\w+}", finnish))
        for language in pages.LANGUAGES:
            assert texts[language][name].strip(), (name, language)
            assert set(re.findall(r"{\w+}", texts[language][name])) == gaps, (name, language)


def test_every_text_that_the_page_asks_for_exists() -> None:
    names = set(pages.load_texts()["fi"])
    template = (pages.FOLDER / "page.html").read_text(encoding="utf-8")
    scripts = [path.read_text() for path in (pages.FOLDER / "assets").glob("*.js")]
    asked = set(re.findall(r"texts\.(\w+)", "\n".join([template, *scripts])))
    assert asked <= names


@pytest.mark.parametrize(
    ("asked", "accepted", "chosen"),
    [
        ("sv", "en", "sv"),
        ("", "sv-FI,sv;q=0.9,en;q=0.8", "sv"),
        ("de", "de-DE,en-GB;q=0.7", "en"),
        ("", "", "fi"),
        ("xx", "*", "fi"),
    ],
)
def test_page_speaks_the_language_asked_for(asked: str, accepted: str, chosen: str) -> None:
    assert pages.choose_language(asked, accepted) == chosen
