"""The directory of pools, in every service that publishes contact events: pool → partition."""

import asyncio
import logging

import msgspec

from services.contracts.codec import decode
from services.contracts.pool import PoolConfig
from services.contracts.settings_events import PoolDeclared
from services.contracts.topics import SETTINGS
from services.kit import tasks
from services.kit.errors import Unavailable
from services.kit.log_reader import LogReader
from services.kit.settings import Settings

log = logging.getLogger(__name__)


class PoolDirectory:
    """Follows the topic `settings`. A part."""

    name = "pools"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pools: dict[str, PoolConfig] = {}
        self._read = asyncio.Event()
        self._changed = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to follow; returns at once."""
        self._task = tasks.start("pools", self._follow())

    async def stop(self) -> None:
        """End."""
        await tasks.stop(self._task)

    def trouble(self) -> str | None:
        """Not ready until all that stood in the topic has been read."""
        return None if self._read.is_set() else "settings not read yet"

    def get(self, pool: str) -> PoolConfig | None:
        """The pool's configuration, or None if nobody has declared it.

        Raises `Unavailable` while the topic has not been read yet.
        """
        if not self._read.is_set():
            raise Unavailable("The pools are not known yet.")
        return self._pools.get(pool)

    def all(self) -> dict[str, PoolConfig]:
        """Every pool known now."""
        return dict(self._pools)

    async def wait_for(self, pool: str) -> PoolConfig:
        """The pool's configuration, as soon as it is declared."""
        async with self._changed:
            await self._changed.wait_for(lambda: pool in self._pools)
        return self._pools[pool]

    async def _follow(self) -> None:
        reader = LogReader(self._settings, SETTINGS)
        await reader.open()
        try:
            goal = (await reader.ends())[0]
            if goal == 0:
                self._read.set()
            async for batch in reader.batches():
                for raw in batch:
                    self._take(raw.key, raw.value)
                if batch[-1].offset >= goal - 1:
                    self._read.set()
                async with self._changed:
                    self._changed.notify_all()
        finally:
            await reader.close()

    def _take(self, key: bytes | None, value: bytes | None) -> None:
        name = (key or b"").decode(errors="replace")
        if value is None:
            self._pools.pop(name.removeprefix("pool/"), None)
            return
        try:
            event = decode(SETTINGS, value)
        except msgspec.MsgspecError as error:
            log.error("setting %s cannot be read: %s", name, error)
            return
        if isinstance(event, PoolDeclared):
            self._pools[event.data.config.pool] = event.data.config
