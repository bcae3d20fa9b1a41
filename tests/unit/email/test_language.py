"""Guessing a mail's language."""

import pytest

from services.email.language import guess

TEXTS = {
    "fi": [
        "Hei, milloin autoni on valmis? Terveisin Aino",
        "Haluaisin varata ajan huoltoon, kiitos.",
        "Voiko renkaat jättää teille talveksi ja paljonko se maksaa?",
    ],
    "sv": [
        "Hej! Jag undrar när min bil är klar. Med vänliga hälsningar, Karin",
        "Kan ni byta däcken på bilen nästa vecka?",
        "Vad kostar en service och finns det tid i morgon?",
    ],
    "en": [
        "Hello, when is my car ready? Regards, John",
        "I would like to book a service for next week.",
        "How much does it cost to change the tyres on my car?",
    ],
}


@pytest.mark.parametrize(
    ("language", "text"), [(language, text) for language in TEXTS for text in TEXTS[language]]
)
def test_everyday_questions_are_recognised_whatever_the_mailbox(language: str, text: str) -> None:
    for default in TEXTS:
        assert guess(text, default) == language


@pytest.mark.parametrize("text", ["", "ABC-123", "Toyota Corolla 2018 123 000 km", "auto"])
def test_text_that_does_not_say_is_in_the_language_of_the_mailbox(text: str) -> None:
    for default in TEXTS:
        assert guess(text, default) == default
