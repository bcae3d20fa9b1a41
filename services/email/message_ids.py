"""Message-IDs of the mails that we send: they say, signed, to which conversation a reply belongs.

Pure. The same message has the same Message-ID however often it is sent.
"""

import hashlib
import hmac
import re

_OURS = re.compile(
    r"<(?P<message>[0-9a-f]{16})\.(?P<conversation>[0-9a-f]{32})\.(?P<seal>[0-9a-f]{24})@[^>]*>"
)


class MessageIds:
    """Makes and recognises them. `key` is the site's secret."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    def make(self, conversation_id: str, message_id: str, domain: str) -> str:
        """The Message-ID, with its angle brackets."""
        short = hashlib.sha256(message_id.encode()).hexdigest()[:16]
        return f"<{short}.{conversation_id}.{self._seal(short, conversation_id)}@{domain}>"

    def conversation(self, message_id: str) -> str | None:
        """The conversation of a Message-ID that we made; None for any other, forged ones too."""
        match = _OURS.fullmatch(message_id)
        if match is None:
            return None
        seal = self._seal(match["message"], match["conversation"])
        return match["conversation"] if hmac.compare_digest(seal, match["seal"]) else None

    def _seal(self, short: str, conversation_id: str) -> str:
        signed = f"{short}.{conversation_id}".encode()
        return hmac.new(self._key, signed, hashlib.sha256).hexdigest()[:24]
