"""Who works at Kaarna today: names for the screen, skills for the router."""

from dataclasses import dataclass

# What people speak: most Finnish, many two languages, some all three.
_LANGUAGES = (
    {"fi": 5, "en": 4},
    {"fi": 5, "sv": 4},
    {"fi": 5},
    {"sv": 5, "fi": 4, "en": 4},
    {"fi": 5, "en": 5},
    {"en": 5, "fi": 3},
    {"fi": 5, "sv": 4, "en": 4},
    {"sv": 5, "en": 4},
)
_TRADES = (
    {"service": 4, "repair": 3},
    {"tyres": 4, "booking": 4},
    {"repair": 5, "service": 4, "complaint": 4},
    {"billing": 4, "booking": 3},
    {"service": 3, "tyres": 3, "billing": 2},
    {"booking": 4, "complaint": 3},
)
_NAMES = (
    "Aino K.", "Björn L.", "Carita S.", "Daniel O.", "Eeva M.", "Fredrik A.", "Grace N.",
    "Henna P.", "Ilkka V.", "Johanna R.", "Kalle T.", "Linnea B.", "Marko H.", "Nina F.",
    "Otto J.", "Pia W.", "Qasim A.", "Reetta L.", "Sami K.", "Tove E.", "Urho N.", "Vera S.",
    "Walter D.", "Xenia P.", "Yrjö M.", "Zainab H.", "Åsa G.", "Åke N.", "Öhman T.", "Ada V.",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """An agent. `name` is for the screen: the platform knows the id alone."""

    id: str
    name: str
    skills: dict[str, int]


def roster(size: int) -> list[Person]:
    """So many people, always the same ones, of all languages and trades."""
    return [
        Person(
            id=f"agent-{number + 1:02d}",
            name=_NAMES[number % len(_NAMES)]
            + ("" if number < len(_NAMES) else str(number // len(_NAMES) + 1)),
            skills={
                **_LANGUAGES[number % len(_LANGUAGES)],
                **_TRADES[number % len(_TRADES)],
            },
        )
        for number in range(size)
    ]
