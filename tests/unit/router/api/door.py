"""The routing API's routes over HTTP, in front of an engine without Kafka."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import httpx
import msgspec

from services.contracts.base import Event
from services.kit.app import create_app
from services.kit.auth import Auth, Role
from services.kit.clock import SetClock
from services.kit.metrics import Metrics
from services.kit.pools import PoolDirectory
from services.router.api import (
    agents,
    assignments,
    command_status,
    contacts,
    offers,
    pools,
    queues,
    supervision,
)
from services.router.api.commands import Commands
from services.router.api.context import Context
from services.router.api.declarations import Declarations
from services.router.api.gateway import Gateway
from services.router.api.lines import Lines
from services.router.api.settings import ApiSettings
from services.router.api.streams import Streams
from tests.support.fakes import FakePools
from tests.unit.router.api.routed import RoutedPublisher
from tests.unit.router.core.world import World

ROUTES = (agents, offers, assignments, contacts, supervision, queues, pools, command_status)


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
        )
        replica.listen(self.context.lines.after)
        replica.listen(self.context.commands.after)
        routers = [module.create_router(self.context) for module in ROUTES]
        self.app = create_app("test", metrics=metrics, routers=routers)

    @asynccontextmanager
    async def client(
        self, subject: str, *roles: Role, tenant: str = "acme"
    ) -> AsyncIterator[httpx.AsyncClient]:
        """Somebody with a token."""
        token = self.context.auth.issue(subject, tenant, roles)
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url="http://routing.test",
            headers={"Authorization": f"Bearer {token}"},
        ) as client:
            yield client

    def sent(self, kind: type[Event]) -> list[dict[str, Any]]:
        """The data of the commands of a type that were written, as JSON."""
        found: Iterable[Any] = self.publisher.events(kind)
        return [msgspec.json.decode(msgspec.json.encode(event.data)) for event in found]
