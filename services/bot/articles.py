"""What the bot knows: one file a company, read and checked as a whole at the start."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import yaml

from services.bot.words import asks_for_a_person, normalise
from services.kit.errors import RefusedToStart

LANGUAGES = ("fi", "sv", "en")
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
Question = Annotated[str, msgspec.Meta(min_length=1, max_length=300)]


class Texts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One text in the three languages."""

    fi: Text
    sv: Text
    en: Text

    def to(self, language: str) -> str:
        """In that language; in English if it is none of the three."""
        return str(getattr(self, language if language in LANGUAGES else "en"))


class Article(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An answer, and per language the ways in which it is asked for."""

    id: str
    topic: str
    questions: dict[str, tuple[Question, ...]]
    answer: Texts


class Company(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file. `always_a_person`: topics that the bot leaves to people."""

    pools: tuple[str, ...]
    introduction: Texts
    always_a_person: tuple[str, ...]
    articles: tuple[Article, ...]


class Found(msgspec.Struct, frozen=True):
    """An article, in the language in which it was asked for."""

    article: Article
    language: str

    @property
    def text(self) -> str:
        """The answer."""
        return self.article.answer.to(self.language)


class Articles:
    """A company's articles, to be looked up by question."""

    def __init__(self, company: Company) -> None:
        self.introduction = company.introduction
        self.always_a_person = frozenset(company.always_a_person)
        self._by_question: dict[str, dict[str, Article]] = {}
        for article in company.articles:
            for language, questions in article.questions.items():
                for question in questions:
                    known = self._by_question.setdefault(normalise(question), {})
                    known[language] = article

    def find(self, text: str, language: str) -> Found | None:
        """The article that is asked for in exactly these words, first in `language`.

        A language also stands for its regions: `sv` for `sv-FI`.
        """
        known = self._by_question.get(normalise(text))
        if known is None:
            return None
        for one in (language.partition("-")[0], *LANGUAGES):
            if one in known:
                return Found(known[one], one)
        return None


def read_articles(folder: Path) -> dict[str, Articles]:
    """Pool → articles. Raises `RefusedToStart` with every mistake found."""
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise RefusedToStart(f"JONOTON_BOT_ARTICLES={folder}: there is no article file")
    pools: dict[str, Articles] = {}
    problems: list[str] = []
    for file in files:
        try:
            company = msgspec.convert(yaml.safe_load(file.read_text(encoding="utf-8")), Company)
        except (OSError, yaml.YAMLError, msgspec.ValidationError) as error:
            problems.append(f"{file.name}: {error}")
            continue
        problems += (f"{file.name}: {problem}" for problem in _problems(company, file.stem))
        pools |= dict.fromkeys(company.pools, Articles(company))
    if problems:
        raise RefusedToStart("; ".join(problems))
    return pools


def _problems(company: Company, tenant: str) -> Iterator[str]:
    for pool in company.pools:
        if pool.partition("/")[0] != tenant:
            yield f"the pool {pool} belongs to another company"
    for topic in sorted({article.topic for article in company.articles}):
        if topic in company.always_a_person:
            yield f"the topic {topic} is always a person's, and yet has an article"
    asked: dict[tuple[str, str], str] = {}
    for article in company.articles:
        for language in {*LANGUAGES, *article.questions}:
            questions = article.questions.get(language, ())
            if language not in LANGUAGES or not questions:
                yield f"article {article.id} must have questions in fi, sv and en, no other"
            for question in questions:
                words = normalise(question)
                if not words or asks_for_a_person(question):
                    yield f"article {article.id}: {question!r} would never be answered"
                first = asked.setdefault((language, words), article.id)
                if first != article.id:
                    yield f"articles {first} and {article.id} both answer {question!r}"
