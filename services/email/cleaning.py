"""Making what strangers wrote fit to be stored, shown and put into headers. Pure."""

import re

ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*"
    r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)
"""A plain address (RFC 5321 dot-string and domain): the only kind that we write to."""

_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,900}>")

_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)
_BLANK_LINES = re.compile(r"\n{3,}")


def text(value: str, limit: int) -> str:
    """Text of several lines: LF line ends, no control characters, at most `limit` characters.

    Direction marks go, too: with them a text can be made to look like another one.
    """
    value = value.encode("utf-8", "replace").decode("utf-8")  # lone surrogates are not UTF-8
    value = value.replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " ")
    value = _INVISIBLE.sub("", value)
    value = "\n".join(line.rstrip() for line in value.split("\n"))
    return _BLANK_LINES.sub("\n\n", value).strip()[:limit]


def line(value: str, limit: int) -> str:
    """As `text`, on one line: no line end is left that could begin a header of its own."""
    return " ".join(text(value, len(value)).split())[:limit].rstrip()


def address(value: str) -> str:
    """The address if it is a plain one that can be written to, else an empty string.

    The domain may have letters beyond ASCII: it comes back in its ASCII form.
    """
    local, at, domain = value.strip().strip("<>").rpartition("@")
    if not at or len(local) > 64 or len(domain) > 253:
        return ""
    try:
        plain = f"{local}@{domain.encode('idna').decode('ascii') if domain else ''}"
    except UnicodeError:
        return ""
    return plain if len(plain) <= 254 and ADDRESS.fullmatch(plain) else ""


def message_ids(value: str, limit: int = 50) -> tuple[str, ...]:
    """The Message-IDs in a header's value, in order, at most `limit` of them (the last ones)."""
    return tuple(_MESSAGE_ID.findall(value)[-limit:])
