"""Reading the routing journal: only records that count, in order, in every service alike."""

import asyncio
from collections.abc import AsyncGenerator, Iterable

from services.contracts.journal import Record, Validity, decode_entry
from services.contracts.topics import ROUTING_JOURNAL
from services.kit.log_reader import LogReader
from services.kit.settings import Settings


class JournalReader:
    """Follows all partitions of the journal (or some) from the beginning.

    `caught_up` is set when everything that stood in the journal at the start has been yielded.
    `positions`: partition → offset of the last entry read, void ones included. `goal`: partition →
    the journal's end at the start; what lies before it is the past.
    """

    def __init__(self, settings: Settings, *, partitions: Iterable[int] | None = None) -> None:
        self._log = LogReader(settings, ROUTING_JOURNAL, partitions=partitions)
        self._validity: dict[int, Validity] = {}
        self.positions: dict[int, int] = {}
        self.caught_up = asyncio.Event()
        self.goal: dict[int, int] = {}

    @property
    def void(self) -> int:
        """Records that did not count."""
        return sum(validity.void for validity in self._validity.values())

    async def batches(self) -> AsyncGenerator[list[tuple[int, int, Record]]]:
        """Batches of `(partition, offset, record)`, for ever. Closes its connection at the end.

        An empty batch may come: positions have moved, but no record counted.
        """
        await self._log.open()
        try:
            self.goal = {p: end for p, end in (await self._log.ends()).items() if end > 0}
            self._check_goal()
            async for raws in self._log.batches():
                batch = []
                for raw in raws:
                    validity = self._validity.setdefault(raw.partition, Validity())
                    record = validity.admit(raw.offset, decode_entry(raw.value or b""))
                    self.positions[raw.partition] = raw.offset
                    if record is not None:
                        batch.append((raw.partition, raw.offset, record))
                yield batch
                self._check_goal()
        finally:
            await self._log.close()

    def _check_goal(self) -> None:
        if not self.caught_up.is_set():
            positions = self.positions
            if all(positions.get(p, -1) >= end - 1 for p, end in self.goal.items()):
                self.caught_up.set()
