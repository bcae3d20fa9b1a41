"""The questions are complete in three languages."""

import random
from pathlib import Path

import pytest
import yaml

from demo.customers.mail import GREETINGS, REGARDS, SUBJECTS
from demo.places import MAILBOXES, POOL_FILE, ROOT
from demo.questions import LANGUAGES, Deck, read_phrases, read_questions
from services.email.language import guess
from services.email.settings import ROUTES


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_many_questions_and_an_answer_to_each(language: str) -> None:
    phrases = read_phrases(language)
    texts = [question.text for question in phrases.questions]
    assert len(texts) >= 30
    assert len(set(texts)) == len(texts)
    assert all(question.answer for question in phrases.questions)
    assert sum(question.follow_up is not None for question in phrases.questions) >= 5
    assert len(phrases.names) >= 10
    assert min(map(len, (phrases.thanks, phrases.welcome, phrases.general))) >= 2


def test_languages_cover_the_same_topics() -> None:
    topics = [{q.topic for q in read_phrases(language).questions} for language in LANGUAGES]
    assert topics[0] == topics[1] == topics[2]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_topic_is_known_to_the_pool_and_has_a_subject(language: str) -> None:
    topics = {question.topic for question in read_phrases(language).questions}
    pool = POOL_FILE.read_text(encoding="utf-8")
    assert all(f"- {topic} " in pool for topic in topics)
    assert topics <= SUBJECTS[language].keys()
    assert GREETINGS[language]
    assert REGARDS[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_bot_has_an_article_for_what_it_is_said_to_know_and_for_nothing_else(language: str) -> None:
    file = ROOT / "services" / "bot" / "articles" / "kaarna.yaml"
    articles = yaml.safe_load(file.read_text(encoding="utf-8"))["articles"]
    known = {asked for article in articles for asked in article["questions"][language]}
    questions = read_phrases(language).questions
    assert sum(question.bot for question in questions) >= 5
    assert {q.text for q in questions if q.bot} == {q.text for q in questions} & known


@pytest.mark.parametrize("language", LANGUAGES)
def test_mail_service_hears_in_which_language_a_question_is(language: str) -> None:
    for question in read_phrases(language).questions:
        assert guess(f"{question.text}\n\n{REGARDS[language]}", language) == language


def test_mailboxes_are_those_of_the_mail_service() -> None:
    expected = ",".join(f"{address}=kaarna/service:{lang}" for lang, address in MAILBOXES.items())
    assert sorted(expected.split(",")) == sorted(ROUTES.split(","))


def test_agent_answers_what_was_asked_and_something_to_everything_else() -> None:
    questions, chance = read_questions(), random.Random(1)
    for language in LANGUAGES:
        phrases = questions.by_language[language]
        for question in phrases.questions:
            mail = f"Hei!\n\n{question.text}\n\nT. Aino"
            assert questions.answer_to(mail, language, chance) == question.answer
            if question.follow_up is not None:
                asked_on = questions.answer_to(question.follow_up.text, language, chance)
                assert asked_on == question.follow_up.answer
        assert questions.answer_to(phrases.thanks[0], language, chance) in phrases.welcome
        assert questions.answer_to("???", language, chance) in phrases.general
    assert questions.answer_to("???", "de", chance) in questions.by_language["en"].general


def test_further_questions_are_english_and_optional(tmp_path: Path) -> None:
    assert read_questions(tmp_path / "absent.csv").shared == ()
    path = tmp_path / "train.csv"
    path.write_text('text,category\n"Where is\nmy card?",card\n', encoding="utf-8")
    questions = read_questions(path)
    assert [question.text for question in questions.shared] == ["Where is my card?"]
    deck = Deck(questions, random.Random(1))
    assert "shared" in {deck.draw("en", "chat").topic for _ in range(50)}
    assert "shared" not in {deck.draw("fi", "chat").topic for _ in range(50)}


def test_no_question_comes_again_before_all_have_come() -> None:
    questions = read_questions()
    deck = Deck(questions, random.Random(1))
    asked = [question for question in questions.by_language["sv"].questions if not question.bot]
    for _ in range(3):
        drawn = {deck.draw("sv", "email").text for _ in asked}
        assert drawn == {question.text for question in asked}
