"""Live signals between the processes that hold sockets: somebody types, somebody has read.

They pass through Redis pub/sub and nothing else: lost while Redis is away, never in Kafka, never
waited for.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Literal

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.kit import redis, tasks
from services.kit.settings import Settings

log = logging.getLogger(__name__)
CHANNEL = "jonoton:signals"
_MAX_WAITING = 1000


class Signal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`seq`: the last message read, for `read`."""

    conversation: str
    who: Literal["customer", "agent"]
    kind: Literal["typing", "read"]
    seq: int = -1


class Signals:
    """Sends and hears signals. A part; `heard` is called for each one, own ones included."""

    name = "signals"

    def __init__(self, settings: Settings, heard: Callable[[Signal], None]) -> None:
        self._url = settings.redis
        self._heard = heard
        self._out: asyncio.Queue[bytes] = asyncio.Queue(_MAX_WAITING)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to listen; returns at once."""
        self._tasks = [
            tasks.start("signals-out", self._send()),
            tasks.start("signals-in", self._listen()),
        ]

    async def stop(self) -> None:
        """End."""
        for task in self._tasks:
            await tasks.stop(task)

    def trouble(self) -> str | None:
        """Never: without Redis nobody sees that somebody types, and that is all."""
        return None

    def send(self, signal: Signal) -> None:
        """Tell the others, or drop it when too many wait."""
        if not self._out.full():
            self._out.put_nowait(msgspec.json.encode(signal))

    async def _send(self) -> None:
        client = redis.connect(self._url)
        try:
            while True:
                payload = await self._out.get()
                try:
                    await client.publish(CHANNEL, payload)
                except (RedisError, OSError):
                    while not self._out.empty():  # an old signal is worth nothing
                        self._out.get_nowait()
        finally:
            await client.aclose()

    async def _listen(self) -> None:
        decoder = msgspec.json.Decoder(Signal)
        pause = 0.1
        while True:
            # Blocking reads need a client without a time-out.
            client = Redis.from_url(self._url, socket_timeout=None, socket_connect_timeout=1.0)
            try:
                async with client.pubsub() as pubsub:
                    await pubsub.subscribe(CHANNEL)
                    async for message in pubsub.listen():
                        pause = 0.1
                        if message["type"] == "message":
                            self._take(decoder, message["data"])
            except (RedisError, OSError) as error:
                log.debug("no signals: %r", error)
            finally:
                await client.aclose()
            await asyncio.sleep(pause)
            pause = min(pause * 2, 5.0)

    def _take(self, decoder: "msgspec.json.Decoder[Signal]", data: bytes) -> None:
        try:
            signal = decoder.decode(data)
        except msgspec.MsgspecError:
            return
        self._heard(signal)
