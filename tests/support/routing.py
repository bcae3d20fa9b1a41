"""Routing alone, as real processes: broker, Redis, a router worker, the routing API, a follower.

What stands in a test: `async with Client(site, …)` speaks HTTP as somebody, `client.socket(agent)`
is an agent's stream, `site.contact(…)` opens a contact as a channel would.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Self

import httpx
from aiokafka import AIOKafkaProducer
from websockets.asyncio.client import ClientConnection, connect

from deploy.local.ports import reserve
from deploy.local.process import Managed
from deploy.local.processes import TOPICS, Spec, environment, url
from services.contracts.codec import encode
from services.contracts.contact_events import ContactOpened, OpenedContact
from services.contracts.pool import PoolConfig
from services.contracts.topics import CONTACT_EVENTS
from services.kit.clock import SystemClock, new_id, to_datetime
from tests.support.stack import Servers

TENANT = "kaarna"


class Site:
    """One site with routing's processes. `start` and `stop` block."""

    def __init__(self, folder: Path) -> None:
        self._servers = Servers(folder)
        self.broker, self.redis = self._servers.broker, self._servers.redis
        names = ("api", "conversations", "chat", "forms", "email", "bot", "follower", "router")
        self._reserved = {name: reserve() for name in (*names, "smtp", "smtp_out", "second")}
        self.ports = {name: one.port for name, one in self._reserved.items()} | {
            "kafka": self.broker.port,
            "redis": self.redis.port,
        }
        self._folder = folder
        data = folder / "data"
        data.mkdir(parents=True)
        self.env = environment(self.ports, data)
        self.router = self._managed("router", "services.router", "router")
        self.api = self._managed("api", "services.router.api", "api")
        self.follower = self._managed("follower", "services.router.follower", "follower")
        self._others: list[Managed] = []

    def start(self) -> None:
        """Everything, ready."""
        self.redis.launch()
        self.broker.start()
        self.redis.wait_ready()
        topics = Spec("topics", TOPICS).managed(self.env, self._folder)
        topics.launch()
        assert topics._popen is not None
        assert topics._popen.wait(60) == 0, topics.log.read_text()
        for process in (self.router, self.api, self.follower):
            process.launch()
        for process in (self.router, self.api, self.follower):
            process.wait_ready()

    def stop(self) -> None:
        """Nothing is left."""
        processes = (self.router, self.api, self.follower, *self._others)
        for process in processes:
            process.terminate()
        for process in processes:
            process.stop()
        self._servers.release()
        for one in self._reserved.values():
            one.release()

    def another(self, module: str, port: str) -> Managed:
        """One more process of a service, not started; it listens on the port `second`."""
        process = self._managed(f"{port}-2", module, "second", {port: "second"})
        self._others.append(process)
        return process

    def url(self, name: str, path: str = "") -> str:
        """The address of `api`, `follower`, `router` or `second`."""
        return url(self.ports, name, path)

    def _managed(
        self, name: str, module: str, port: str, moved: dict[str, str] | None = None
    ) -> Managed:
        env = {
            f"JONOTON_{service.upper()}_PORT": str(self.ports[to])
            for service, to in (moved or {}).items()
        }
        spec = Spec(name, ("-m", module), (self.url(port, "/readyz"),), env)
        return spec.managed(self.env, self._folder)

    @asynccontextmanager
    async def producer(self) -> AsyncIterator["Inputs"]:
        """Writes inputs as channels do."""
        producer = AIOKafkaProducer(bootstrap_servers=self.broker.address, acks="all")
        await producer.start()
        try:
            yield Inputs(producer)
        finally:
            await producer.stop()


class Inputs:
    """Writes to contact-events."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer

    async def raw(self, value: bytes, partition: int) -> int:
        """Any bytes; returns the offset."""
        meta = await self._producer.send_and_wait(
            CONTACT_EVENTS.name, value=value, partition=partition
        )
        return int(meta.offset)

    async def contact(self, config: PoolConfig, **facts: Any) -> str:
        """A customer wants something; returns the contact's id."""
        clock, contact_id = SystemClock(), new_id()
        event = ContactOpened(
            id=contact_id,
            source="test",
            time=to_datetime(clock.now_ms()),
            data=OpenedContact(
                **{
                    "pool": config.pool,
                    "contact_id": contact_id,
                    "conversation_id": new_id(),
                    "channel": "chat",
                    "opened_at": clock.now_ms(),
                    **facts,
                }
            ),
        )
        await self.raw(encode(event), config.partition)
        return contact_id


class Client:
    """Somebody with a token who speaks HTTP with the routing API."""

    def __init__(
        self, site: Site, subject: str, *roles: str, tenant: str = TENANT, api: str = "api"
    ) -> None:
        self._site = site
        self._api = api
        self._claims = {"subject": subject, "tenant": tenant, "roles": roles}
        self.subject = subject
        self.token = ""
        self.http = httpx.AsyncClient(base_url=site.url(api), timeout=15)

    async def __aenter__(self) -> Self:
        answer = await self.http.post("/v1/dev/token", json=self._claims)
        self.token = answer.json()["token"]
        self.http.headers["Authorization"] = f"Bearer {self.token}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    @asynccontextmanager
    async def socket(
        self, pool: str, agent: str | None = None, *, browser: bool = False
    ) -> AsyncIterator["Socket"]:
        """The stream of the agent (of oneself), authorised as programs or as browsers are."""
        path = f"/v1/agents/{pool}/{agent or self.subject}/ws"
        address = self._site.url(self._api, path).replace("http", "ws", 1)
        if browser:
            connecting = connect(address, subprotocols=["jonoton.bearer", self.token])  # type: ignore[list-item]
        else:
            header = {"Authorization": f"Bearer {self.token}"}
            connecting = connect(address, additional_headers=header)
        async with connecting as connection:
            yield Socket(connection)


class Socket:
    """An agent's stream as a client sees it. Asserts on every frame that nothing is missing."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.revision = -1
        self.frames: list[dict[str, Any]] = []

    async def frame(self, seconds: float = 10) -> dict[str, Any]:
        """The next frame."""
        async with asyncio.timeout(seconds):
            frame: dict[str, Any] = json.loads(await self.connection.recv())
        if frame["type"] == "event":
            assert frame["revision"] == self.revision + 1, "an event is missing or doubled"
        self.revision = frame["revision"]
        self.frames.append(frame)
        return frame

    async def event(self, kind: str, seconds: float = 10) -> dict[str, Any]:
        """The next event of that type; those before it are passed over."""
        async with asyncio.timeout(seconds):
            while True:
                frame = await self.frame(seconds)
                if frame["type"] == "event" and frame["event"]["type"] == kind:
                    event: dict[str, Any] = frame["event"]
                    return event


@contextmanager
def running(folder: Path) -> Iterator[Site]:
    """A site that lives as long as the block."""
    site = Site(folder)
    try:
        site.start()
        yield site
    finally:
        site.stop()
