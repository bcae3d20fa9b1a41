"""When the bot speaks, and what."""

import pytest

from services.bot import core
from services.bot.core import Reply
from services.bot.words import asks_for_a_person
from services.kit.contact_states import ContactState
from tests.unit.bot.helpers import AT, head, question, shipped

ARTICLES = shipped()


def said(
    text: str = "Milloin olette auki?",
    contact: ContactState | None = "waiting",
    *,
    wants_person: bool = False,
    has_spoken: bool = True,
    topic: str = "",
) -> Reply | str:
    """The bot's word."""
    return core.reply(
        ARTICLES,
        head(topic=topic),
        text,
        contact,
        wants_person=wants_person,
        has_spoken=has_spoken,
    )


@pytest.mark.parametrize("contact", [None, "waiting"])
def test_known_question_is_answered_while_nobody_has_the_contact(
    contact: ContactState | None,
) -> None:
    answer = said(contact=contact)
    assert isinstance(answer, Reply)
    assert answer.text.startswith("Korjaamomme ovat auki")


def test_first_word_of_the_bot_says_that_it_is_one_and_later_ones_do_not() -> None:
    for text, words in (
        ("Milloin olette auki?", "Olen Kaarna Autohuollon botti"),
        ("När har ni öppet?", "Jag är Kaarna Autohuoltos bot"),
        ("When are you open?", "I'm Kaarna Autohuolto's bot"),
    ):
        first, later = said(text, has_spoken=False), said(text)
        assert isinstance(first, Reply)
        assert isinstance(later, Reply)
        assert first.text.startswith(words)
        assert first.text.endswith(later.text)
        assert words not in later.text


@pytest.mark.parametrize(
    ("contact", "silence"), [("assigned", "assigned"), ("wrapping", "over"), ("over", "over")]
)
def test_bot_is_silent_once_an_agent_has_or_had_the_contact(
    contact: ContactState, silence: str
) -> None:
    assert said(contact=contact) == silence


def test_bot_is_silent_about_what_it_does_not_know() -> None:
    assert said("Paljonko jarrulevyt maksavat?") == "unknown"
    nobody = core.reply(
        None, head(), "Milloin olette auki?", None, wants_person=False, has_spoken=False
    )
    assert nobody == "unknown"


@pytest.mark.parametrize("topic", ["complaint", "contract", "health", "law", "threat"])
def test_topics_of_people_are_never_answered(topic: str) -> None:
    assert said(topic=topic) == "topic"


def test_bot_is_silent_from_the_moment_that_a_person_is_asked_for() -> None:
    assert said("Haluan puhua ihmisen kanssa.") == "person"
    assert said(wants_person=True) == "person"


@pytest.mark.parametrize(
    "text",
    [
        "Voinko puhua ihmisen kanssa?",
        "IHMINEN",
        "asiakaspalvelija kiitos!",
        "Yhdistä asiakaspalvelijalle",
        "Jag vill prata med en människa",
        "Koppla mig till en medarbetare, tack.",
        "kundtjänst",
        "I want to talk to a person",
        "human!",
        "Can I speak to an agent please",
        "let me talk to someone",
    ],
)
def test_words_for_a_person_are_known_in_three_languages(text: str) -> None:
    assert asks_for_a_person(text)


@pytest.mark.parametrize(
    "text", ["Milloin olette auki?", "Ihmettelen laskua", "personal details", "När har ni öppet?"]
)
def test_other_words_do_not_ask_for_a_person(text: str) -> None:
    assert not asks_for_a_person(text)


def test_answers_of_one_question_have_one_id_whoever_writes_them() -> None:
    reply = Reply("Kello 7.30.", "fi")
    first = core.answer_of(question(), reply, AT)
    again = core.answer_of(question(message_id="another copy"), reply, AT + 1000)
    assert first.id == again.id
    assert first.data.cid == again.data.cid
    assert first.data.message_id != core.answer_id(question(cid="m2"))
    assert first.data.author.kind == "bot"


def test_question_at_the_door_has_the_same_ids_at_each_try() -> None:
    tries = [core.opening("kaarna/service", "fi", "Hei", "x" * 16, AT + n) for n in (0, 5000)]
    (head_1, question_1), (head_2, question_2) = tries
    assert head_1.data.conversation_id == head_2.data.conversation_id
    assert head_1.data.contact_id == head_2.data.contact_id
    assert question_1.data.message_id == question_2.data.message_id
    other, _ = core.opening("kaarna/service", "fi", "Hei", "y" * 16, AT)
    assert other.data.conversation_id != head_1.data.conversation_id
