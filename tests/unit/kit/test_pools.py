"""The directory of pools: what the topic `settings` says, newest first."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from services.contracts.codec import encode
from services.contracts.pool import ChannelConfig, PoolConfig, QueueConfig
from services.contracts.settings_events import DeclaredPool, PoolDeclared
from services.kit import pools
from services.kit.clock import to_datetime
from services.kit.errors import Unavailable
from services.kit.log_reader import Raw
from services.kit.pools import PoolDirectory
from services.kit.settings import Settings

pytestmark = pytest.mark.anyio
POOL = "kaarna/service"


def config(pool: str = POOL, partition: int = 0) -> PoolConfig:
    return PoolConfig(
        pool=pool,
        partition=partition,
        channels={"chat": ChannelConfig(cost=50)},
        queues={"all": QueueConfig()},
        fallback_queue="all",
    )


def declared(declares: PoolConfig) -> bytes:
    event = PoolDeclared(
        id="1", source="test", time=to_datetime(0), data=DeclaredPool(config=declares)
    )
    return encode(event)


class FakeLog:
    """`LogReader` with a log that the test writes while it is read."""

    def __init__(self) -> None:
        self.records: list[Raw] = []
        self._news = asyncio.Event()
        self.opened = asyncio.Event()
        self.closed = False

    def write(self, key: bytes | None, value: bytes | None) -> None:
        self.records.append(Raw(0, len(self.records), 0, key, value))
        self._news.set()

    async def open(self) -> None:
        await self.opened.wait()

    async def ends(self) -> dict[int, int]:
        return {0: len(self.records)}

    async def batches(self) -> AsyncIterator[list[Raw]]:
        at = 0
        while True:
            self._news.clear()
            if at < len(self.records):
                yield [self.records[at]]
                at += 1
            else:
                await self._news.wait()

    async def close(self) -> None:
        self.closed = True


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> FakeLog:
    made = FakeLog()
    monkeypatch.setattr(pools, "LogReader", lambda *_: made)
    return made


@pytest.fixture
async def directory(log: FakeLog) -> AsyncIterator[PoolDirectory]:
    made = PoolDirectory(Settings())
    await made.start()
    yield made
    await made.stop()


async def ready(directory: PoolDirectory) -> None:
    async with asyncio.timeout(5):
        while True:
            if directory.trouble() is None:
                return
            await asyncio.sleep(0)


async def test_nothing_is_known_until_all_has_been_read(
    directory: PoolDirectory, log: FakeLog
) -> None:
    log.write(b"pool/kaarna/service", declared(config()))
    log.write(b"pool/kaarna/fleet", declared(config("kaarna/fleet", 3)))
    await asyncio.sleep(0)
    assert directory.trouble() == "settings not read yet"
    with pytest.raises(Unavailable):
        directory.get(POOL)
    log.opened.set()
    await ready(directory)
    assert directory.get(POOL) == config()
    assert set(directory.all()) == {POOL, "kaarna/fleet"}
    assert directory.get("kaarna/paintshop") is None


async def test_empty_topic_is_read_at_once(directory: PoolDirectory, log: FakeLog) -> None:
    log.opened.set()
    await ready(directory)
    assert directory.get(POOL) is None


async def test_newest_counts_and_a_tombstone_takes_away(
    directory: PoolDirectory, log: FakeLog
) -> None:
    log.write(b"pool/kaarna/service", declared(config(partition=1)))
    log.write(b"pool/kaarna/service", declared(config(partition=2)))
    log.write(b"pool/kaarna/fleet", declared(config("kaarna/fleet")))
    log.write(b"pool/kaarna/fleet", None)
    log.opened.set()
    await ready(directory)
    assert directory.all() == {POOL: config(partition=2)}


async def test_what_cannot_be_read_leaves_what_is_known(
    directory: PoolDirectory, log: FakeLog
) -> None:
    log.write(b"pool/kaarna/service", declared(config()))
    log.write(b"pool/kaarna/service", b"?")
    log.write(b"\xff\xfe", b'{"type":"pool.exploded"}')
    log.write(None, None)
    log.opened.set()
    await ready(directory)
    assert directory.all() == {POOL: config()}


async def test_who_waits_for_a_pool_gets_it_as_soon_as_it_is_declared(
    directory: PoolDirectory, log: FakeLog
) -> None:
    log.opened.set()
    await ready(directory)
    waiting = asyncio.create_task(directory.wait_for(POOL))
    log.write(b"pool/kaarna/fleet", declared(config("kaarna/fleet")))
    log.write(b"pool/kaarna/service", declared(config()))
    async with asyncio.timeout(5):
        assert await waiting == config()


async def test_stop_ends_the_reading(log: FakeLog) -> None:
    directory = PoolDirectory(Settings())
    await directory.start()
    log.opened.set()
    await ready(directory)
    await directory.stop()
    assert log.closed
