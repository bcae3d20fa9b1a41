"""Reading headers that may be broken in any way. Pure; nothing here raises."""

from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses

from services.email import cleaning

LIMIT = 8000
"""Characters of a header that are read: the parsers are slow on endless ones."""


class Headers:
    """The headers of a mail by name, as text, decoded. A missing one is an empty string."""

    def __init__(self, message: "Message[str, str]") -> None:
        self._raw: dict[str, str] = {}
        for name, value in message.raw_items():
            self._raw.setdefault(str(name).lower(), str(value)[:LIMIT])

    def raw(self, name: str) -> str:
        """The value as it stands, with bytes beyond ASCII as well read as can be."""
        value = self._raw.get(name, "")
        if value.isascii():
            return value
        return decode(value.encode("utf-8", "surrogateescape"), "utf-8")

    def line(self, name: str, limit: int = 500) -> str:
        """The value decoded (RFC 2047), on one line."""
        return cleaning.line(_words(self.raw(name)), limit)

    def address(self, name: str) -> tuple[str, str]:
        """The first usable `(display name, plain address)` of a header; empty strings if none."""
        pairs = getaddresses([self.raw(name).replace("\r", "").replace("\n", "")])
        for display, address in pairs[:20]:
            if plain := cleaning.address(_words(address)):
                return cleaning.line(_words(display), 200), plain
        return (cleaning.line(_words(pairs[0][0]), 200) if pairs else ""), ""

    def ids(self, name: str) -> tuple[str, ...]:
        """The Message-IDs in a header; some programs write long ones as encoded words."""
        return cleaning.message_ids(_words(self.raw(name)))


def decode(value: bytes, charset: str | None) -> str:
    """Bytes as text: as `charset` says, else as UTF-8, else as Windows-1252, else Latin-1."""
    for name in (charset or "utf-8", "utf-8", "cp1252"):
        if name.lower().replace("-", "_") in {"idna", "punycode"}:
            continue  # no text is in them, and their decoders take quadratic time
        try:
            return value.decode(name)
        except (LookupError, ValueError):
            continue
    return value.decode("latin-1")


def _words(value: str) -> str:
    """Encoded words (RFC 2047) decoded; a value that cannot be stays as it is."""
    if "=?" not in value:
        return value
    try:
        chunks = decode_header(value)
    except (MessageError, ValueError, LookupError):
        return value
    return "".join(
        decode(chunk, charset) if isinstance(chunk, bytes) else chunk for chunk, charset in chunks
    )
