"""A topic read once for all who follow it in a process.

Seen failing: a feed that takes late readers in lets them miss the beginning; one that does not wait
holds a whole past in memory; without the error handed on its readers wait for ever.
"""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from services.contracts.topics import MESSAGES
from services.kit import feed
from services.kit.feed import AHEAD, Feed, FeedReader
from services.kit.log_reader import Raw
from services.kit.settings import Settings

pytestmark = pytest.mark.anyio


class FakeLog:
    """`LogReader` of `count` records, a batch each, then silence."""

    def __init__(self, count: int) -> None:
        self._count = count
        self.opened = self.closed = 0

    async def open(self) -> None:
        self.opened += 1

    async def ends(self) -> dict[int, int]:
        return {0: self._count}

    async def batches(self, every: float) -> AsyncIterator[list[Raw]]:
        for offset in range(self._count):
            yield [Raw(0, offset, 0, None, b"%d" % offset)]
        await asyncio.Event().wait()

    async def close(self) -> None:
        self.closed += 1


class Numbers(Feed[int]):
    """Numbers; `decoded` counts the work."""

    def __init__(self) -> None:
        super().__init__(Settings(), MESSAGES)
        self.decoded = 0

    def hear(self, raw: Raw) -> int | None:
        self.decoded += 1
        value = int(raw.value or b"")
        return None if value == 3 else value

    def anew(self) -> "Numbers":
        return Numbers()


@pytest.fixture
def log_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], list[FakeLog]]:
    """Logs with so many records; returns those that were made."""

    def of(count: int) -> list[FakeLog]:
        made: list[FakeLog] = []

        def make(*_: object, **__: object) -> FakeLog:
            made.append(FakeLog(count))
            return made[-1]

        monkeypatch.setattr(feed, "LogReader", make)
        return made

    return of


async def first(reader: FeedReader[int], batches: int) -> list[int]:
    """The items of the first batches; leaves afterwards."""
    found: list[int] = []
    reading = reader.batches()
    for _ in range(batches):
        found += await anext(reading)
    await reading.aclose()
    return found


async def test_everybody_sees_all_in_order_and_the_work_is_done_once(
    log_of: Callable[[int], list[FakeLog]],
) -> None:
    logs = log_of(5)
    numbers = Numbers()
    readers = [FeedReader(numbers) for _ in range(3)]
    async with asyncio.timeout(5):
        found = await asyncio.gather(*(first(reader, 5) for reader in readers))
    assert found == [[0, 1, 2, 4]] * 3
    assert numbers.decoded == 5
    assert [(log.opened, log.closed) for log in logs] == [(1, 1)]
    assert all(reader.positions == {0: 4} for reader in readers)


async def test_who_comes_late_misses_nothing(log_of: Callable[[int], list[FakeLog]]) -> None:
    logs = log_of(5)
    numbers = Numbers()
    early = FeedReader(numbers)
    async with asyncio.timeout(5):
        reading = early.batches()
        assert await anext(reading) == [0]
        assert await first(FeedReader(numbers), 3) == [0, 1, 2]
        assert await anext(reading) == [1]
        await reading.aclose()
    assert len(logs) == 2


async def test_who_is_slow_is_waited_for_and_who_has_gone_is_not(
    log_of: Callable[[int], list[FakeLog]],
) -> None:
    log_of(100)
    numbers = Numbers()
    quick, slow = FeedReader(numbers), FeedReader(numbers)
    behind = slow.batches()
    quick_ones = quick.batches()
    async with asyncio.timeout(5):
        assert await anext(behind) == [0]
        for _ in range(AHEAD + 2):
            await anext(quick_ones)
        waiting = asyncio.ensure_future(anext(quick_ones))
        for _ in range(50):
            await asyncio.sleep(0)
        assert not waiting.done()
        assert numbers.decoded <= AHEAD + 3
        await behind.aclose()
        await waiting
        for _ in range(80):
            await anext(quick_ones)
        await quick_ones.aclose()


async def test_the_past_is_taken_in_when_the_next_batch_is_asked_for(
    log_of: Callable[[int], list[FakeLog]],
) -> None:
    log_of(2)
    reader = FeedReader(Numbers())
    reading = reader.batches()
    async with asyncio.timeout(5):
        waiting = asyncio.ensure_future(reader.until(0, 1))
        await anext(reading)
        await anext(reading)
        await asyncio.sleep(0)
        assert (reader.caught_up.is_set(), waiting.done()) == (False, False)
        more = asyncio.ensure_future(anext(reading))
        await waiting
        assert reader.caught_up.is_set()
        await reader.until(0, 0)
        more.cancel()
        await asyncio.wait([more])


async def test_what_cannot_be_read_is_everybodys_error(
    log_of: Callable[[int], list[FakeLog]],
) -> None:
    class Strict(Numbers):
        def hear(self, raw: Raw) -> int | None:
            if raw.offset == 2:
                raise ValueError("a bug")
            return super().hear(raw)

    logs = log_of(5)
    strict = Strict()
    readers = [FeedReader(strict) for _ in range(2)]
    async with asyncio.timeout(5):
        ends = await asyncio.gather(*(first(r, 3) for r in readers), return_exceptions=True)
    assert [str(end) for end in ends] == ["a bug", "a bug"]
    assert logs[0].closed == 1
