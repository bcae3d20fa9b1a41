"""The forms service as a process of its own on a broker, with the demo company's pool declared."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from deploy.local.broker import Broker
from deploy.local.ports import Reservation, reserve
from deploy.local.processes import Spec, environment, url
from services.contracts.codec import decode
from services.contracts.pool import ChannelConfig, PoolConfig, QueueConfig
from services.contracts.settings_events import DeclaredPool, PoolDeclared
from services.contracts.topics import SETTINGS, Topic
from services.kit.clock import SystemClock, to_datetime
from services.kit.log_reader import LogReader, Raw
from services.kit.metrics import Metrics
from services.kit.publisher import Publisher
from services.kit.settings import Settings
from services.kit.topics import provision
from tests.support.fakes import FakePublisher

T = TypeVar("T")
PORTS = ("api", "conversations", "chat", "forms", "email", "smtp", "smtp_out", "bot", "follower")
POOL = PoolConfig(
    pool="kaarna/service",
    partition=4,
    channels={"form": ChannelConfig(cost=25), "chat": ChannelConfig(cost=25)},
    queues={"all": QueueConfig()},
    fallback_queue="all",
    languages=("fi", "sv", "en"),
)


class FormsSite:
    """`url("/…")` is an address of the running service; `read(topic)` all that stands in Kafka."""

    def __init__(self, settings: Settings, ports: Mapping[str, int]) -> None:
        self.settings = settings
        self._ports = ports

    def url(self, path: str) -> str:
        """An address."""
        return url(self._ports, "forms", path)

    def read(self, topic: Topic) -> list[tuple[Raw, msgspec.Struct]]:
        """Every record of the topic until now, decoded, by partition and offset."""
        return _run(_read(self.settings, topic))


@contextmanager
def forms_site(
    broker: Broker, folder: Path, env: Mapping[str, str] | None = None
) -> Iterator[FormsSite]:
    """A ready service. It is stopped at the end; the broker goes on."""
    reserved: dict[str, Reservation] = {name: reserve() for name in (*PORTS, "router", "redis")}
    ports = {name: each.port for name, each in reserved.items()} | {"kafka": broker.port}
    settings = Settings(environment="development", kafka=broker.address, data=folder / "data")
    spec = Spec("forms", ("-m", "services.forms"), (url(ports, "forms", "/readyz"),))
    process = spec.managed(environment(ports, settings.data) | dict(env or {}), folder)
    try:
        provision(settings)
        _run(_declare(settings))
        process.launch()
        process.wait_ready(30)
        yield FormsSite(settings, ports)
    finally:
        process.stop()
        for each in reserved.values():
            each.release()


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Do it in a thread of its own: a browser's event loop may run in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


async def reached(publisher: Publisher | FakePublisher, seconds: float = 20) -> None:
    """Wait until the publisher has reached Kafka."""
    async with asyncio.timeout(seconds):
        while publisher.trouble():  # noqa: ASYNC110 - it connects in a thread of its own
            await asyncio.sleep(0.02)


async def _declare(settings: Settings) -> None:
    clock = SystemClock()
    publisher = Publisher(settings, Metrics("test"), clock)
    await publisher.start()
    try:
        await reached(publisher)
        event = PoolDeclared(
            id=POOL.pool,
            source="test",
            time=to_datetime(clock.now_ms()),
            data=DeclaredPool(config=POOL),
        )
        await publisher.publish(SETTINGS, event, key=f"pool/{POOL.pool}")
    finally:
        await publisher.stop()


async def _read(settings: Settings, topic: Topic) -> list[tuple[Raw, msgspec.Struct]]:
    reader = LogReader(settings, topic)
    await reader.open()
    found: list[Raw] = []
    try:
        left = {partition: end for partition, end in (await reader.ends()).items() if end}
        while left:
            for raw in await reader.read():
                found.append(raw)
                if raw.offset >= left.get(raw.partition, 0) - 1:
                    left.pop(raw.partition, None)
    finally:
        await reader.close()
    found.sort(key=lambda raw: (raw.partition, raw.offset))
    read = []
    for raw in found:
        with suppress(msgspec.MsgspecError):  # what other tests on this broker wrote to be refused
            read.append((raw, decode(topic, raw.value or b"")))
    return read
