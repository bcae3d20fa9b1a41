"""Reading single records of the journal again, by their offsets."""

import asyncio
from collections.abc import Iterable
from typing import Protocol

from services.contracts.journal import Record, decode_entry
from services.kit.errors import Unavailable
from services.kit.log_reader import Raw


class Fetcher(Protocol):
    """As `services.kit.record_fetcher.RecordFetcher`."""

    async def fetch(self, partition: int, offset: int) -> Raw | None: ...
    async def close(self) -> None: ...


class Records:
    """One connection for all: who comes second waits, and nobody waits for longer than `timeout`
    seconds. A part."""

    name = "journal records"

    def __init__(self, fetcher: Fetcher, *, timeout: float) -> None:
        self._fetcher = fetcher
        self._timeout = timeout
        self._one_at_a_time = asyncio.Lock()

    async def start(self) -> None:
        """Nothing: it connects when somebody asks."""

    async def stop(self) -> None:
        """Disconnect."""
        await self._fetcher.close()

    def trouble(self) -> str | None:
        """Never: routing goes on without."""
        return None

    async def read(self, partition: int, offsets: Iterable[int]) -> list[tuple[int, Record]]:
        """(offset, record) of those that are still there. Raises `Unavailable` after `timeout`."""
        found = []
        try:
            async with asyncio.timeout(self._timeout), self._one_at_a_time:
                for offset in offsets:
                    raw = await self._fetcher.fetch(partition, offset)
                    entry = decode_entry(raw.value or b"") if raw else None
                    if isinstance(entry, Record):
                        found.append((offset, entry))
        except TimeoutError:
            raise Unavailable("The journal could not be read in time.") from None
        return found
