"""E-mail on a real broker, with real SMTP on both sides: nothing lost, nothing answered twice."""

import asyncio
import email
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from typing import Any

import aiosmtplib
import pytest
from aiosmtpd.smtp import SMTP
from kafka import KafkaAdminClient

from deploy.local.ports import HOST, Reservation, reserve
from services.contracts.codec import decode
from services.contracts.contact_events import ContactOpened
from services.contracts.messages import (
    Author,
    ConversationStarted,
    CreatedMessage,
    DeliveryRecorded,
    MessageCreated,
)
from services.contracts.topics import CONTACT_EVENTS, MESSAGES
from services.email.adapters import Conversations
from services.email.index import ConversationIndex
from services.kit.clock import new_id, to_datetime
from services.kit.log_reader import Raw
from tests.support.talking import FakeRouter, Running, Site, Writer, eventually, routed

pytestmark = pytest.mark.anyio


@dataclass
class Customers:
    """The mail server of the customers. `answer`: what it says to a mail's content."""

    port: int
    mails: list[EmailMessage] = field(default_factory=list)
    answer: str = "250 2.0.0 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """One mail."""
        if self.answer.startswith("250"):
            self.mails.append(email.message_from_bytes(envelope.content, policy=default))
        return self.answer

    def answers_to(self, message_id: str) -> list[EmailMessage]:
        """Those that answer this mail."""
        return [mail for mail in self.mails if mail["In-Reply-To"] == message_id]

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Customers"]:
        """Take mail while the block runs."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: SMTP(self, hostname="mx.example.com", loop=loop), HOST, self.port
        )
        try:
            yield self
        finally:
            server.close()
            await server.wait_closed()


@dataclass
class Office:
    """The e-mail service and what it stands on."""

    site: Site
    service: Running
    smtp: int
    customers: Customers
    router: FakeRouter
    writer: Writer

    async def send(self, **headers: str) -> str:
        """A customer's mail; returns its Message-ID. Raises as `aiosmtplib` does."""
        message = written(**headers)
        await self.deliver(message)
        return str(message["Message-ID"])

    async def deliver(self, message: EmailMessage) -> None:
        """As a mail server does."""
        await aiosmtplib.send(message, hostname=HOST, port=self.smtp, start_tls=False, timeout=20)

    async def accepts(self, message: EmailMessage) -> bool:
        """Deliver; False if it was refused for now."""
        try:
            await self.deliver(message)
        except aiosmtplib.SMTPResponseException as error:
            if error.code not in {421, 451}:
                raise
            return False
        return True

    async def reaches(self, message: EmailMessage) -> bool:
        """As `accepts`; False also when the service is not there."""
        try:
            return await self.accepts(message)
        except (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPConnectError, OSError):
            return False

    async def records(self) -> list[tuple[Raw, Any]]:
        """All of `messages`."""
        raws = await self.site.read(MESSAGES)
        return [(raw, decode(MESSAGES, raw.value)) for raw in raws if raw.value is not None]

    async def said(self, message_id: str) -> list[MessageCreated]:
        """The messages that the mail became."""
        return [
            event
            for _, event in await self.records()
            if isinstance(event, MessageCreated) and event.data.email_id == message_id
        ]

    async def heads(self, conversation_id: str) -> list[ConversationStarted]:
        """Of the conversation, in order."""
        events = await self.site.events(MESSAGES, conversation_id)
        return [event for _, event in events if isinstance(event, ConversationStarted)]

    async def contacts(self, conversation_id: str) -> list[ContactOpened]:
        """Those opened for the conversation."""
        raws = await self.site.read(CONTACT_EVENTS)
        events = [decode(CONTACT_EVENTS, raw.value or b"") for raw in raws]
        return [
            event
            for event in events
            if isinstance(event, ContactOpened) and event.data.conversation_id == conversation_id
        ]

    async def new_case(self, **headers: str) -> tuple[str, ConversationStarted]:
        """A mail that an agent has in hand: its Message-ID and the conversation's head."""
        message_id = await self.send(**headers)
        (message,) = await self.said(message_id)
        (head,) = await self.heads(message.data.conversation_id)
        await self.router.assign(head.data.contact_id, "aino")
        return message_id, head

    async def answer(self, head: ConversationStarted, text: str = "Kello 15.") -> str:
        """An agent's answer as the conversations service writes it; returns its id."""
        data = CreatedMessage(
            conversation_id=head.data.conversation_id,
            message_id=new_id(),
            cid=new_id(),
            author=Author(kind="agent", id="aino"),
            channel=head.data.channel,
            at=1_750_000_000_000,
            text=text,
        )
        event = MessageCreated(
            id=data.message_id,
            source="conversations",
            time=to_datetime(data.at),
            subject=data.conversation_id,
            data=data,
        )
        await self.writer.message(event, data.conversation_id)
        return data.message_id

    async def outcome(self, message_id: str, seconds: float = 15.0) -> str:
        """Status of the delivery, once recorded."""

        async def recorded() -> list[str]:
            return [
                event.data.status
                for _, event in await self.records()
                if isinstance(event, DeliveryRecorded) and event.data.message_id == message_id
            ]

        (status,) = await eventually(recorded, bool, seconds)
        return status


def written(**headers: str) -> EmailMessage:
    """A customer's mail."""
    message = EmailMessage()
    values = {
        "From": "Maija Meikäläinen <maija@example.com>",
        "To": "palvelu@kaarna.example",
        "Subject": "Huollosta",
        "Message-ID": f"<{new_id()}@example.com>",
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    for name, value in values.items():
        message[name] = value
    message.set_content("Hei!\n\nMilloin auto on valmis?\n\nTerveisin Maija\n")
    return message


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site(tmp_path_factory.mktemp("email")) as made:
        yield made


@pytest.fixture(scope="module")
def ports() -> Iterator[tuple[Reservation, Reservation]]:
    made = reserve(), reserve()
    yield made
    for one in made:
        one.release()


@pytest.fixture(scope="module")
def service(site: Site, ports: tuple[Reservation, Reservation]) -> Running:
    smtp, customers = ports
    return site.service(
        "email",
        JONOTON_SMTP_PORT=str(smtp.port),
        JONOTON_SMTP_OUT=f"{HOST}:{customers.port}",
        JONOTON_SMTP_MAX_BYTES="200000",
        JONOTON_SMTP_MAX_CONNECTIONS="4",
        JONOTON_EMAIL_PATIENCE="1",
    )


@pytest.fixture
async def office(
    site: Site, service: Running, ports: tuple[Reservation, Reservation]
) -> AsyncIterator[Office]:
    service.wait_ready()
    smtp, mx = ports
    async with AsyncExitStack() as stack:
        router = await stack.enter_async_context(routed(site))
        writer = await stack.enter_async_context(Writer(site.settings))
        made = Office(site, service, smtp.port, Customers(mx.port), router, writer)
        await eventually(lambda: _accepts(made), bool)
        yield made


async def _accepts(office: Office) -> bool:
    """The pool is known: 451 has become 250."""
    return await office.accepts(written(Subject="warm-up"))


async def test_accepted_mail_is_durable_as_head_message_and_contact_in_this_order(
    office: Office,
) -> None:
    message_id = await office.send(Subject="Öljynvaihto")
    records = await office.records()
    ((raw, message),) = [
        (raw, event)
        for raw, event in records
        if isinstance(event, MessageCreated) and event.data.email_id == message_id
    ]
    conversation = message.data.conversation_id
    ((head_raw, head),) = [
        (one, event)
        for one, event in records
        if isinstance(event, ConversationStarted) and event.subject == conversation
    ]
    (contact,) = await office.contacts(conversation)
    assert head_raw.partition == raw.partition
    assert head_raw.offset < raw.offset
    assert head_raw.key == f"{conversation}/head".encode()
    assert head.data.contact_id == contact.data.contact_id
    assert head.data.subject == "Öljynvaihto"
    assert contact.data.channel == "email"
    assert contact.data.language == "fi"


async def test_mail_to_somebody_else_is_refused_and_leaves_nothing(office: Office) -> None:
    before = len(await office.records())
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refused:
        await office.send(To="toimitusjohtaja@kaarna.example")
    assert refused.value.recipients[0].code == 550
    assert len(await office.records()) == before


async def test_same_mail_twice_and_again_after_a_restart_is_one_message_and_one_contact(
    office: Office,
) -> None:
    message = written()
    await asyncio.gather(office.deliver(message), office.deliver(message))
    office.service.restart()
    message.replace_header("To", "service@kaarna.example")
    await office.deliver(message)
    (said,) = await office.said(str(message["Message-ID"]))
    assert len(await office.contacts(said.data.conversation_id)) == 1


async def test_mail_of_the_null_sender_without_any_header_becomes_an_automatic_contact(
    office: Office,
) -> None:
    client = aiosmtplib.SMTP(hostname=HOST, port=office.smtp, start_tls=False)
    text = f"Undelivered {new_id()}"
    async with client:
        await client.ehlo()
        await client.execute_command(b"MAIL FROM:<>")
        await client.rcpt("palvelu@kaarna.example")
        await client.data(text.encode())
    (said,) = [
        event
        for _, event in await office.records()
        if isinstance(event, MessageCreated) and text in event.data.text
    ]
    (contact,) = await office.contacts(said.data.conversation_id)
    assert contact.data.topic == "automatic"


async def test_answer_reaches_the_customer_once_with_the_headers_that_hold_a_thread_together(
    office: Office,
) -> None:
    message_id, head = await office.new_case(Reply_To="maija.koti@example.com")
    async with office.customers.listening():
        answer = await office.answer(head, "Hei Maija!\n\nAuto on valmis kello 15.")
        assert await office.outcome(answer) == "sent"
    (mail,) = office.customers.answers_to(message_id)
    assert mail["From"] == "palvelu@kaarna.example"
    assert mail["To"] == "maija.koti@example.com"
    assert mail["Subject"] == "Re: Huollosta"
    assert mail["References"] == message_id
    assert mail.get_content().split() == ["Hei", "Maija!", "Auto", "on", "valmis", "kello", "15."]


async def test_nothing_is_sent_again_after_a_restart_even_when_the_group_has_forgotten_its_place(
    office: Office, site: Site
) -> None:
    message_id, head = await office.new_case()
    async with office.customers.listening():
        first = await office.answer(head)
        await office.outcome(first)
        office.service.stop()
        second = await office.answer(head, "Vielä yksi asia.")
        await asyncio.to_thread(_delete_group, site)
        office.service.start()
        assert await office.outcome(second) == "sent"
    assert len(office.customers.mails) == 2
    assert len(office.customers.answers_to(message_id)) == 2


def _delete_group(site: Site) -> None:
    admin: Any = KafkaAdminClient(bootstrap_servers=site.settings.kafka)
    try:
        admin.delete_groups(["email"])
    finally:
        admin.close()


async def test_answer_waits_for_a_mail_server_that_is_away(office: Office) -> None:
    message_id, head = await office.new_case()
    answer = await office.answer(head)

    async def retried() -> float:
        return await asyncio.to_thread(office.service.metric, 'consumed_total{result="retried"')

    before = await retried()
    await eventually(retried, lambda count: count > before)
    async with office.customers.listening():
        assert await office.outcome(answer, 20) == "sent"
    assert len(office.customers.answers_to(message_id)) == 1


@pytest.mark.parametrize("refusal", ["550 5.1.1 <maija@example.com> unknown", "451 4.2.1 later"])
async def test_refused_answer_is_recorded_as_failed_and_holds_up_nobody(
    office: Office, refusal: str
) -> None:
    _, head = await office.new_case()
    office.customers.answer = refusal
    async with office.customers.listening():
        assert await office.outcome(await office.answer(head)) == "failed"
        office.customers.answer = "250 OK"
        assert await office.outcome(await office.answer(head)) == "sent"
    written_down = [
        event for _, event in await office.records() if isinstance(event, DeliveryRecorded)
    ]
    assert all("maija" not in event.data.detail for event in written_down)
    assert "maija" not in office.service.log.read_text(encoding="utf-8").lower()


async def test_reply_goes_into_its_conversation_and_opens_a_contact_only_after_the_last_is_over(
    office: Office,
) -> None:
    _, head = await office.new_case()
    async with office.customers.listening():
        await office.outcome(await office.answer(head))
    ours = office.customers.mails[0]["Message-ID"]
    conversation = head.data.conversation_id

    during = await office.send(In_Reply_To=ours)
    (said,) = await office.said(during)
    assert said.data.conversation_id == conversation
    assert len(await office.contacts(conversation)) == 1

    await office.router.complete(head.data.contact_id, "aino")
    after = await office.send(References=f"<other@example.com> {ours} <unknown@example.com>")
    (said,) = await office.said(after)
    first, second = await office.contacts(conversation)
    assert said.data.conversation_id == conversation
    assert first.data.contact_id != second.data.contact_id
    newest = (await office.heads(conversation))[-1]
    assert newest.data.contact_id == second.data.contact_id
    assert newest.data.customer == head.data.customer


async def test_forged_reply_and_strangers_reply_do_not_enter_the_conversation(
    office: Office,
) -> None:
    _, head = await office.new_case()
    async with office.customers.listening():
        await office.outcome(await office.answer(head))
    ours = str(office.customers.mails[0]["Message-ID"])
    at = ours.index("@") - 1
    forged = ours[:at] + ("0" if ours[at] != "0" else "1") + ours[at + 1 :]
    for headers in ({"In_Reply_To": forged}, {"In_Reply_To": ours, "From": "mallory@example.com"}):
        (said,) = await office.said(await office.send(**headers))
        assert said.data.conversation_id != head.data.conversation_id


async def test_conversation_that_is_no_longer_in_memory_is_read_from_the_topic(
    office: Office, site: Site
) -> None:
    message_id, head = await office.new_case()
    async with office.customers.listening():
        answer = await office.answer(head)
        await office.outcome(answer)
    conversations = Conversations(site.settings, ConversationIndex(1))
    known = await conversations.find(head.data.conversation_id, covering=0)
    assert known.head == head.data
    assert known.latest == message_id
    assert list(known.settled) == [answer]
    assert (await conversations.find(new_id())).head is None


async def test_no_mail_is_lost_or_doubled_when_the_service_is_killed_again_and_again(
    office: Office,
) -> None:
    mails = [written() for _ in range(24)]
    sending = [
        asyncio.create_task(eventually(lambda mail=mail: office.reaches(mail), bool, 90))  # type: ignore[misc]
        for mail in mails
    ]
    for enough in (6, 12):
        await eventually(lambda: _done(sending), lambda done, enough=enough: done >= enough, 60)  # type: ignore[misc]
        office.service.kill()
        await asyncio.to_thread(office.service.start)
    await asyncio.gather(*sending)
    for mail in mails:
        said = await office.said(str(mail["Message-ID"]))
        assert len({one.data.message_id for one in said}) == 1
        contacts = await office.contacts(said[0].data.conversation_id)
        assert len({one.data.contact_id for one in contacts}) == 1


async def _done(tasks: list["asyncio.Task[bool]"]) -> int:
    return sum(task.done() for task in tasks)


async def test_too_large_a_mail_is_refused_and_the_next_one_is_taken(office: Office) -> None:
    message = written()
    message.set_content("x" * 70 + "\n" + "y" * 60 + "\n" * 250_000)
    with pytest.raises(aiosmtplib.SMTPResponseException) as refused:
        await office.deliver(message)
    assert refused.value.code == 552
    await office.send()


async def test_line_without_an_end_ends_the_connection(office: Office) -> None:
    _, writer = await asyncio.open_connection(HOST, office.smtp)
    commands = "EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<palvelu@kaarna.example>\r\nDATA\r\n"
    writer.write(commands.encode())
    endless = asyncio.create_task(_write_for_ever(writer))
    async with asyncio.timeout(15):
        await asyncio.wait([endless])
    assert isinstance(endless.exception(), OSError)
    writer.close()
    await office.send()


async def _write_for_ever(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"x" * 100_000)
        await writer.drain()


async def test_one_client_too_many_is_told_to_come_later(office: Office) -> None:
    opened = [await asyncio.open_connection(HOST, office.smtp) for _ in range(4)]
    for reader, _ in opened:
        assert (await reader.readline()).startswith(b"220")
    reader, writer = await asyncio.open_connection(HOST, office.smtp)
    assert (await reader.readline()).startswith(b"421")
    for _, one in [*opened, (reader, writer)]:
        one.close()
        await one.wait_closed()
    await eventually(lambda: office.accepts(written()), bool)


async def test_without_kafka_the_mail_is_refused_for_now_and_its_retry_is_one_contact(
    office: Office, site: Site
) -> None:
    message = written()
    site.servers.broker.pause()
    try:
        for _ in range(2):
            with pytest.raises(aiosmtplib.SMTPDataError) as refused:
                await office.deliver(message)
            assert refused.value.code == 451
    finally:
        site.servers.broker.resume()
    await eventually(lambda: office.accepts(message), bool, 30)
    said = await office.said(str(message["Message-ID"]))
    assert len({one.data.message_id for one in said}) == 1
    contacts = await office.contacts(said[0].data.conversation_id)
    assert len({one.data.contact_id for one in contacts}) == 1
