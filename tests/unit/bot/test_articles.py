"""What the bot knows."""

from pathlib import Path

import pytest

from services.bot.articles import LANGUAGES, Articles, read_articles
from services.kit.errors import RefusedToStart
from tests.unit.bot.helpers import shipped

GOOD = """
pools: [acme/all]
introduction: {fi: Olen botti., sv: Jag är en bot., en: I am a bot.}
always_a_person: [complaint]
articles:
  - id: hours
    topic: visiting
    questions: {fi: ["Milloin auki?"], sv: ["När öppet?"], en: ["When open?"]}
    answer: {fi: Aina., sv: Alltid., en: Always.}
"""


def read(folder: Path, text: str, name: str = "acme.yaml") -> dict[str, Articles]:
    """The articles of a folder with this one file."""
    (folder / name).write_text(text, encoding="utf-8")
    return read_articles(folder)


def test_shipped_articles_know_their_questions_in_each_language() -> None:
    articles = shipped()
    for text, language, words in (
        ("Milloin olette auki?", "fi", "arkisin kello 7.30"),
        ("Har ni däckhotell?", "sv", "79 euro per säsong"),
        ("Can I get a courtesy car?", "en", "29 euros a day"),
    ):
        found = articles.find(text, language)
        assert found is not None
        assert found.language == language
        assert words in found.text


@pytest.mark.parametrize(
    "text", ["milloin OLETTE auki", "  Milloin olette\n auki?!  ", "Milloin… olette – auki??"]
)
def test_capitals_punctuation_and_spaces_do_not_matter(text: str) -> None:
    assert shipped().find(text, "fi") is not None


@pytest.mark.parametrize(
    "text", ["Milloin olette auki jouluna?", "Milloin olet auki?", "olette auki milloin", "?", ""]
)
def test_one_word_more_less_or_elsewhere_is_another_question(text: str) -> None:
    assert shipped().find(text, "fi") is None


def test_question_is_answered_in_its_own_language_and_first_in_the_customers(
    tmp_path: Path,
) -> None:
    assert shipped().find("Opening hours", "fi") == shipped().find("Opening hours", "en")
    same = GOOD.replace("När öppet?", "Wifi?").replace("When open?", "Wifi?")
    articles = read(tmp_path, same)["acme/all"]
    for language, answer in (("sv", "Alltid."), ("en-GB", "Always."), ("fi", "Alltid.")):
        found = articles.find("wifi", language)
        assert found is not None
        assert found.text == answer


def test_introduction_says_in_each_language_that_a_bot_speaks() -> None:
    for language in LANGUAGES:
        assert "bot" in shipped().introduction.to(language).lower()
    assert shipped().introduction.to("de") == shipped().introduction.en


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (('"När öppet?"', ""), "questions in fi, sv and en"),
        (('sv: ["När öppet?"], ', ""), "questions in fi, sv and en"),
        (("topic: visiting", "topic: complaint"), "always a person's"),
        (("When open?", "Can a person help?"), "would never be answered"),
        (("When open?", "?!"), "would never be answered"),
        (("acme/all", "other/all"), "another company"),
        (("sv: Alltid., ", ""), "missing required field `sv`"),
        (("articles:", "articels:"), "articels"),
        (("pools:", "pools: ["), "acme.yaml"),
    ],
)
def test_mistakes_in_a_file_refuse_to_start_and_are_named(
    tmp_path: Path, change: tuple[str, str], complaint: str
) -> None:
    with pytest.raises(RefusedToStart) as refused:
        read(tmp_path, GOOD.replace(*change))
    assert complaint in str(refused.value)
    assert "acme.yaml" in str(refused.value)


def test_two_articles_for_one_question_refuse_to_start(tmp_path: Path) -> None:
    second = GOOD[GOOD.index("  - id: hours") :].replace("id: hours", "id: also")
    with pytest.raises(RefusedToStart, match="hours and also both answer"):
        read(tmp_path, GOOD + second)


def test_empty_folder_refuses_to_start(tmp_path: Path) -> None:
    with pytest.raises(RefusedToStart, match="no article file"):
        read_articles(tmp_path)
