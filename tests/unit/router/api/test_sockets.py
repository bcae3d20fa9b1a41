"""Agents' sockets that do not behave."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from fastapi import WebSocket

from services.kit.metrics import Metrics
from services.kit.problem import Problem
from services.router.api import sockets
from services.router.api.context import Context
from services.router.api.streams import Streams
from tests.unit.router.api.routed import RoutedPublisher
from tests.unit.router.core.world import PARTITION, POOL, World

pytestmark = pytest.mark.anyio


class FakeSocket:
    """A client that takes frames (or not) until it is `gone`."""

    def __init__(self, *, takes: bool) -> None:
        self.sent: list[str] = []
        self.closed: list[int] = []
        self.gone = asyncio.Event()
        self._takes = takes

    async def send_text(self, text: str) -> None:
        if not self._takes:
            await asyncio.Event().wait()
        self.sent.append(text)

    async def receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "websocket.disconnect"}

    async def close(self, code: int) -> None:
        self.closed.append(code)


class Site:
    """A context as far as sockets need it."""

    def __init__(self) -> None:
        self.world = World()
        self.world.agent("anna")
        self.publisher = RoutedPublisher(self.world)
        replica = self.publisher.replica
        self.streams = Streams(replica, Metrics("test"), max_frames=10)
        replica.listen(self.streams.after, before=self.streams.before)
        settings = SimpleNamespace(api_send_timeout=0.05, api_reply_timeout=0.05)
        parts = SimpleNamespace(
            settings=settings,
            streams=self.streams,
            replica=replica,
            pool=lambda name: replica.find_pool(name),
        )
        self.context = cast("Context", parts)

    async def serve(self, socket: FakeSocket) -> None:
        stream = self.streams.subscribe(POOL, "anna")
        await sockets._serve(self.context, cast("WebSocket", socket), stream)


async def test_client_that_takes_nothing_is_closed_with_try_again_later() -> None:
    socket = FakeSocket(takes=False)
    async with asyncio.timeout(5):
        await Site().serve(socket)
    assert socket.closed == [1013]


async def test_client_that_leaves_is_served_no_longer() -> None:
    site, socket = Site(), FakeSocket(takes=True)
    serving = asyncio.create_task(site.serve(socket))
    socket.gone.set()
    async with asyncio.timeout(5):
        await serving
    assert socket.closed == []


async def test_agent_has_a_bounded_number_of_sockets() -> None:
    site = Site()
    for _ in range(sockets.MAX_SOCKETS):
        assert await sockets._partition(site.context, POOL, "anna") == PARTITION
        site.streams.subscribe(POOL, "anna")
    with pytest.raises(Problem) as refused:
        await sockets._partition(site.context, POOL, "anna")
    assert refused.value.status == 429


async def test_agent_provisioned_a_moment_ago_elsewhere_is_waited_for() -> None:
    site = Site()
    cast("Any", site.context.settings).api_reply_timeout = 5
    finding = asyncio.create_task(sockets._partition(site.context, POOL, "bertil"))
    await asyncio.sleep(0)
    site.world.upsert("bertil", {"de": 1})
    site.publisher.take(site.world.journal[-1])
    site.publisher.replica._wake()
    assert await finding == PARTITION
