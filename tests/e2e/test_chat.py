"""The chat on a real broker: what is acknowledged is durable, once, and seen by everybody."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from services.chat import core
from services.contracts import views
from services.contracts.contact_events import ContactEnded, ContactOpened
from services.contracts.messages import ConversationStarted, MessageCreated
from services.contracts.topics import CONTACT_EVENTS, MESSAGES
from services.kit.clock import new_id
from tests.support.stack import Stack
from tests.support.talking import (
    PARTITION,
    POOL,
    FakeRouter,
    Running,
    Site,
    Socket,
    Writer,
    bearer,
    chat_socket,
    eventually,
    open_chat,
    routed,
)

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site(tmp_path_factory.mktemp("chat")) as made:
        yield made


@pytest.fixture(scope="module")
def replicas(site: Site) -> list[Running]:
    made = [site.service("chat"), site.service("chat")]
    for one in made:
        one.wait_ready()
    return made


@pytest.fixture
def chat(replicas: list[Running]) -> Running:
    return replicas[0]


@pytest.fixture
async def router(site: Site) -> AsyncIterator[FakeRouter]:
    async with routed(site) as made:
        yield made


@pytest.fixture
async def client(router: FakeRouter, replicas: list[Running]) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=10) as made:
        for chat in replicas:
            await _pool_known(made, chat)
        yield made


async def _pool_known(client: httpx.AsyncClient, chat: Running) -> None:
    page = chat.url(f"/chat/{POOL}")
    await eventually(lambda: client.get(page), lambda answer: answer.status_code == 200)


async def test_opening_is_head_message_and_contact_in_this_order(
    site: Site, chat: Running, client: httpx.AsyncClient
) -> None:
    opened = await open_chat(client, chat, "Milloin auto on valmis?", name="Aino", topic="repair")
    records = await site.events(MESSAGES, opened["conversation_id"])
    (head_raw, head), (raw, message) = records
    assert isinstance(head, ConversationStarted)
    assert isinstance(message, MessageCreated)
    assert head.data.customer.name == "Aino"
    assert message.data.text == "Milloin auto on valmis?"
    assert opened["seq"] == raw.offset
    assert head_raw.key == f"{opened['conversation_id']}/head".encode()
    assert raw.key != head_raw.key
    assert raw.partition == head_raw.partition
    ((contact_raw, contact),) = await site.events(CONTACT_EVENTS, opened["contact_id"])
    assert isinstance(contact, ContactOpened)
    assert contact.data.conversation_id == opened["conversation_id"]
    assert contact.data.topic == "repair"
    assert contact_raw.at >= raw.at
    assert b"Aino" not in (contact_raw.value or b"")


async def test_opening_sent_twice_at_once_to_two_replicas_is_one_conversation(
    site: Site, replicas: list[Running], router: FakeRouter, client: httpx.AsyncClient
) -> None:
    cid = new_id()
    answers = await asyncio.gather(*(open_chat(client, one, "Hei", cid=cid) for one in replicas))
    later = await open_chat(client, replicas[1], "Hei", cid=cid)
    assert len({(a["conversation_id"], a["contact_id"], a["seq"]) for a in [*answers, later]}) == 1
    await router.contact(later["contact_id"])
    for one in replicas:
        shown = await _messages(client, one, later)
        assert [message["text"] for message in shown["messages"]] == ["Hei"]


async def test_doubles_published_by_two_replicas_are_shown_once_to_everybody(
    site: Site, replicas: list[Running], client: httpx.AsyncClient
) -> None:
    opened = await open_chat(client, replicas[0])
    head = core.head_of(core.Opening(POOL, "fi", "Hei", new_id()), 0).data
    async with (
        Writer(site.settings) as writer,
        chat_socket(replicas[0], opened) as first,
        chat_socket(replicas[1], opened) as second,
    ):
        for text in ("sama", "sama", "viimeinen"):
            cid = "doubled" if text == "sama" else "last"
            event = core.message_of(_renamed(head, opened), cid, text, 5)
            await writer.message(event, opened["conversation_id"])
        for socket in (first, second):
            await socket.until("msg", text="viimeinen")
            assert socket.texts() == ["Hei", "sama", "viimeinen"]
        seqs = {frame["seq"] for frame in first.seen if frame.get("cid") == "doubled"}
        first_double, _ = [
            raw.offset
            for raw, event in await site.events(MESSAGES, opened["conversation_id"])
            if isinstance(event, MessageCreated) and event.data.cid == "doubled"
        ]
        assert seqs == {first_double}
        await first.send("msg", cid="doubled", text="sama")
        await first.until("ack", cid="doubled", seq=first_double)


async def test_resend_after_a_cut_socket_is_one_message(
    site: Site, replicas: list[Running], client: httpx.AsyncClient
) -> None:
    opened = await open_chat(client, replicas[0])
    async with chat_socket(replicas[0], opened) as socket:
        await socket.until("welcome")
        await socket.send("msg", cid="m-1", text="Katkeaako?")
        socket.connection.transport.abort()  # no ack was heard
    for chat in replicas:
        async with chat_socket(chat, opened) as socket:
            await socket.until("welcome")
            await socket.send("msg", cid="m-1", text="Katkeaako?")
            await socket.until("ack", cid="m-1")
            await socket.send("msg", cid=f"m-{chat.port}", text="Viimeinen")
            await socket.until("msg", cid=f"m-{chat.port}")
            assert socket.texts().count("Katkeaako?") == 1
    said = [event for _, event in await site.events(MESSAGES, opened["conversation_id"])]
    assert 1 <= sum(getattr(event.data, "cid", "") == "m-1" for event in said) <= 2


async def test_reconnecting_gets_what_was_missed_and_nothing_twice(
    replicas: list[Running], client: httpx.AsyncClient
) -> None:
    opened = await open_chat(client, replicas[0], "eka")
    async with chat_socket(replicas[0], opened) as socket:
        first = await socket.until("msg", text="eka")
    answer = await client.post(
        replicas[1].url(f"/v1/chats/{opened['conversation_id']}/messages"),
        json={"cid": "m-2", "text": "toka"},
        headers=bearer(opened["token"]),
    )
    assert answer.status_code == 201
    async with chat_socket(replicas[1], opened, last_seq=first["seq"]) as socket:
        welcome = await socket.until("welcome")
        assert welcome["complete"] is True
        frame = await socket.until("msg")
        assert (frame["text"], frame["seq"]) == ("toka", answer.json()["seq"])
        assert socket.texts() == ["toka"]


async def test_double_is_known_after_a_restart(site: Site, client: httpx.AsyncClient) -> None:
    chat = site.service("chat")
    chat.wait_ready()
    opened = await open_chat(client, chat)
    path = f"/v1/chats/{opened['conversation_id']}/messages"
    body = {"cid": "again", "text": "Vielä yksi asia"}
    before = await client.post(chat.url(path), json=body, headers=bearer(opened["token"]))
    chat.kill()
    chat.start()
    await _pool_known(client, chat)
    after = await client.post(chat.url(path), json=body, headers=bearer(opened["token"]))
    assert (before.status_code, before.json()) == (after.status_code, after.json())
    said = [event for _, event in await site.events(MESSAGES, opened["conversation_id"])]
    assert sum(getattr(event.data, "cid", "") == "again" for event in said) == 1


async def test_customer_hears_who_comes_and_goes_and_when_it_is_over(
    chat: Running, router: FakeRouter, client: httpx.AsyncClient
) -> None:
    opened = await open_chat(client, chat)
    contact = opened["contact_id"]
    async with chat_socket(chat, opened) as socket:
        await socket.until("welcome")
        await router.assign(contact, "anna")
        await socket.until("agent", state="joined")
        await router.lose(contact, "anna")
        await socket.until("agent", state="left")
        await router.assign(contact, "bertta")
        await socket.until("agent", state="joined")
        await router.wrap_up(contact, "bertta")
        await socket.until("closed")
        await socket.send("msg", cid="late", text="Hei vielä")
        refused = await socket.until("error", cid="late")
        assert refused["reason"] == "closed"
        assert "retry_after" not in refused
    async with chat_socket(chat, opened) as socket:
        assert (await socket.until("welcome"))["state"] == "closed"
        await socket.until("closed")


async def test_end_is_said_to_the_router_once(
    site: Site, chat: Running, router: FakeRouter, client: httpx.AsyncClient
) -> None:
    opened = await open_chat(client, chat)
    await router.contact(opened["contact_id"])
    async with chat_socket(chat, opened) as socket:
        url = chat.url(f"/v1/chats/{opened['conversation_id']}:end")
        answer = await client.post(url, headers=bearer(opened["token"]))
        assert (answer.status_code, answer.json()) == (202, {"contact_id": opened["contact_id"]})
        assert (await socket.until("closed"))["reason"] == "customer_left"
        assert (await client.post(url, headers=bearer(opened["token"]))).status_code == 202
    events = [event for _, event in await site.events(CONTACT_EVENTS, opened["contact_id"])]
    (ended,) = [event for event in events if isinstance(event, ContactEnded)]
    assert ended.data.reason == "customer_left"


async def test_only_the_conversations_token_opens_it(
    chat: Running, client: httpx.AsyncClient
) -> None:
    opened = await open_chat(client, chat)
    other = await open_chat(client, chat)
    stolen = {**opened, "token": other["token"]}
    with pytest.raises(ConnectionClosed) as closed:
        async with chat_socket(chat, stolen) as socket:
            await socket.until("welcome")
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401
    url = chat.url(f"/v1/chats/{opened['conversation_id']}/messages")
    assert (await client.get(url)).status_code == 401
    assert (await client.get(url, headers=bearer(other["token"]))).status_code == 401


async def test_wrong_openings_are_named_by_field(chat: Running, client: httpx.AsyncClient) -> None:
    good = {"pool": POOL, "language": "fi", "text": "Hei", "cid": new_id()}
    for field, value in (
        ("pool", "kaarna/nowhere"),
        ("text", " "),
        ("text", "x" * 4001),
        ("language", "suomi!"),
        ("cid", "short"),
        ("email", "not an address"),
    ):
        answer = await client.post(chat.url("/v1/chats"), json=good | {field: value})
        assert answer.status_code == 422, (field, value)
        assert answer.headers["content-type"] == "application/problem+json"
        assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_customer_who_takes_nothing_is_cut_off_and_slows_nobody(
    site: Site, chat: Running, client: httpx.AsyncClient
) -> None:
    opened = await open_chat(client, chat)
    head = _renamed(core.head_of(core.Opening(POOL, "fi", "Hei", new_id()), 0).data, opened)
    async with (
        Writer(site.settings) as writer,
        chat_socket(chat, opened) as quick,
        chat_socket(chat, opened) as slow,
    ):
        await slow.until("welcome")
        slow.connection.transport.pause_reading()
        sockets = chat.metric("chat_sockets")
        sent = 0
        while chat.metric("chat_sockets") == sockets:
            for _ in range(100):
                sent += 1
                event = core.message_of(head, f"flood-{sent}", "ä" * 3900, sent)
                await writer.message(event, opened["conversation_id"])
            await quick.until("msg", cid=f"flood-{sent}")
            assert sent < 20_000, "the slow socket was never given up"
        await quick.send("ping")
        await quick.until("pong")


@pytest.mark.slow
async def test_broker_away_means_no_ack_and_a_resend_that_succeeds(
    site: Site, chat: Running, client: httpx.AsyncClient
) -> None:
    opened = await open_chat(client, chat)
    broker = site.servers.broker
    async with chat_socket(chat, opened) as socket:
        await socket.until("welcome")
        await asyncio.to_thread(broker.stop)
        try:
            await socket.send("msg", cid="m-9", text="Kuuleeko kukaan?")
            error = await socket.until("error", cid="m-9")
            assert error["reason"] == "unavailable"
            assert error["retry_after"] > 0
            body = {"pool": POOL, "language": "fi", "text": "Uusi", "cid": new_id()}
            answer = await client.post(chat.url("/v1/chats"), json=body)
            assert answer.status_code == 503
            assert int(answer.headers["Retry-After"]) > 0
            await socket.send("ping")
            await socket.until("pong")
        finally:
            await asyncio.to_thread(broker.start)
        async with asyncio.timeout(60):
            while True:
                await socket.send("msg", cid="m-9", text="Kuuleeko kukaan?")
                frame = await socket.next()
                while frame["type"] not in ("ack", "error"):
                    frame = await socket.next()
                if frame["type"] == "ack":
                    break
                await asyncio.sleep(frame["retry_after"] / 4)
            again = await eventually(
                lambda: client.post(chat.url("/v1/chats"), json=body),
                lambda answer: answer.status_code == 201,
                60,
            )
    for conversation, text in ((opened, "Kuuleeko kukaan?"), (again.json(), "Uusi")):
        shown = await _messages(client, chat, conversation)
        assert [message["text"] for message in shown["messages"]].count(text) == 1


async def _messages(
    client: httpx.AsyncClient, chat: Running, opened: dict[str, Any]
) -> dict[str, Any]:
    url = chat.url(f"/v1/chats/{opened['conversation_id']}/messages")
    answer = await client.get(url, headers=bearer(opened["token"]))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def _renamed(head: Any, opened: dict[str, Any]) -> Any:
    import msgspec

    return msgspec.structs.replace(head, conversation_id=opened["conversation_id"])


async def test_place_in_the_line_comes_from_the_views_and_chats_go_on_without_them(
    site: Site, chat: Running, router: FakeRouter, client: httpx.AsyncClient
) -> None:
    first, second = [await open_chat(client, chat) for _ in range(2)]
    for opened in (first, second):
        await router.contact(opened["contact_id"])
    views_of = Redis.from_url(site.settings.redis)

    async def show(applied: int) -> None:
        for place, opened in enumerate((first, second)):
            contact = opened["contact_id"]
            view = {"contact_id": contact, "state": "queued", "waiting_since": place}
            await views_of.hset(views.contacts(PARTITION), contact, json.dumps(view))
        await views_of.set(views.applied(PARTITION), applied)

    async with chat_socket(chat, second) as socket:
        await show(10**9)
        assert (await socket.until("queue"))["position"] == 2
        await router.assign(first["contact_id"], "anna")
        assert (await socket.until("queue"))["position"] == 1
        await views_of.aclose()
        await asyncio.to_thread(site.servers.redis.stop)
        try:
            third = await open_chat(client, chat)
            await router.assign(third["contact_id"], "anna")
            await socket.send("typing")
            await socket.send("msg", cid="without", text="Ilman Redisiä")
            await socket.until("ack", cid="without")
        finally:
            await asyncio.to_thread(site.servers.redis.start)
        await views_of.flushdb()
        await show(10**9)
        async with chat_socket(chat, second) as again:
            assert (await again.until("queue", seconds=30))["position"] == 1
    await views_of.aclose()


async def test_customer_and_agent_talk_through_the_whole_platform(stack: Stack) -> None:
    """The real router, API, follower: from the customer's question to the customer's good-bye."""
    pool = f"kaarna/talk-{new_id()[:8]}"
    config = {
        "pool": pool,
        "partition": 4,
        "channels": {"chat": {"cost": 50, "wrap_up": 0}},
        "queues": {"all": {"required": {"fi": 1}}},
        "fallback_queue": "all",
        "skills": [],
        "languages": ["fi"],
    }
    async with httpx.AsyncClient(timeout=15) as client:
        claims = {"subject": "anna", "tenant": "kaarna", "roles": ["agent", "administrator"]}
        token = (await client.post(stack.url("api", "/v1/dev/token"), json=claims)).json()["token"]
        headers = bearer(token)
        agents = stack.url("api", f"/v1/agents/{pool}/anna")
        for url, document in (
            (stack.url("api", f"/v1/pools/{pool}"), config),
            (agents, {"skills": {"fi": 3}, "limits": {}}),
        ):
            answer = await client.put(url, json=document, headers=headers)
            assert answer.status_code < 300, answer.text
        body = {"pool": pool, "language": "fi", "text": "Hei!", "cid": new_id()}
        opened = (
            await eventually(
                lambda: client.post(stack.url("chat", "/v1/chats"), json=body),
                lambda answer: answer.status_code == 201,
            )
        ).json()
        chats = f"/v1/chats/{opened['conversation_id']}"
        ways = {name: stack.url(name).replace("http", "ws", 1) for name in ("chat", "api")}
        ways["desk"] = stack.url("conversations").replace("http", "ws", 1)
        path = f"/v1/agents/{pool}/anna/ws"
        async with (
            connect(f"{ways['chat']}{chats}/ws") as customers,
            connect(f"{ways['api']}{path}", additional_headers=headers) as streams,
            connect(f"{ways['desk']}{path}", additional_headers=headers) as desks,
        ):
            customer, stream, desk = Socket(customers), Socket(streams), Socket(desks)
            await customer.send("hello", token=opened["token"], last_seq=-1, lang="fi")
            assert (await customer.until("queue", seconds=20))["position"] == 1
            presence = {"presence": "available"}
            await client.put(f"{agents}/presence", json=presence, headers=headers)
            offer = await stream.until("event")
            while offer["event"]["type"] != "offer.made":
                offer = await stream.until("event")
            accept = stack.url("api", f"/v1/offers/{offer['event']['offer']}:accept")
            accepted = await client.post(accept, headers=headers)
            assert accepted.status_code == 200, accepted.text
            messages = f"/v1/conversations/{opened['conversation_id']}/messages"
            answer = await client.post(
                stack.url("conversations", messages), json={"text": "Moi!"}, headers=headers
            )
            assert answer.status_code == 201, answer.text
            await customer.until("msg", text="Moi!")
            await customer.send("msg", cid="m-2", text="Kiitos!")
            await desk.until("assigned")
            await desk.until("msg", text="Kiitos!")
            ending = await client.post(
                stack.url("chat", f"{chats}:end"), headers=bearer(opened["token"])
            )
            assert ending.status_code == 202
            await customer.until("closed")
            await desk.until("released", conversation_id=opened["conversation_id"])
