"""Words as the bot compares them. Pure."""

import re
import unicodedata

_PERSON = re.compile(
    r"\b(?:"
    # Finnish, in any case ending
    r"ihmis\w*|ihminen|asiakaspalvelij\w*|asiakasneuvoj\w*|työntekij\w*|henkilö\w*|"
    r"människ\w*|medarbetar\w*|handläggar\w*|kundrådgivar\w*|kundtjänst\w*|"
    r"humans?|persons?|people|agents?|advis[eo]rs?|representatives?|operators?|somebody|someone"
    r")\b"
)


def normalise(text: str) -> str:
    """The words alone: no capitals, no punctuation, one space between them."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    kept = (
        character if unicodedata.category(character)[0] in "LNM" else " " for character in folded
    )
    return " ".join("".join(kept).split())


def asks_for_a_person(text: str) -> bool:
    """Whether the customer may want to talk to a person, in any of the three languages.

    Broad on purpose: a bot that is silent without need costs the customer nothing.
    """
    return _PERSON.search(normalise(text)) is not None
