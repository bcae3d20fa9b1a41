"""The routing API's routes over HTTP, in front of an engine without Kafka."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any, cast

import httpx
import msgspec
from fastapi import FastAPI

from services.contracts.base import Event
from services.contracts.journal import Record, encode_entry
from services.kit.app import create_app
from services.kit.auth import Auth, Principal, Role
from services.kit.clock import SetClock
from services.kit.log_reader import Raw
from services.kit.metrics import Metrics
from services.kit.pools import PoolDirectory
from services.router.api import quick
from services.router.api.app import ROUTES
from services.router.api.commands import Commands
from services.router.api.context import Context
from services.router.api.declarations import Declarations
from services.router.api.explainer import Explainer
from services.router.api.gateway import Gateway
from services.router.api.lines import Lines
from services.router.api.records import Records
from services.router.api.rehearsal import Stage
from services.router.api.settings import ApiSettings
from services.router.api.streams import Streams
from services.router.api.trail import Trail
from services.router.core.partition import Partition
from tests.support.fakes import FakePools
from tests.unit.router.api.routed import RoutedPublisher
from tests.unit.router.core.world import PARTITION, World

FIRST = 100
"""The journal's records stand at this offset and those after it."""


class JournalFetcher:
    """`services.kit.record_fetcher.RecordFetcher` over a world's journal. `gone`: offsets that
    retention has removed; `away`: the broker does not answer."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.gone: set[int] = set()
        self.away = False

    async def fetch(self, partition: int, offset: int) -> Raw | None:
        """As the real one's."""
        if self.away:
            await asyncio.Event().wait()
        if offset in self.gone:
            return None
        return Raw(partition, offset, 0, None, encode_entry(self.world.journal[offset - FIRST]))

    async def close(self) -> None:
        """Nothing to do."""


async def batches_of(world: World) -> AsyncGenerator[list[tuple[int, int, Record]]]:
    """The world's journal, some records at a time."""
    journal = list(enumerate(world.journal, FIRST))
    for start in range(0, len(journal), 3):
        yield [(PARTITION, offset, record) for offset, record in journal[start : start + 3]]


class _Present:
    """The context of the newest door: routes are made once, which takes longer than most tests."""

    door: "Door"

    def __getattr__(self, name: str) -> Any:
        return getattr(self.door.context, name)


class _PresentAuth:
    def from_header(self, header: str | None) -> Principal:
        principal: Principal = _present.door.context.auth.from_header(header)
        return principal


_present = _Present()
_present.__dict__["auth"] = _PresentAuth()


@cache
def _app() -> FastAPI:
    context = cast("Context", _present)
    routers = [module.create_router(context) for module in ROUTES]
    fast = quick.create_routes(context)
    return create_app("test", metrics=Metrics("test"), routers=routers, quick=fast)


class Door:
    """What `async with door.client(subject, *roles)` says is routed by `world`."""

    def __init__(self, world: World, data: Path) -> None:
        self.world = world
        self.publisher = RoutedPublisher(world)
        replica, metrics = self.publisher.replica, Metrics("test")
        self.clock = clock = SetClock(world.now)
        settings = ApiSettings(environment="development", data=data, api_reply_timeout=0.05)
        directory = cast("PoolDirectory", FakePools())
        publisher = self.publisher.real
        self.trail = Trail()
        for offset, record in enumerate(world.journal, FIRST):
            self.trail.note(PARTITION, offset, record)
        self.fetcher = JournalFetcher(world)
        self.stage = Stage(lambda _: batches_of(world), timeout=5.0)
        self.context = Context(
            settings=settings,
            clock=clock,
            auth=Auth(settings, clock),
            publisher=publisher,
            directory=directory,
            replica=replica,
            commands=Commands(publisher, replica, clock, metrics, reply_timeout=0.05),
            declarations=Declarations(publisher, replica, directory, clock),
            streams=Streams(replica, metrics, max_frames=16),
            gateway=Gateway(publisher, replica, clock, period=2.0),
            lines=Lines(),
            explainer=Explainer(self.trail, Records(self.fetcher, timeout=0.2), self.stage),
        )
        replica.listen(self._trace)
        replica.listen(self.context.lines.after)
        replica.listen(self.context.commands.after)
        _present.door = self

    def _trace(self, _partition: Partition, record: Record) -> None:
        self.trail.note(PARTITION, FIRST + self.world.journal.index(record), record)

    @asynccontextmanager
    async def client(
        self, subject: str, *roles: Role, tenant: str = "acme"
    ) -> AsyncIterator[httpx.AsyncClient]:
        """Somebody with a token."""
        token = self.context.auth.issue(subject, tenant, roles)
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(_app()),
            base_url="http://routing.test",
            headers={"Authorization": f"Bearer {token}"},
        ) as client:
            yield client

    def sent(self, kind: type[Event]) -> list[dict[str, Any]]:
        """The data of the commands of a type that were written, as JSON."""
        found: Iterable[Any] = self.publisher.events(kind)
        return [msgspec.json.decode(msgspec.json.encode(event.data)) for event in found]
