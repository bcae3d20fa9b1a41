"""A part: something a service starts, asks about and stops (a producer, a consumer, a view)."""

from typing import Protocol


class Part(Protocol):
    """The life of a part. `start` returns quickly: what may take long goes on behind it."""

    name: str

    async def start(self) -> None:
        """Begin."""

    async def stop(self) -> None:
        """End, gracefully."""

    def trouble(self) -> str | None:
        """Why the part cannot do its work now (for `/readyz`), or None."""
