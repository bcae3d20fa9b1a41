"""Which pools exist and where, told to all services through the topic `settings`.

The journal is the truth about pools; `settings` follows it. Whenever the two differ (the process
that configured a pool died in between, or an answer came late) any routing API puts it right.
"""

import asyncio
import logging

from services.contracts.journal import Record
from services.contracts.pool import PoolConfig
from services.contracts.routing_events import PoolConfigured
from services.contracts.settings_events import DeclaredPool, PoolDeclared
from services.contracts.topics import SETTINGS
from services.kit import tasks
from services.kit.clock import Clock, new_id, to_datetime
from services.kit.errors import Unavailable
from services.kit.pools import PoolDirectory
from services.kit.publisher import Publisher
from services.router.api.replica import Replica
from services.router.core.partition import Partition

log = logging.getLogger(__name__)
_PAUSE = 2.0


class Declarations:
    """A part; `after` hears the journal."""

    name = "declarations"

    def __init__(
        self, publisher: Publisher, replica: Replica, directory: PoolDirectory, clock: Clock
    ) -> None:
        self._publisher = publisher
        self._replica = replica
        self._directory = directory
        self._clock = clock
        self._declared: dict[str, PoolConfig] = {}
        self._one_at_a_time = asyncio.Lock()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to compare; returns at once."""
        self._task = tasks.start("declarations", self._run())

    async def stop(self) -> None:
        """End."""
        await tasks.stop(self._task)

    def trouble(self) -> str | None:
        """None: what is missing is put right when Kafka is there."""
        return None

    def after(self, _partition: Partition, record: Record) -> None:
        """A pool may have been configured."""
        if any(isinstance(event, PoolConfigured) for event in record.events):
            self._changed.set()

    async def declare(self, config: PoolConfig) -> None:
        """Tell all services, once. Durable when it returns; raises `Unavailable`."""
        async with self._one_at_a_time:
            if self._declared.get(config.pool) != config:
                await self._publish(config)
                self._declared[config.pool] = config

    async def _publish(self, config: PoolConfig) -> None:
        event = PoolDeclared(
            id=new_id(),
            source="routing-api",
            time=to_datetime(self._clock.now_ms()),
            subject=config.pool,
            data=DeclaredPool(config=config),
        )
        await self._publisher.publish(SETTINGS, event, key=f"pool/{config.pool}", partition=0)

    async def _run(self) -> None:
        await self._replica.until(lambda: self._replica.trouble() is None)
        while True:
            self._changed.clear()
            try:
                for config in self._undeclared():
                    await self.declare(config)
            except Unavailable as error:
                log.warning("pools not declared yet: %s", error.detail)
                await asyncio.sleep(_PAUSE)
                continue
            await self._changed.wait()

    def _undeclared(self) -> list[PoolConfig]:
        return [
            pool.config
            for partition in self._replica.partitions
            for pool in partition.pools.values()
            if pool.version > 0 and self._differs(pool.config)
        ]

    def _differs(self, config: PoolConfig) -> bool:
        """The directory may lag behind what this process has written itself."""
        written = self._declared.get(config.pool, config)
        return written != config or self._directory.get(config.pool) != config
