"""Conversations on a real broker: agents read and write them, and what was lost at a door is found
again."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from services.chat import core as chat_core
from services.contracts.codec import encode
from services.contracts.contact_events import ContactOpened
from services.contracts.conversation import contact_opened
from services.contracts.messages import ConversationStarted, MessageCreated
from services.contracts.topics import CONTACT_EVENTS, MESSAGES
from services.conversations import core
from services.kit.clock import SystemClock, new_id
from services.kit.publisher import partition_of
from tests.support.talking import (
    CONFIG,
    PARTITION,
    PARTITIONS,
    POOL,
    FakeRouter,
    Running,
    Site,
    Writer,
    agent_socket,
    bearer,
    chat_socket,
    eventually,
    open_chat,
    routed,
)

pytestmark = pytest.mark.anyio
GRACE = 1.0


@dataclass
class Platform:
    """One chat, two replicas of conversations."""

    site: Site
    chat: Running
    replicas: list[Running]


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with Site(tmp_path_factory.mktemp("conversations")) as site:
        grace = {"JONOTON_CONVERSATIONS_REPAIR_GRACE": str(GRACE)}
        chat = site.service("chat")
        replicas = [site.service("conversations", **grace) for _ in range(2)]
        for one in (chat, *replicas):
            one.wait_ready()
        yield Platform(site, chat, replicas)


@pytest.fixture
def site(platform: Platform) -> Site:
    return platform.site


@pytest.fixture
def chat(platform: Platform) -> Running:
    return platform.chat


@pytest.fixture
def desk(platform: Platform) -> Running:
    return platform.replicas[0]


@pytest.fixture
async def router(site: Site) -> AsyncIterator[FakeRouter]:
    async with routed(site) as made:
        yield made


@pytest.fixture
async def client(router: FakeRouter, chat: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=10) as made:
        page = chat.url(f"/chat/{POOL}")
        await eventually(lambda: made.get(page), lambda answer: answer.status_code == 200)
        yield made


@pytest.fixture
async def opened(
    client: httpx.AsyncClient, platform: Platform, router: FakeRouter
) -> dict[str, Any]:
    """A chat that Anna has, as all replicas know."""
    made = await open_chat(client, platform.chat, "Hei!", name="Aino", email="aino@example.com")
    await router.assign(made["contact_id"], "anna")
    headers = bearer(platform.site.token("anna"))
    for one in platform.replicas:
        target = url(one, made)
        await eventually(
            lambda target=target: client.get(target, headers=headers),  # type: ignore[misc]
            lambda answer: answer.status_code == 200,
        )
    return made


def url(running: Running, opened: dict[str, Any], path: str = "") -> str:
    return running.url(f"/v1/conversations/{opened['conversation_id']}{path}")


async def test_agent_reads_all_that_the_customer_gave(
    site: Site, desk: Running, client: httpx.AsyncClient, opened: dict[str, Any]
) -> None:
    headers = bearer(site.token("anna"))
    answer = await client.get(url(desk, opened), headers=headers)
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert shown["customer"] == {"name": "Aino", "email": "aino@example.com", "phone": ""}
    assert (shown["channel"], shown["agent_id"], shown["state"]) == ("chat", "anna", "assigned")
    messages = (await client.get(url(desk, opened, "/messages"), headers=headers)).json()
    assert messages["more"] is False
    (message,) = messages["messages"]
    assert (message["text"], message["seq"]) == ("Hei!", opened["seq"])
    assert message["from"] == {"kind": "customer", "id": ""}


async def test_what_an_agent_says_reaches_the_customers_socket_and_back(
    site: Site, chat: Running, desk: Running, client: httpx.AsyncClient, opened: dict[str, Any]
) -> None:
    token = site.token("anna")
    async with (
        chat_socket(chat, opened) as customer,
        agent_socket(desk, "anna", token) as agent,
        agent_socket(desk, "anna", token) as second,
    ):
        snapshot = await agent.until("snapshot")
        (held,) = [
            one
            for one in snapshot["conversations"]
            if one["conversation_id"] == opened["conversation_id"]
        ]
        assert [message["text"] for message in held["messages"]] == ["Hei!"]
        body = {"text": "Hei Aino!"}
        answer = await client.post(url(desk, opened, "/messages"), json=body, headers=bearer(token))
        assert answer.status_code == 201, answer.text
        heard = await customer.until("msg", text="Hei Aino!")
        assert heard["from"] == "agent"
        assert (heard["seq"], heard["id"]) == tuple(answer.json().values())
        assert "anna" not in str(customer.seen)
        await customer.send("msg", cid="m-2", text="Kiitos!")
        for one in (agent, second):
            frame = await one.until("msg", text="Kiitos!")
            assert frame["conversation_id"] == opened["conversation_id"]
        await customer.send("typing")
        await agent.until("typing", conversation_id=opened["conversation_id"])
        await agent.send("typing", conversation_id=opened["conversation_id"])
        await customer.until("typing")
        await agent.send("read", conversation_id=opened["conversation_id"], seq=heard["seq"])
        await customer.until("read", seq=heard["seq"])
        await agent.send("ping")
        await agent.until("pong")


async def test_agents_socket_hears_what_is_assigned_and_released(
    site: Site, chat: Running, desk: Running, client: httpx.AsyncClient, router: FakeRouter
) -> None:
    async with agent_socket(desk, "cecilia", site.token("cecilia")) as agent:
        assert (await agent.until("snapshot"))["conversations"] == []
        opened = await open_chat(client, chat, "Hej!", language="sv")
        await router.assign(opened["contact_id"], "cecilia")
        conversation = (await agent.until("assigned"))["conversation"]
        assert conversation["conversation_id"] == opened["conversation_id"]
        assert [message["text"] for message in conversation["messages"]] == ["Hej!"]
        await router.complete(opened["contact_id"], "cecilia")
        await agent.until("released", conversation_id=opened["conversation_id"])
        assert agent.texts() == []


async def test_only_those_concerned_read_and_write(
    site: Site, desk: Running, client: httpx.AsyncClient, router: FakeRouter, opened: dict[str, Any]
) -> None:
    async def read(token: str) -> int:
        return (await client.get(url(desk, opened), headers=bearer(token))).status_code

    async def write(token: str) -> int:
        target, body = url(desk, opened, "/messages"), {"text": "Hei"}
        return (await client.post(target, json=body, headers=bearer(token))).status_code

    foreign, boss = site.token("doris"), site.token("boss", "supervisor")
    assert (await read(foreign), await write(foreign)) == (403, 403)
    assert (await read(boss), await write(boss)) == (200, 201)
    admin = site.token("root", "administrator")
    assert (await read(admin), await write(admin)) == (200, 403)
    other = site.token("boss", "supervisor", tenant="elsewhere")
    assert (await read(other), await write(other)) == (404, 404)
    assert (await client.get(url(desk, opened))).status_code == 401
    anna = site.token("anna")
    assert (await read(anna), await write(anna)) == (200, 201)
    await router.complete(opened["contact_id"], "anna")
    await eventually(lambda: write(anna), lambda status: status == 403)
    assert await read(anna) == 200
    nowhere = desk.url("/v1/conversations/nowhere")
    assert (await client.get(nowhere, headers=bearer(boss))).status_code == 404


async def test_socket_is_refused_to_others(site: Site, desk: Running, client: object) -> None:
    for token, status in (
        (site.token("doris"), 403),
        (site.token("anna", tenant="elsewhere"), 403),
        ("nonsense", 401),
    ):
        with pytest.raises(InvalidStatus) as refused:
            async with agent_socket(desk, "anna", token):
                pass
        assert refused.value.response.status_code == status
    ws = desk.ws(f"/v1/agents/{POOL}/anna/ws")
    protocols: Any = ["jonoton.bearer", site.token("anna")]
    async with connect(ws, subprotocols=protocols) as connection:
        assert connection.subprotocol == "jonoton.bearer"
    async with agent_socket(desk, "anna", site.token("boss", "supervisor")) as watching:
        await watching.until("snapshot")


async def test_same_key_says_nothing_new_on_any_replica_and_after_a_restart(
    platform: Platform, client: httpx.AsyncClient, opened: dict[str, Any]
) -> None:
    site, replicas = platform.site, platform.replicas
    headers = bearer(site.token("anna")) | {"Idempotency-Key": "once"}

    async def write(running: Running) -> tuple[int, Any]:
        target, body = url(running, opened, "/messages"), {"text": "Vain kerran"}
        answer = await client.post(target, json=body, headers=headers)
        return answer.status_code, answer.json()

    answers = await asyncio.gather(*(write(one) for one in [*replicas, *replicas]))
    replicas[1].kill()
    await asyncio.to_thread(replicas[1].start)
    answers.append(await write(replicas[1]))
    assert len({(status, str(body)) for status, body in answers}) == 1
    assert answers[0][0] == 201
    for one in replicas:
        found = (await client.get(url(one, opened, "/messages"), headers=headers)).json()
        assert [message["text"] for message in found["messages"]] == ["Hei!", "Vain kerran"]


async def test_missing_contact_event_is_written_again_and_only_a_missing_one(
    platform: Platform, client: httpx.AsyncClient, router: FakeRouter
) -> None:
    """A channel died between message and contact event: publish what it had published."""
    site, chat = platform.site, platform.chat
    fine = await open_chat(client, chat)
    now = SystemClock().now_ms()
    lost = _head(now)
    old = _head(now - chat_core.REOPEN_MS - 60_000)
    async with Writer(site.settings) as writer:
        for head in (old, lost):
            conversation = head.data.conversation_id
            await writer.message(head, conversation, "head")
            message = chat_core.message_of(head.data, "m-1", "Kuuleeko kukaan?", now)
            await writer.message(message, conversation)
    contact = await router.contact(lost.data.contact_id, seconds=20)
    wanted = msgspec.structs.replace(contact_opened(lost, core.NAME), time=contact.time)
    assert contact == wanted
    assert 1 <= sum(one.metric("conversations_repaired_total ") for one in platform.replicas) <= 2
    # A later one, repaired by then, proves that the others were left alone.
    async with Writer(site.settings) as writer:
        sentinel = _head(now)
        await writer.message(sentinel, sentinel.data.conversation_id, "head")
    await router.contact(sentinel.data.contact_id, seconds=20)
    assert old.data.contact_id not in router.opened
    events = await site.events(CONTACT_EVENTS, fine["contact_id"])
    assert [event.source for _, event in events if isinstance(event, ContactOpened)] == ["chat"]


async def test_contact_that_the_router_has_not_read_yet_is_not_missing(
    site: Site, client: httpx.AsyncClient
) -> None:
    """The router stands still for longer than the grace time; nothing is written in its place."""
    pool = msgspec.structs.replace(CONFIG, pool="kaarna/sleepy", partition=PARTITION + 1)
    async with Writer(site.settings) as writer:
        await writer.declare_pool(pool)
        async with FakeRouter(site.settings, writer, pool.partition):
            pass  # it has opened its journal, and stops
        head = _head(SystemClock().now_ms(), pool.pool)
        await writer.message(head, head.data.conversation_id, "head")
        event = contact_opened(head, "chat")
        await writer.put(CONTACT_EVENTS, encode(event), pool.partition, pool.pool)
        # One of the other pool, written later and repaired, shows that the grace time is over.
        sentinel = _head(SystemClock().now_ms())
        await writer.message(sentinel, sentinel.data.conversation_id, "head")

        async def written() -> list[Any]:
            return await site.events(CONTACT_EVENTS, sentinel.data.contact_id)

        await eventually(written, bool, 30)
        assert len(await site.events(CONTACT_EVENTS, head.data.contact_id)) == 1
        async with FakeRouter(site.settings, writer, pool.partition) as woken:
            await woken.contact(head.data.contact_id)
        assert len(await site.events(CONTACT_EVENTS, head.data.contact_id)) == 1


@pytest.mark.slow
async def test_broker_away_is_503_and_the_same_key_afterwards_is_one_message(
    site: Site, desk: Running, client: httpx.AsyncClient, opened: dict[str, Any]
) -> None:
    headers = bearer(site.token("anna")) | {"Idempotency-Key": new_id()}

    async def write() -> httpx.Response:
        target, body = url(desk, opened, "/messages"), {"text": "Tuleeko perille?"}
        return await client.post(target, json=body, headers=headers)

    read = await client.get(url(desk, opened), headers=headers)
    assert read.status_code == 200
    await asyncio.to_thread(site.servers.broker.stop)
    try:
        refused = await write()
        assert refused.status_code == 503
        assert int(refused.headers["Retry-After"]) > 0
        assert (await client.get(url(desk, opened), headers=headers)).status_code == 200
    finally:
        await asyncio.to_thread(site.servers.broker.start)
    answer = await eventually(write, lambda answer: answer.status_code == 201, 60)
    again = await write()
    assert again.json() == answer.json()
    found = (await client.get(url(desk, opened, "/messages"), headers=headers)).json()
    assert [message["text"] for message in found["messages"]] == ["Hei!", "Tuleeko perille?"]
    events = await site.events(MESSAGES, opened["conversation_id"])
    places = [
        (raw.partition, raw.offset)
        for raw, event in events
        if isinstance(event, MessageCreated) and event.data.author.kind == "agent"
    ]
    partition = partition_of(opened["conversation_id"], PARTITIONS)
    assert places[0] == (partition, answer.json()["seq"])


def _head(opened_at: int, pool: str = POOL) -> ConversationStarted:
    opening = chat_core.Opening(pool, "fi", "Kuuleeko kukaan?", new_id(), topic="repair")
    return chat_core.head_of(opening, opened_at)
