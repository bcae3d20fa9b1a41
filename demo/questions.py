"""What customers ask and agents answer, in three languages (`questions/*.yaml`)."""

import csv
import random
from dataclasses import dataclass
from pathlib import Path

import msgspec
import yaml

LANGUAGES = ("fi", "sv", "en")
FOLDER = Path(__file__).parent / "questions"
SHARED_TOPIC = "shared"


class FollowUp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a customer asks next, in a chat."""

    text: str
    answer: str


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A first question with its answer. `bot`: the bot knows the answer, word for word asked."""

    topic: str
    text: str
    answer: str
    model: str = ""
    mileage: int = 0
    follow_up: FollowUp | None = None
    bot: bool = False


class Phrases(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A language's questions, its customers' names, and what both sides say besides."""

    names: tuple[str, ...]
    thanks: tuple[str, ...]
    welcome: tuple[str, ...]
    general: tuple[str, ...]
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Questions:
    """All languages. `shared`: English questions of another trade, for more variety."""

    by_language: dict[str, Phrases]
    shared: tuple[Question, ...] = ()

    def answer_to(self, text: str, language: str, chance: random.Random) -> str:
        """What an agent says to this text; something general to what nobody has foreseen."""
        phrases = self.by_language.get(language, self.by_language["en"])
        for question in phrases.questions:
            if question.text in text:
                return question.answer
            if question.follow_up is not None and question.follow_up.text in text:
                return question.follow_up.answer
        if any(thanks in text for thanks in phrases.thanks):
            return chance.choice(phrases.welcome)
        return chance.choice(phrases.general)


class Deck:
    """Questions in an order of chance, each once before any comes again."""

    def __init__(self, questions: Questions, chance: random.Random) -> None:
        self._questions = questions
        self._chance = chance
        self._piles: dict[tuple[str, bool], list[Question]] = {}

    def draw(self, language: str, channel: str) -> Question:
        """One for this channel: every second of the bot's customers asks what the bot knows, and
        nobody else does."""
        chance, shared = self._chance, self._questions.shared
        if language == "en" and shared and chance.random() < 0.3:
            return chance.choice(shared)
        known = channel == "bot" and chance.random() < 0.5
        pile = self._piles.setdefault((language, known), [])
        if not pile:
            asked = self._questions.by_language[language].questions
            pile += [question for question in asked if question.bot == known]
            chance.shuffle(pile)
        return pile.pop()


def read_phrases(language: str) -> Phrases:
    """One language's file, checked."""
    text = (FOLDER / f"{language}.yaml").read_text(encoding="utf-8")
    return msgspec.convert(yaml.safe_load(text), Phrases)


def read_questions(shared: Path | None = None) -> Questions:
    """All files; `shared` is a CSV file of further English questions, if it is there."""
    further: tuple[Question, ...] = ()
    if shared is not None and shared.exists():
        with shared.open(encoding="utf-8", newline="") as file:
            further = tuple(
                Question(topic=SHARED_TOPIC, text=" ".join(row["text"].split()), answer="")
                for row in csv.DictReader(file)
            )
    return Questions({language: read_phrases(language) for language in LANGUAGES}, further)
