"""Which language a page speaks."""

from collections.abc import Sequence

from services.forms.definition import Language


def choose(asked: str, accepted: str, offered: Sequence[Language]) -> Language:
    """The language asked for by address, else the best of `Accept-Language` (RFC 9110, 12.5.4),
    else the first that is offered."""
    by_code: dict[str, Language] = {str(each): each for each in offered}
    if asked in by_code:
        return by_code[asked]
    for code in _by_preference(accepted):
        if code in by_code:
            return by_code[code]
    return offered[0]


def _by_preference(accepted: str) -> list[str]:
    weighed = []
    for place, item in enumerate(accepted[:500].split(",")):
        tag, _, parameters = item.partition(";")
        name, _, weight = parameters.strip().partition("=")
        try:
            quality = float(weight) if name.strip() == "q" else 1.0
        except ValueError:
            quality = 0.0
        code = tag.strip().lower().partition("-")[0]
        if code and quality > 0:
            weighed.append((-quality, place, code))
    return [code for _, _, code in sorted(weighed)]
