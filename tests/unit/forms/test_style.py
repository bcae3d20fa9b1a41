"""The colours can be told apart, by light and by dark (WCAG 2.2: 1.4.3, 1.4.11)."""

import re

import pytest

from services.forms.web.assets import FOLDER

CSS = (FOLDER / "forms.css").read_text(encoding="utf-8")
TEXT, EDGE = 4.5, 3.0
PAIRS = [
    ("text", "ground", TEXT),
    ("text", "card", TEXT),
    ("text", "field", TEXT),
    ("text", "tint", TEXT),
    ("text", "wrong-tint", TEXT),
    ("text", "notice-tint", TEXT),
    ("quiet", "ground", TEXT),
    ("quiet", "card", TEXT),
    ("brand", "ground", TEXT),
    ("brand", "card", TEXT),
    ("brand-strong", "card", TEXT),
    ("brand", "tint", TEXT),
    ("on-brand", "brand", TEXT),
    ("on-brand", "brand-strong", TEXT),
    ("wrong", "card", TEXT),
    ("wrong", "wrong-tint", TEXT),
    ("notice", "notice-tint", TEXT),
    ("field-edge", "card", EDGE),
    ("field-edge", "field", EDGE),
    ("wrong", "field", EDGE),
    ("focus", "ground", EDGE),
    ("focus", "card", EDGE),
    ("focus", "field", EDGE),
]


def palette(scheme: str) -> dict[str, str]:
    """The colours by name."""
    light, dark = re.findall(r":root \{([^}]*)\}", CSS)
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light if scheme == "light" else dark))


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2, definition)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    """Contrast ratio (WCAG 2.2, definition)."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("front", "back", "least"), PAIRS)
def test_colours_stand_out_from_what_is_behind_them(
    scheme: str, front: str, back: str, least: float
) -> None:
    colours = palette(scheme)
    assert contrast(colours[front], colours[back]) >= least


def test_both_schemes_have_the_same_colours() -> None:
    assert set(palette("light")) == set(palette("dark"))


def test_contrast_is_computed_as_the_guidelines_say() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
