"""Which language a page speaks."""

import pytest

from services.forms.definition import LANGUAGES
from services.forms.web.language import choose


@pytest.mark.parametrize(
    ("asked", "accepted", "chosen"),
    [
        ("sv", "fi", "sv"),
        ("", "sv", "sv"),
        ("de", "en-GB,en;q=0.9", "en"),
        ("", "sv;q=0.1, en;q=0.9", "en"),
        ("", "de, fr", "fi"),
        ("", "sv;q=0, en;q=x", "fi"),
        ("", ";;,=,;q=", "fi"),
        ("", "", "fi"),
    ],
)
def test_address_then_browser_then_first(asked: str, accepted: str, chosen: str) -> None:
    assert choose(asked, accepted, LANGUAGES) == chosen
