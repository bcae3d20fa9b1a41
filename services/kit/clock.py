"""The only door to time, ids and chance. Services take a `Clock` and `Ids` as arguments."""

import hashlib
import secrets
import time
import uuid
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where time comes from."""

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""

    def monotonic(self) -> float:
        """Seconds that never go back, from an arbitrary start."""


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()


class SetClock:
    """A clock that a test sets; it moves only by `advance`."""

    def __init__(self, now_ms: int = 1_750_000_000_000) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        """The time set, in ms."""
        return self._now_ms

    def monotonic(self) -> float:
        """The time set, in seconds."""
        return self._now_ms / 1000

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now_ms += round(seconds * 1000)


def to_datetime(ms: int) -> datetime:
    """Milliseconds since the epoch as an aware datetime in UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC)


def new_id(prefix: str = "") -> str:
    """A new random id (UUIDv4, 32 hex digits) that says nothing about anybody."""
    return f"{prefix}{uuid.uuid4().hex}"


def new_secret() -> str:
    """256 random bits, URL-safe."""
    return secrets.token_urlsafe(32)


def derived_id(*parts: str) -> str:
    """An id that is the same for the same parts, and that no part can be read from (128 bits)."""
    hashed = hashlib.sha256()
    for part in parts:
        # With its length before it, no part can pass for two. Mail headers may hold surrogates.
        raw = part.encode("utf-8", "surrogatepass")
        hashed.update(b"%d:" % len(raw) + raw)
    return hashed.hexdigest()[:32]
