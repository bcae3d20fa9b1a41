"""A partition's journal followed again from its beginning: who could have had a contact, at each
moment when it was given to somebody. The engine is the router's own, so the answer is exact."""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Callable, Collection
from typing import Any

import msgspec

from services.contracts.journal import Record
from services.contracts.routing_events import OfferMade
from services.kit.errors import Unavailable
from services.kit.problem import Problem
from services.router.core.candidates import candidates
from services.router.core.partition import Partition

Batches = Callable[[int], AsyncGenerator[list[tuple[int, int, Record]]]]
"""Partition → batches of (partition, offset, record that counts), from the beginning."""


_BREATH = 8
"""Records between two moments when other threads may run."""


class Rehearsal:
    """Feed it the journal in order. `choices`: (offset, place in the record) → the candidates as
    they were when that offer of the contact was made."""

    def __init__(self, partition: int, pool: str, contact_id: str, offsets: Collection[int]):
        self.partition = Partition(partition)
        self.choices: dict[tuple[int, int], list[dict[str, Any]]] = {}
        self._pool = pool
        self._contact_id = contact_id
        self._offsets = frozenset(offsets)
        self._last = max(offsets, default=-1)

    def take(self, offset: int, record: Record) -> bool:
        """The next record; whether more are needed."""
        if offset in self._offsets:
            record = self._choose(offset, record)
        if offset < self._last:
            self.partition.apply(record)
        return offset < self._last

    def _choose(self, offset: int, record: Record) -> Record:
        """Note the choices in the record; what of it is left to be applied."""
        done = 0
        for place, event in enumerate(record.events):
            if not isinstance(event, OfferMade) or event.contact != self._contact_id:
                continue
            before = msgspec.structs.replace(record, events=record.events[done:place], reply=None)
            self.partition.apply(before)
            done = place
            found = candidates(self.partition, self._pool, self._contact_id)
            self.choices[offset, place] = found or []
        return msgspec.structs.replace(record, events=record.events[done:])


class Stage:
    """Runs one rehearsal at a time, in a thread with a loop of its own, for at most `timeout`
    seconds: it costs as much as starting a router does. A part."""

    name = "rehearsals"

    def __init__(self, batches: Batches, *, timeout: float) -> None:
        self._batches = batches
        self._timeout = timeout
        self._busy = threading.Lock()
        self._stopping = threading.Event()

    async def start(self) -> None:
        """Nothing to begin."""

    async def stop(self) -> None:
        """Let the one that runs end soon."""
        self._stopping.set()

    def trouble(self) -> str | None:
        """Never: routing goes on without."""
        return None

    async def run(self, partition: int, rehearsal: Rehearsal) -> None:
        """Feed the rehearsal all that it needs. Raises `Problem` 429 while another one runs, and
        `Unavailable` when the journal is too long for the time."""
        if not self._busy.acquire(blocking=False):
            raise Problem(429, "Another journal is being replayed.", headers={"Retry-After": "5"})
        try:
            work = asyncio.get_running_loop().run_in_executor(
                None, self._perform, partition, rehearsal
            )
        except BaseException:
            self._busy.release()
            raise
        finished = await asyncio.shield(work)
        if not finished:
            raise Unavailable(
                f"The journal could not be replayed within {self._timeout:g} s.", retry_after=30
            )

    def _perform(self, partition: int, rehearsal: Rehearsal) -> bool:
        try:
            return asyncio.run(self._follow(partition, rehearsal))
        finally:
            self._busy.release()

    async def _follow(self, partition: int, rehearsal: Rehearsal) -> bool:
        batches = self._batches(partition)
        try:
            async with asyncio.timeout(self._timeout):
                async for batch in batches:
                    if not _take_all(rehearsal, batch):
                        return True
                    if self._stopping.is_set():
                        return False
                    await asyncio.sleep(0)  # where the time-out strikes
        except TimeoutError:
            return False
        finally:
            await batches.aclose()
        return False


def _take_all(rehearsal: Rehearsal, batch: list[tuple[int, int, Record]]) -> bool:
    """Whether more are needed. Lets the process's other threads, above all its loop, go first."""
    for count, (_, offset, record) in enumerate(batch):
        if count % _BREATH == 0:
            time.sleep(0)
        if not rehearsal.take(offset, record):
            return False
    return True
