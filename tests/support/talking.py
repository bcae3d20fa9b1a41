"""What tests of conversations need: a broker and a Redis of their own, services in processes of
their own, a router that does as the test says, and customers.

The router here writes real journal entries to the real topic, but decides nothing: it queues what
is opened and withdraws what is ended; who gets what, the test says.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx
from aiokafka import AIOKafkaProducer
from websockets.asyncio.client import ClientConnection, connect

from deploy.local.paths import ROOT
from deploy.local.ports import HOST, Reservation, reserve
from deploy.local.probe import http_ready
from deploy.local.process import Managed
from deploy.local.processes import environment
from services.contracts.base import Event
from services.contracts.codec import decode, encode
from services.contracts.contact_events import ContactEnded, ContactOpened
from services.contracts.journal import Open, Record, Source, encode_entry
from services.contracts.pool import ChannelConfig, PoolConfig, QueueConfig
from services.contracts.routing_events import (
    AnyRoutingEvent,
    AssignmentEnded,
    AssignmentStarted,
    AssignmentWrapping,
    ContactClosed,
    ContactQueued,
    ContactRequeued,
    ContactWithdrawn,
    QueuedContact,
)
from services.contracts.settings_events import DeclaredPool, PoolDeclared
from services.contracts.topics import (
    CONTACT_EVENTS,
    MESSAGES,
    ROUTING_JOURNAL,
    SETTINGS,
    Topic,
)
from services.kit import tasks
from services.kit.auth import Auth, Role
from services.kit.clock import SystemClock, new_id, to_datetime
from services.kit.log_reader import LogReader, Raw
from services.kit.publisher import partition_of
from services.kit.settings import Settings
from services.kit.topics import provision
from tests.support.stack import Servers

T = TypeVar("T")
POOL = "kaarna/service"
TENANT = "kaarna"
PARTITION = 2
PARTITIONS = 6
CONFIG = PoolConfig(
    pool=POOL,
    partition=PARTITION,
    channels={name: ChannelConfig(cost=30) for name in ("chat", "email", "form", "bot")},
    queues={"all": QueueConfig()},
    fallback_queue="all",
)


class Site:
    """A platform without a router."""

    def __init__(self, folder: Path) -> None:
        self.servers = Servers(folder)
        self._folder = folder
        self._ports: list[Reservation] = []
        self._services: list[Managed] = []
        self.settings = Settings(
            environment="development",
            kafka=self.servers.broker.address,
            redis=self.servers.redis.url,
            partitions=PARTITIONS,
            data=folder / "data",
        )
        self.auth = Auth(self.settings, SystemClock())

    def __enter__(self) -> Self:
        self.servers.redis.launch()
        self.servers.broker.start()
        self.servers.redis.wait_ready()
        provision(self.settings)
        return self

    def __exit__(self, *_: object) -> None:
        for service in self._services:
            service.terminate()
        for service in self._services:
            service.stop()
        for port in self._ports:
            port.release()
        self.servers.release()

    def service(self, name: str, **env: str) -> "Running":
        """Another process of a service; started, but not yet ready."""
        reserved = reserve()
        self._ports.append(reserved)
        number = len(self._services)
        servers = self.servers
        ports = {"kafka": servers.broker.port, "redis": servers.redis.port}
        made = Running(
            f"{name}-{number}",
            name,
            reserved.port,
            environment(_AnyPort(ports), self._folder / "data") | env,
            self._folder,
        )
        self._services.append(made)
        made.launch()
        return made

    def token(self, subject: str, *roles: Role, tenant: str = TENANT) -> str:
        """Of an agent, a supervisor …"""
        return self.auth.issue(subject, tenant, roles or ("agent",))

    async def read(self, topic: Topic) -> list[Raw]:
        """All that stands in the topic now, partition by partition."""
        reader = LogReader(self.settings, topic)
        await reader.open()
        try:
            ends = await reader.ends()
            found: list[Raw] = []
            seen: dict[int, int] = {}
            while any(seen.get(number, -1) < end - 1 for number, end in ends.items()):
                for raw in await reader.read():
                    found.append(raw)
                    seen[raw.partition] = raw.offset
            return sorted(found, key=lambda raw: (raw.partition, raw.offset))
        finally:
            await reader.close()

    async def events(self, topic: Topic, about: str) -> list[tuple[Raw, Any]]:
        """The events of one conversation or contact (their subject), in order."""
        raws = await self.read(topic)
        decoded = [(raw, decode(topic, raw.value)) for raw in raws if raw.value is not None]
        return [(raw, event) for raw, event in decoded if event.subject == about]


class Running(Managed):
    """One process of a service."""

    def __init__(
        self, name: str, service: str, port: int, env: dict[str, str], folder: Path
    ) -> None:
        self.port = port
        super().__init__(
            name,
            [sys.executable, "-m", f"services.{service}"],
            env=env | {f"JONOTON_{service.upper()}_PORT": str(port)},
            cwd=ROOT,
            log=folder / f"{name}.log",
            ready=lambda: http_ready(self.url("/readyz")),
        )

    def url(self, path: str = "") -> str:
        """Its address."""
        return f"http://{HOST}:{self.port}{path}"

    def ws(self, path: str) -> str:
        """Its address for sockets."""
        return f"ws://{HOST}:{self.port}{path}"

    def metric(self, name: str) -> float:
        """The sum of a metric's samples."""
        lines = httpx.get(self.url("/metrics")).text.splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))


class _AnyPort(dict[str, int]):
    def __missing__(self, _: str) -> int:
        return 9  # nobody listens there


class Writer:
    """Writes to any topic as a service would."""

    def __init__(self, settings: Settings) -> None:
        self._kafka = settings.kafka
        self._producer: AIOKafkaProducer

    async def __aenter__(self) -> Self:
        self._producer = AIOKafkaProducer(bootstrap_servers=self._kafka, acks="all")
        await self._producer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._producer.stop()

    async def put(self, topic: Topic, value: bytes, partition: int, key: str = "") -> int:
        """Returns the offset."""
        meta = await self._producer.send_and_wait(
            topic.name, value=value, key=key.encode() or None, partition=partition
        )
        return int(meta.offset)

    async def message(self, event: Event, conversation: str, record: str = "") -> int:
        """A record of `messages`."""
        key = f"{conversation}/{record or new_id()}"
        return await self.put(MESSAGES, encode(event), partition_of(conversation, PARTITIONS), key)

    async def declare_pool(self, config: PoolConfig = CONFIG) -> None:
        """The pool exists."""
        event = PoolDeclared(
            id=new_id(), source="test", time=to_datetime(0), data=DeclaredPool(config=config)
        )
        await self.put(SETTINGS, encode(event), 0, f"pool/{config.pool}")


class FakeRouter:
    """Answers every input on one partition with a valid record, in order."""

    def __init__(self, settings: Settings, writer: Writer, partition: int = PARTITION) -> None:
        self._settings = settings
        self._writer = writer
        self._partition = partition
        self._epoch = -1
        self._last = -1
        self._deaf = False
        self.opened: dict[str, ContactOpened] = {}
        self.doubles = 0
        self._heard = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        entry = Open(writer=new_id(), generation=1)
        self._epoch = await self._put(entry)
        self._task = tasks.start("fake router", self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        await tasks.stop(self._task)

    def ignore_contacts(self, deaf: bool) -> None:
        """Answer, but queue nothing."""
        self._deaf = deaf

    async def contact(self, contact_id: str, *, seconds: float = 30.0) -> ContactOpened:
        """The contact's event, when it has come."""
        async with asyncio.timeout(seconds), self._heard:
            await self._heard.wait_for(lambda: contact_id in self.opened)
        return self.opened[contact_id]

    async def assign(self, contact_id: str, agent: str) -> None:
        """The agent has the contact."""
        data = (await self.contact(contact_id)).data
        await self.decide(
            AssignmentStarted(
                pool=data.pool,
                assignment=f"a-{contact_id}",
                offer=f"o-{contact_id}",
                contact=contact_id,
                conversation=data.conversation_id,
                agent=agent,
                channel=data.channel,
                queue="all",
                waited_ms=1,
            )
        )

    async def lose(self, contact_id: str, agent: str) -> None:
        """The agent is gone, the contact waits again."""
        ids = {"assignment": f"a-{contact_id}", "contact": contact_id, "agent": agent}
        await self.decide(
            AssignmentEnded(pool=POOL, result="agent_lost", **ids),
            ContactRequeued(pool=POOL, contact=contact_id, reason="agent_lost"),
        )

    async def wrap_up(self, contact_id: str, agent: str) -> None:
        """The talk is over."""
        assignment = f"a-{contact_id}"
        await self.decide(
            AssignmentWrapping(
                pool=POOL, assignment=assignment, contact=contact_id, agent=agent, until=0
            )
        )

    async def complete(self, contact_id: str, agent: str) -> None:
        """All is done."""
        ids = {"assignment": f"a-{contact_id}", "contact": contact_id, "agent": agent}
        await self.decide(
            AssignmentEnded(pool=POOL, result="completed", **ids),
            ContactClosed(pool=POOL, contact=contact_id, agent=agent),
        )

    async def decide(self, *events: AnyRoutingEvent) -> int:
        """Write a record that counts; returns its offset."""
        record = Record(
            epoch=self._epoch, src=Source("t", self._last), at=_now(), events=tuple(events)
        )
        return await self._put(record)

    async def _put(self, entry: Open | Record) -> int:
        return await self._writer.put(ROUTING_JOURNAL, encode_entry(entry), self._partition)

    async def _run(self) -> None:
        reader = LogReader(self._settings, CONTACT_EVENTS, partitions=[self._partition])
        await reader.open()
        try:
            async for batch in reader.batches():
                for raw in batch:
                    self._last = raw.offset
                    await self.decide(*self._answer(decode(CONTACT_EVENTS, raw.value or b"")))
                async with self._heard:
                    self._heard.notify_all()
        finally:
            await reader.close()

    def _answer(self, event: object) -> Iterable[AnyRoutingEvent]:
        match event:
            case ContactEnded(data=data):
                reason = data.reason
                yield ContactWithdrawn(pool=data.pool, contact=data.contact_id, reason=reason)
            case ContactOpened(data=data) if data.contact_id in self.opened:
                self.doubles += 1
            case ContactOpened(data=data):
                self.opened[data.contact_id] = event
                if not self._deaf:
                    yield ContactQueued(
                        pool=data.pool,
                        contact=QueuedContact(
                            id=data.contact_id,
                            conversation=data.conversation_id,
                            channel=data.channel,
                            queue="all",
                            virtual_start=data.opened_at,
                            priority=5,
                        ),
                    )


class Socket:
    """A client's socket; frames that nobody has asked for yet are kept in order."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.seen: list[dict[str, Any]] = []

    async def send(self, kind: str, **fields: Any) -> None:
        """One frame."""
        await self.connection.send(json.dumps({"type": kind, **fields}))

    async def next(self, seconds: float = 30.0) -> dict[str, Any]:
        """The next frame of any type."""
        async with asyncio.timeout(seconds):
            frame: dict[str, Any] = json.loads(await self.connection.recv())
        self.seen.append(frame)
        return frame

    async def until(self, kind: str, seconds: float = 30.0, **fields: Any) -> dict[str, Any]:
        """The next frame of this type with these fields; those before it are left in `seen`."""
        async with asyncio.timeout(seconds):
            while True:
                frame = await self.next(seconds)
                if frame["type"] == kind and fields.items() <= frame.items():
                    return frame

    def texts(self) -> list[str]:
        """Of the messages seen so far."""
        return [frame["text"] for frame in self.seen if frame["type"] == "msg"]


@asynccontextmanager
async def chat_socket(
    chat: Running, opened: dict[str, Any], *, last_seq: int = -1
) -> AsyncIterator[Socket]:
    """A customer's socket after its hello."""
    async with connect(chat.ws(f"/v1/chats/{opened['conversation_id']}/ws")) as connection:
        socket = Socket(connection)
        await socket.send("hello", token=opened["token"], last_seq=last_seq, lang="fi")
        yield socket


@asynccontextmanager
async def agent_socket(conversations: Running, agent: str, token: str) -> AsyncIterator[Socket]:
    """An agent's socket for what is said."""
    path = f"/v1/agents/{POOL}/{agent}/ws"
    headers = {"Authorization": f"Bearer {token}"}
    async with connect(conversations.ws(path), additional_headers=headers) as connection:
        yield Socket(connection)


@asynccontextmanager
async def routed(site: Site) -> AsyncIterator[FakeRouter]:
    """The pool is declared and a router answers."""
    async with AsyncExitStack() as stack:
        writer = await stack.enter_async_context(Writer(site.settings))
        await writer.declare_pool()
        yield await stack.enter_async_context(FakeRouter(site.settings, writer))


async def open_chat(
    client: httpx.AsyncClient, chat: Running, text: str = "Hei", **fields: str
) -> dict[str, Any]:
    """A new chat; its answer."""
    body = {"pool": POOL, "language": "fi", "text": text, "cid": new_id()} | fields
    answer = await client.post(chat.url("/v1/chats"), json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def eventually(
    ask: Callable[[], Awaitable[T]], holds: Callable[[T], object], seconds: float = 30.0
) -> T:
    """Ask again and again until the answer is right, for at most `seconds`."""
    async with asyncio.timeout(seconds):
        while not holds(answer := await ask()):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.02)
    return answer


def bearer(token: str) -> dict[str, str]:
    """The header."""
    return {"Authorization": f"Bearer {token}"}


def _now() -> int:
    return SystemClock().now_ms()
