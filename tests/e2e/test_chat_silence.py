"""A customer who falls silent, on a real broker: the router is told, the customer asked."""

from collections.abc import Iterator

import httpx
import msgspec
import pytest

from services.chat import core
from services.contracts.base import Event
from services.contracts.contact_events import ContactActive, ContactQuiet
from services.contracts.messages import Author, MessageCreated
from services.contracts.routing_events import ContactProbed
from services.contracts.topics import CONTACT_EVENTS, MESSAGES
from services.kit.clock import SystemClock
from tests.support.talking import POOL, Site, Writer, chat_socket, eventually, open_chat, routed

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site(tmp_path_factory.mktemp("silence")) as made:
        yield made


async def test_silence_is_told_and_asked_about_and_broken(site: Site) -> None:
    replicas = [site.service("chat", JONOTON_CHAT_QUIET_AFTER="0.5") for _ in range(2)]
    async with (
        routed(site) as router,
        Writer(site.settings) as writer,
        httpx.AsyncClient(timeout=10) as client,
    ):
        for chat in replicas:
            chat.wait_ready()
            page = chat.url(f"/chat/{POOL}")
            await eventually(
                lambda page=page: client.get(page),  # type: ignore[misc]
                lambda answer: answer.status_code == 200,
            )
        opened = await open_chat(client, chat)
        contact = opened["contact_id"]

        async def facts(kind: type[Event]) -> list[str]:
            found = await site.events(CONTACT_EVENTS, contact)
            return [event.id for _, event in found if isinstance(event, kind)]

        async with chat_socket(chat, opened) as socket:
            await socket.until("welcome")
            await router.assign(contact, "ann")
            await socket.until("agent", state="joined")
            await writer.message(
                await agents_answer(site, opened["conversation_id"]), opened["conversation_id"]
            )
            await socket.until("msg", text="Odotan vastaustasi")
            quiet = await eventually(lambda: facts(ContactQuiet), bool)
            await router.decide(
                ContactProbed(pool=POOL, contact=contact, conversation=opened["conversation_id"])
            )
            await socket.until("probe")
            assert await facts(ContactActive) == []
            await socket.send("msg", cid="back", text="Olen tässä")
            await socket.until("ack", cid="back")
            active = await eventually(lambda: facts(ContactActive), bool)
            # Two replicas may say it, but it is one fact.
            assert len({*quiet, *await facts(ContactQuiet)}) == 1
            assert len({*active, *await facts(ContactActive)}) == 1


async def agents_answer(site: Site, conversation: str) -> MessageCreated:
    """What a person says now, as the service `conversations` would write it."""
    [head] = [
        event for _, event in await site.events(MESSAGES, conversation) if event.id == conversation
    ]
    message = core.message_of(head.data, "answer", "Odotan vastaustasi", SystemClock().now_ms())
    data = msgspec.structs.replace(message.data, author=Author(kind="agent", id="ann"))
    return msgspec.structs.replace(message, data=data)
