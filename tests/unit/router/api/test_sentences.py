"""Every routing event about a contact has a sentence, one of its own or a generic one."""

from pathlib import Path

import msgspec
import pytest

from services.contracts import routing_events as ev
from services.contracts.base import event_type
from services.contracts.pool import Rule
from services.router.api import sentences
from services.router.api.phrases import condition, duration, skills
from services.router.api.sentences import sentence
from services.router.api.trail import contact_of
from tests.unit.router.core.world import config

EXAMPLES = Path("services/contracts/examples/routing-journal/events")
AT = 1_789_364_407_412
_decoder = msgspec.json.Decoder(ev.AnyRoutingEvent)


def examples() -> list[ev.AnyRoutingEvent]:
    return [_decoder.decode(path.read_bytes()) for path in sorted(EXAMPLES.glob("*.json"))]


def test_every_event_about_a_contact_is_told_as_a_sentence() -> None:
    told = [event for event in examples() if contact_of(event)]
    assert len({type(event) for event in told}) >= 12
    for event in told:
        text = sentence(event, AT, None)
        names = tuple(getattr(event, name, "?") for name in ("agent", "by"))
        assert text[0].isupper() or text.startswith(names), text
        assert text.endswith("."), text
        assert "{" not in text, text
        assert "None" not in text, text
        assert "_" not in text, text


class Parked(ev.RoutingEvent, frozen=True, kw_only=True, tag="contact.parked-for-now"):
    """One that this version has no words for."""

    contact: str
    until: int
    waited_ms: int
    share: float
    again: bool
    reason: str = ""
    others: dict[str, int]
    to: tuple[str, ...] = ()


def test_event_without_words_is_told_by_its_name_and_fields() -> None:
    event = Parked(
        pool="a/b",
        contact="c1",
        until=AT,
        waited_ms=65_000,
        share=0.123456,
        again=True,
        others={"x": 2},
        to=("q1", "q2"),
    )
    assert sentence(event, AT, None) == (  # type: ignore[arg-type]
        "Contact parked for now (until 2026-09-14 05:40:07 UTC, waited 1 min 5 s, "
        "share 0.1235, again yes, others (x 2), to q1 and q2)."
    )


def test_terms_of_a_choice_that_have_no_words_are_told_by_name() -> None:
    event = ev.OfferMade(
        pool="a/b",
        offer="o1",
        contact="c1",
        conversation="v1",
        agent="ann",
        channel="chat",
        queue="general",
        expires_at=AT + 20_000,
        waited_ms=0,
        why={"candidates": 1, "away": 2, "x": 0.5, "score": 0.25, "advantage": 0.7},
    )
    assert sentence(event, AT, config()) == (
        "Offered to ann (chat, queue general) after a wait of 0 ms, for 20 s. "
        "1 agent could take it; 2 were away. Policy: jonoton. It had waited 50% of its queue's "
        "target. Terms: score 0.25, advantage 0.7."
    )


def test_requeue_for_a_reason_of_tomorrow_is_told() -> None:
    event = msgspec.convert(
        {"type": "contact.requeued", "pool": "a/b", "contact": "c", "reason": "declined"},
        ev.ContactRequeued,
    )
    tomorrow = msgspec.structs.replace(event, reason="opened_again")
    assert sentence(tomorrow, AT, None) == "It waits again, at its old age: opened again."


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "0 ms"),
        (999, "999 ms"),
        (1_000, "1 s"),
        (12_440, "12.4 s"),
        (59_949, "59.9 s"),
        (59_999, "1 min"),
        (200_000, "3 min 20 s"),
        (7_500_000, "2 h 5 min"),
        (3 * 86_400_000 + 4 * 3_600_000, "3 days 4 h"),
    ],
)
def test_time_spans_are_told_for_people(ms: int, text: str) -> None:
    assert duration(ms) == text


def test_skills_and_conditions_are_told_in_words() -> None:
    assert skills({"fi": 3, "en": 1, "repair": 2}) == (
        "en at level 1, fi at level 3 and repair at level 2"
    )
    assert condition(Rule(queue="q")) == "always"
    assert condition(Rule(queue="q", when={"tier": ("gold", "silver"), "channel": "chat"})) == (
        "tier is gold or silver, channel is chat"
    )


def test_words_are_for_events_that_exist() -> None:
    kinds = set(ev.PoolEvent.__args__)
    assert set(sentences._WORDS) <= kinds
    assert {event_type(kind) for kind in sentences._WORDS} <= {event_type(kind) for kind in kinds}


def test_no_event_about_a_contact_is_without_words() -> None:
    """A new type is told generically until somebody writes its words, here."""
    without = {type(event) for event in examples() if contact_of(event)} - set(sentences._WORDS)
    assert {event_type(kind) for kind in without} <= {"contact.forgotten"}
