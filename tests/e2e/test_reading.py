"""Readers outlive what kills aiokafka's fetching: a request that times out when its connection is
gone already. Under a broker killed at work that comes by chance; here it is brought about."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.offset import OffsetRequest

from deploy.local.broker import Broker
from services.contracts.topics import CONTACT_EVENTS
from services.kit.clock import new_id
from services.kit.log_reader import LogReader, stopped_fetching
from services.kit.settings import Settings
from services.kit.topics import provision
from services.router.input_log import InputLog
from services.router.settings import RouterSettings

pytestmark = pytest.mark.anyio
PARTITION = 5


@pytest.fixture
async def producer(broker: Broker) -> AsyncIterator[AIOKafkaProducer]:
    provision(Settings(kafka=broker.address))
    made = AIOKafkaProducer(bootstrap_servers=broker.address, acks="all")
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


async def write(producer: AIOKafkaProducer, count: int) -> list[tuple[int, bytes]]:
    written = []
    for _ in range(count):
        value = new_id().encode()
        meta = await producer.send_and_wait(CONTACT_EVENTS.name, value=value, partition=PARTITION)
        written.append((meta.offset, value))
    return written


async def stop_fetching(consumer: AIOKafkaConsumer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the next fetch fail as aiokafka's own does, and wait until its task is dead."""
    client = consumer._client
    send = client.send

    async def fail_to_fetch(node: int, request: object, **options: object) -> object:
        if isinstance(request, FetchRequest):
            raise KeyError(node)
        return await send(node, request, **options)

    monkeypatch.setattr(client, "send", fail_to_fetch)
    async with asyncio.timeout(10):
        await asyncio.wait([consumer._fetcher.error_future])
    assert consumer._fetcher.error_future.exception() is not None
    assert stopped_fetching(consumer)


async def test_reader_whose_fetching_died_goes_on_where_it_was(
    broker: Broker, producer: AIOKafkaProducer, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await write(producer, 3)
    reader = LogReader(
        Settings(kafka=broker.address),
        CONTACT_EVENTS,
        partitions=[PARTITION],
        start={PARTITION: before[0][0]},
    )
    await reader.open()
    try:
        seen = [(raw.offset, raw.value) for raw in await reader.read()]
        assert reader._consumer is not None
        assert not stopped_fetching(reader._consumer)
        await stop_fetching(reader._consumer, monkeypatch)
        after = await write(producer, 3)
        async with asyncio.timeout(15):
            async for batch in reader.batches():
                seen += [(raw.offset, raw.value) for raw in batch]
                if seen[-1:] == after[-1:]:
                    break
        assert seen == before + after
        assert set(await reader.ends()) == {PARTITION}
    finally:
        await reader.close()


async def test_routers_own_reader_of_the_input_log_goes_on_too(
    broker: Broker, producer: AIOKafkaProducer, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await write(producer, 2)
    log = InputLog(RouterSettings(kafka=broker.address), PARTITION)
    await log.open()
    try:
        assert await log.read(before[0][0], 5000) == before
        assert log._consumer is not None
        await stop_fetching(log._consumer, monkeypatch)
        after = await write(producer, 2)
        read: list[tuple[int, bytes]] = []
        async with asyncio.timeout(15):
            while not read:
                read = await log.read(after[0][0], 200)
        assert read == after
    finally:
        await log.close()


async def test_ends_are_asked_for_again_when_the_connection_has_just_been_closed(
    broker: Broker, producer: AIOKafkaProducer, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = await write(producer, 1)
    reader = LogReader(Settings(kafka=broker.address), CONTACT_EVENTS, partitions=[PARTITION])
    await reader.open()
    try:
        assert reader._consumer is not None
        client = reader._consumer._client
        send, failed = client.send, asyncio.Event()

        async def fail_once(node: int, request: object, **options: object) -> object:
            if isinstance(request, OffsetRequest) and not failed.is_set():
                failed.set()
                raise RuntimeError("the handler is closed")  # uvloop's words
            return await send(node, request, **options)

        monkeypatch.setattr(client, "send", fail_once)
        assert (await reader.ends())[PARTITION] > written[-1][0]
        assert failed.is_set()
    finally:
        await reader.close()
