"""A mail as it is used here, whatever it looked like when it came. Pure."""

import hashlib
from dataclasses import dataclass

TEXT_LIMIT = 90_000
"""Characters of a mail's text that are kept; the contract allows 100,000."""


@dataclass(frozen=True, slots=True)
class Mail:
    """What could be read of a mail. Every field may be empty: nothing in a mail is certain.

    `sender` is the From address, `answer_to` where an answer goes (Reply-To, else From), both
    plain addresses. `parents` are the Message-IDs that it answers, the nearest first.
    `automatic`: no person wrote it. `attachments` are names. `cut`: there was more text.
    `readable` is false when `text` is the raw mail because its structure could not be read.
    """

    digest: str
    sender: str = ""
    answer_to: str = ""
    name: str = ""
    subject: str = ""
    text: str = ""
    message_id: str = ""
    parents: tuple[str, ...] = ()
    automatic: bool = False
    attachments: tuple[str, ...] = ()
    cut: bool = False
    readable: bool = True


def digest_of(raw: bytes) -> str:
    """What identifies a mail that has no Message-ID."""
    return hashlib.sha256(raw).hexdigest()
