"""HTML as plain text, for mails that have nothing else. Nothing is rendered, fetched or kept."""

import contextlib
import html
import re
from html.parser import HTMLParser

_HIDDEN = frozenset({"script", "style", "head", "title", "template", "svg", "object"})
_BLOCK = re.compile(
    "address|article|aside|blockquote|br|dd|div|dl|dt|figure|footer|form|h[1-6]|header|hr|li|main|"
    "nav|ol|p|pre|section|table|tr|ul"
)
_SPACE = re.compile(r"\s+")
_TAG = re.compile(r"<[^<>]{0,2000}>")
LIMIT = 200_000
"""Characters of HTML that are read: what a person wrote stands in the first of them."""


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.hidden = ""
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag == "body":  # the end of the head may be left out
            self.hidden = ""
        elif self.hidden:
            self._depth += tag == self.hidden
        elif tag in _HIDDEN:
            self.hidden, self._depth = tag, 1
        elif tag in {"td", "th"}:
            self.parts.append(" ")
        elif _BLOCK.fullmatch(tag):
            self.parts.append("\n- " if tag == "li" else "\n")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if not self.hidden and _BLOCK.fullmatch(tag):
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if self.hidden:
            self._depth -= tag == self.hidden
            if self._depth == 0:
                self.hidden = ""
        elif _BLOCK.fullmatch(tag) and tag not in {"br", "hr", "li"}:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.parts.append(_SPACE.sub(" ", data))


def html_to_text(source: str) -> str:
    """The readable text of `source`, a line per block. Never raises.

    A page too broken for the parser, or one that hides everything, loses its tags and no more.
    """
    source = source[:LIMIT]
    parser = _Text()
    # No close(): it goes over unclosed constructs again and again, in quadratic time. What the
    # parser has left over is stripped the plain way.
    with contextlib.suppress(Exception):
        parser.feed(source)
    rest = "" if parser.hidden else _strip(parser.rawdata)
    return _tidy("".join(parser.parts) + rest) or _tidy(_strip(source))


def _strip(source: str) -> str:
    return html.unescape(_TAG.sub(" ", source))


def _tidy(text: str) -> str:
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(lines).strip()
