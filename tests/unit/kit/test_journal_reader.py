"""The journal as services read it: only what counts, in order, partition by partition."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from services.contracts.journal import Entry, Open, Record, Source, encode_entry
from services.kit import feed
from services.kit.journal_reader import JournalReader
from services.kit.log_reader import Raw
from services.kit.settings import Settings

pytestmark = pytest.mark.anyio


class FakeLog:
    """`LogReader` with its log in memory: the batches given, then silence."""

    def __init__(self, ends: dict[int, int], batches: list[list[Raw]]) -> None:
        self._ends = ends
        self._batches = batches
        self.closed = False

    async def open(self) -> None:
        pass

    async def ends(self) -> dict[int, int]:
        return self._ends

    async def batches(self, every: float = 0.0) -> AsyncIterator[list[Raw]]:
        for batch in self._batches:
            yield batch
        await asyncio.Event().wait()

    async def close(self) -> None:
        self.closed = True


def raw(partition: int, offset: int, entry: Entry) -> Raw:
    return Raw(partition, offset, 0, None, encode_entry(entry))


def record(epoch: int, src: int) -> Record:
    return Record(epoch=epoch, src=Source("t", src), at=src)


def reading(
    monkeypatch: pytest.MonkeyPatch, ends: dict[int, int], *batches: list[Raw]
) -> tuple[JournalReader, FakeLog]:
    log = FakeLog(ends, list(batches))
    monkeypatch.setattr(feed, "LogReader", lambda *_, **__: log)
    return JournalReader(Settings()), log


async def test_each_partition_has_its_own_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = [
        raw(0, 0, Open(writer="a", generation=1)),
        raw(1, 5, Open(writer="b", generation=1)),
        raw(0, 1, record(0, 10)),
        raw(1, 6, record(0, 20)),
        raw(1, 7, record(5, 21)),
        raw(0, 2, record(5, 11)),
    ]
    reader, _ = reading(monkeypatch, {0: 3, 1: 8}, batch)
    found = await anext(reader.batches())
    assert [(partition, offset) for partition, offset, _ in found] == [(0, 1), (1, 7)]
    assert [admitted.src.offset for _, _, admitted in found] == [10, 21]
    assert reader.void == 2
    assert reader.positions == {0: 2, 1: 7}


async def test_caught_up_when_all_that_stood_there_has_been_yielded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader, log = reading(
        monkeypatch,
        {0: 2, 1: 1, 2: 0},
        [raw(0, 0, Open(writer="a", generation=1))],
        [raw(1, 0, Open(writer="b", generation=1))],
        [raw(0, 1, record(7, 1))],
        [raw(0, 2, record(0, 2))],
    )
    batches = reader.batches()
    states = []
    for _ in range(3):
        assert await anext(batches) == []
        states.append(reader.caught_up.is_set())
    assert states == [False, False, False], "what was yielded has not been taken in yet"
    (((partition, offset, _)),) = await anext(batches)
    assert (partition, offset) == (0, 2)
    assert reader.caught_up.is_set()
    await batches.aclose()
    assert log.closed


async def test_empty_journal_is_caught_up_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, _ = reading(monkeypatch, {0: 0, 1: 0})
    task = asyncio.create_task(anext(reader.batches()))
    async with asyncio.timeout(5):
        await reader.caught_up.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_entry_that_cannot_be_read_is_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, log = reading(monkeypatch, {0: 1}, [Raw(0, 0, 0, None, b"?")])
    with pytest.raises(msgspec.DecodeError):
        await anext(reader.batches())
    assert log.closed


def test_nothing_is_done_before_it_is_asked_for() -> None:
    reader: Any = JournalReader(Settings(kafka="nowhere:1"), partitions=[1, 2])
    assert (reader.void, reader.positions, reader.caught_up.is_set()) == (0, {}, False)
