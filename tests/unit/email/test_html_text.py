"""HTML as text: readable, and in linear time."""

import time

import pytest

from services.email.html_text import LIMIT, html_to_text


def test_blocks_are_lines_and_entities_are_characters() -> None:
    html = "<h1>Hei</h1><p>Hinta on&nbsp;99&euro;<br>sis.&nbsp;alv</p><table><tr><td>a<td>b</table>"
    assert html_to_text(html).split("\n\n") == ["Hei", "Hinta on 99€\nsis. alv", "\na b"]


def test_words_divided_by_tags_stay_whole_and_spaces_between_tags_stay() -> None:
    assert html_to_text("huo<b>lto</b> <i>ja</i> renkaat") == "huolto ja renkaat"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<head><title>x</title><body>Hei", "Hei"),
        ("<p>Hei</p><style>p {", "Hei"),
        ("<style>vain tyyli", "vain tyyli"),
        ("a < b <!-- ei lopu", "a < b <!-- ei lopu"),
        ("<script>x</script>Hei", "Hei"),
        ("<![if x]>Hei<![endif]>", "Hei"),
        ("", ""),
    ],
)
def test_broken_html_loses_no_words(html: str, text: str) -> None:
    assert html_to_text(html) == text


@pytest.mark.parametrize("bomb", ["<!--", "<", "<![", "<a ", "<a b='", "</", "<style></", "&#"])
def test_unclosed_constructs_do_not_take_quadratic_time(bomb: str) -> None:
    """The limit is far above the time of a linear run: at 200,000 characters a quadratic one
    takes minutes."""
    started = time.process_time()
    html_to_text(bomb * (LIMIT // len(bomb)))
    assert time.process_time() - started < 10
