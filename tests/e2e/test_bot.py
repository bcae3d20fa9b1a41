"""The bot on a real broker: it answers what it knows, once, and only while nobody else does."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from kafka import KafkaAdminClient

from services.contracts.codec import decode
from services.contracts.contact_events import ContactEnded, ContactOpened
from services.contracts.messages import ConversationStarted, MessageCreated
from services.contracts.topics import CONTACT_EVENTS, MESSAGES
from services.kit.clock import new_id
from tests.support.talking import (
    POOL,
    FakeRouter,
    Running,
    Site,
    bearer,
    chat_socket,
    eventually,
    open_chat,
    routed,
)

pytestmark = pytest.mark.anyio
KNOWN = "Milloin olette auki?"
BOT: dict[str, Any] = {"from": "bot"}
SENTINEL = "Onko teillä sijaisautoja?"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site(tmp_path_factory.mktemp("bot")) as made:
        yield made


@pytest.fixture(scope="module")
def services(site: Site) -> tuple[Running, Running]:
    bot, chat = site.service("bot"), site.service("chat")
    for one in (bot, chat):
        one.wait_ready()
    return bot, chat


@pytest.fixture
def bot(services: tuple[Running, Running]) -> Running:
    return services[0]


@pytest.fixture
def chat(services: tuple[Running, Running]) -> Running:
    return services[1]


@pytest.fixture
async def router(site: Site) -> AsyncIterator[FakeRouter]:
    async with routed(site) as made:
        yield made


@pytest.fixture
async def client(
    router: FakeRouter, bot: Running, chat: Running
) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=15) as made:
        page = chat.url(f"/chat/{POOL}")
        await eventually(lambda: made.get(page), lambda answer: answer.status_code == 200)
        await eventually(lambda: ask(made, bot), lambda answer: answer.status_code == 201)
        yield made


async def ask(client: httpx.AsyncClient, bot: Running, **fields: str) -> httpx.Response:
    """A question at the bot's door."""
    body = {"pool": POOL, "language": "fi", "text": KNOWN, "cid": new_id()} | fields
    return await client.post(bot.url("/v1/questions"), json=body)


async def asked(client: httpx.AsyncClient, bot: Running, **fields: str) -> dict[str, Any]:
    """The answer of an accepted question."""
    answer = await ask(client, bot, **fields)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def said(site: Site, conversation_id: str) -> list[tuple[str, str]]:
    """Who said what in the conversation, in order."""
    events = await site.events(MESSAGES, conversation_id)
    return [
        (event.data.author.kind, event.data.text)
        for _, event in events
        if isinstance(event, MessageCreated)
    ]


async def contact_events(site: Site, contact_id: str) -> list[ContactOpened | ContactEnded]:
    """What the router was told."""
    return [event for _, event in await site.events(CONTACT_EVENTS, contact_id)]


async def test_known_question_takes_its_place_and_is_answered_and_all_of_it_is_durable(
    site: Site, bot: Running, client: httpx.AsyncClient, router: FakeRouter
) -> None:
    opened = await asked(client, bot)
    assert opened["answer"].startswith("Olen Kaarna Autohuollon botti")
    assert "arkisin kello 7.30" in opened["answer"]
    records = await site.events(MESSAGES, opened["conversation_id"])
    (_, head), (_, question), (_, answer) = records
    assert isinstance(head, ConversationStarted)
    assert head.data.channel == "bot"
    assert question.data.text == KNOWN
    assert (answer.data.author.kind, answer.data.text) == ("bot", opened["answer"])
    contact = await router.contact(opened["contact_id"])
    assert contact.data.conversation_id == opened["conversation_id"]
    assert contact.data.channel == "bot"


@pytest.mark.parametrize(
    "text", ["Paljonko jarrulevyt maksavat Corollaan?", "Haluan puhua ihmisen kanssa"]
)
async def test_bot_is_silent_else_and_the_contact_waits_for_a_person(
    site: Site, bot: Running, client: httpx.AsyncClient, router: FakeRouter, text: str
) -> None:
    opened = await asked(client, bot, text=text)
    assert opened["answer"] is None
    await router.contact(opened["contact_id"])
    assert await said(site, opened["conversation_id"]) == [("customer", text)]


async def test_question_sent_again_is_the_same_one_even_after_a_restart(
    site: Site, bot: Running, client: httpx.AsyncClient
) -> None:
    cid = new_id()
    first, second = await asyncio.gather(asked(client, bot, cid=cid), asked(client, bot, cid=cid))
    await asyncio.to_thread(bot.restart)
    third = await asked(client, bot, cid=cid)
    for one in (second, third):
        assert {**one, "token": ""} == {**first, "token": ""}
    assert len(await said(site, first["conversation_id"])) == 2
    assert len({event.id for event in await contact_events(site, first["contact_id"])}) == 1


async def test_solved_withdraws_the_contact_and_needs_the_conversations_token(
    site: Site, bot: Running, client: httpx.AsyncClient
) -> None:
    opened, other = await asked(client, bot), await asked(client, bot)
    url = bot.url(f"/v1/questions/{opened['conversation_id']}:solved")
    assert (await client.post(url)).status_code == 401
    assert (await client.post(url, headers=bearer(other["token"]))).status_code == 401
    for _ in range(2):
        answer = await client.post(url, headers=bearer(opened["token"]))
        assert (answer.status_code, answer.json()) == (202, {"contact_id": opened["contact_id"]})
    ended = [
        event
        for event in await contact_events(site, opened["contact_id"])
        if isinstance(event, ContactEnded)
    ]
    assert {(event.id, event.data.reason) for event in ended} == {(ended[0].id, "solved")}


async def test_token_opens_the_chats_socket_where_the_talk_goes_on(
    bot: Running, chat: Running, client: httpx.AsyncClient
) -> None:
    opened = await asked(client, bot)
    async with chat_socket(chat, opened) as socket:
        await socket.until("msg", text=opened["answer"])
        await socket.send("msg", cid="m-2", text="Har ni däckhotell?")
        answer = await socket.until("msg", **BOT)
    assert answer["text"].startswith("Vårt däckhotell kostar 79 euro")


async def test_customer_in_a_chat_is_answered_once(
    site: Site, bot: Running, chat: Running, client: httpx.AsyncClient
) -> None:
    opened = await open_chat(client, chat, KNOWN)
    async with chat_socket(chat, opened) as socket:
        answer = await socket.until("msg", **BOT)
        await socket.send("msg", cid="m-2", text=SENTINEL)
        second = await socket.until("msg", **BOT)
    assert answer["text"].startswith("Olen Kaarna Autohuollon botti")
    assert second["text"].startswith("Sijaisauto maksaa 29 euroa")
    await asyncio.to_thread(bot.stop)
    await asyncio.to_thread(_delete_group, site)
    await asyncio.to_thread(bot.start)
    await _caught_up(site, chat, client)
    kinds = [kind for kind, _ in await said(site, opened["conversation_id"])]
    assert kinds == ["customer", "bot", "customer", "bot"]


async def test_bot_is_silent_while_an_agent_has_the_contact_and_speaks_when_it_waits_again(
    site: Site, chat: Running, client: httpx.AsyncClient, router: FakeRouter
) -> None:
    opened = await open_chat(client, chat, "Hei")
    await router.assign(opened["contact_id"], "aino")
    async with chat_socket(chat, opened) as socket:
        await socket.send("msg", cid="m-2", text=KNOWN)
        await socket.until("ack", cid="m-2")
        await _caught_up(site, chat, client)
        assert [kind for kind, _ in await said(site, opened["conversation_id"])] == ["customer"] * 2
        await router.lose(opened["contact_id"], "aino")
        await socket.send("msg", cid="m-3", text=SENTINEL)
        answer = await socket.until("msg", **BOT)
    assert "Sijaisauto" in answer["text"]


async def test_bot_is_silent_after_a_person_was_asked_for_and_on_topics_of_people(
    site: Site, chat: Running, client: httpx.AsyncClient
) -> None:
    wish = await open_chat(client, chat, "Haluan puhua ihmisen kanssa")
    complaint = await open_chat(client, chat, KNOWN, topic="complaint")
    async with chat_socket(chat, wish) as socket:
        await socket.send("msg", cid="m-2", text=KNOWN)
        await socket.until("ack", cid="m-2")
    await _caught_up(site, chat, client)
    for opened in (wish, complaint):
        assert {kind for kind, _ in await said(site, opened["conversation_id"])} == {"customer"}


async def test_question_to_no_pool_names_the_field(bot: Running, client: httpx.AsyncClient) -> None:
    answer = await ask(client, bot, pool="kaarna/nowhere")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["field"] == "pool"


async def test_without_kafka_the_question_is_refused_for_now_and_its_retry_is_one_contact(
    site: Site, bot: Running, client: httpx.AsyncClient
) -> None:
    cid = new_id()
    site.servers.broker.pause()
    try:
        answer = await ask(client, bot, cid=cid)
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
    finally:
        site.servers.broker.resume()
    answer = await eventually(
        lambda: ask(client, bot, cid=cid), lambda answer: answer.status_code == 201, 30
    )
    opened = answer.json()
    events = await contact_events(site, opened["contact_id"])
    assert len({event.id for event in events}) == 1
    messages = await site.events(MESSAGES, opened["conversation_id"])
    assert len({event.id for _, event in messages}) == 3


async def _caught_up(site: Site, chat: Running, client: httpx.AsyncClient) -> None:
    """The bot's group has read all that stands in the topic: on each partition a question that
    came later has been answered."""
    waiting = set(range(site.settings.partitions))
    while waiting:
        opened = await open_chat(client, chat, KNOWN)

        async def answers(opened: dict[str, Any] = opened) -> list[int]:
            raws = [raw for raw in await site.read(MESSAGES) if raw.value is not None]
            return [
                raw.partition
                for raw in raws
                if (event := decode(MESSAGES, raw.value or b"")).subject
                == opened["conversation_id"]
                and isinstance(event, MessageCreated)
                and event.data.author.kind == "bot"
            ]

        waiting -= set(await eventually(answers, bool, 30))


def _delete_group(site: Site) -> None:
    admin: Any = KafkaAdminClient(bootstrap_servers=site.settings.kafka)
    try:
        admin.delete_groups(["bot"])
    finally:
        admin.close()
