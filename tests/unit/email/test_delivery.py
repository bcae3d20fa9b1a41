"""Agents' answers go out once, with an outcome."""

import asyncio
from dataclasses import dataclass, field

import pytest

from services.contracts.messages import Author, Customer, RecordedDelivery, StartedConversation
from services.email.adapters import Handed
from services.email.compose import Outgoing
from services.email.delivery import Delivery
from services.email.index import Conversation
from services.kit.clock import SetClock
from services.kit.errors import Unavailable
from services.kit.log_reader import Raw
from services.kit.metrics import Metrics
from services.kit.settings import Settings
from tests.support.fakes import FakePublisher
from tests.unit.email.helpers import AT, IDS, ROUTED, answer, created, head

pytestmark = pytest.mark.anyio
RAW = Raw(0, 5, AT, b"k", b"v")


@dataclass
class Post:
    """An SMTP server that answers as it is told, and a broker."""

    answers: list[Handed | Unavailable] = field(default_factory=list)
    sent: list[Outgoing] = field(default_factory=list)
    known: Conversation = field(default_factory=lambda: Conversation(since=0, head=head()))
    publisher: FakePublisher = field(default_factory=FakePublisher)
    clock: SetClock = field(default_factory=SetClock)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    async def send(self, mail: Outgoing) -> Handed:
        """As `SmtpOut`."""
        await self.gate.wait()
        self.sent.append(mail)
        said = self.answers.pop(0) if self.answers else Handed("sent", "")
        if isinstance(said, Unavailable):
            raise said
        return said

    async def current(self, _: int) -> None:
        """As `Follower`."""

    async def find(self, _: str, *, covering: int) -> Conversation:
        """As `Conversations`; what is recorded is known at once."""
        assert covering == RAW.offset
        self.known.settled.extend(one.message_id for one in self.recorded())
        return self.known

    def recorded(self) -> list[RecordedDelivery]:
        """The outcomes written."""
        return [one.event.data for one in self.publisher.written]  # type: ignore[attr-defined]

    def delivery(self) -> Delivery:
        """A process that delivers; each starts with nothing in memory."""
        return Delivery(
            Settings(),
            clock=self.clock,
            metrics=Metrics("email"),
            publisher=self.publisher,  # type: ignore[arg-type]
            messages=self,  # type: ignore[arg-type]
            conversations=self,  # type: ignore[arg-type]
            routes=ROUTED,
            ids=IDS,
            smtp=self,  # type: ignore[arg-type]
            patience=60.0,
        )


def outcomes(post: Post) -> list[tuple[str, str]]:
    """Status and detail of each record."""
    return [(one.status, one.detail) for one in post.recorded()]


async def test_answer_is_sent_once_and_recorded_however_often_it_is_read() -> None:
    post = Post()
    for delivery in (post.delivery(), post.delivery()):
        for _ in range(2):
            await delivery.handle(created(answer()), RAW)
    assert len(post.sent) == 1
    assert outcomes(post) == [("sent", "")]
    assert post.publisher.written[0].key == f"{'c' * 32}/answer-1.sent"


@pytest.mark.parametrize("kind", ["customer", "bot", "system"])
async def test_only_agents_are_sent(kind: str) -> None:
    post = Post()
    await post.delivery().handle(created(answer(author=Author(kind=kind))), RAW)  # type: ignore[arg-type]
    assert (post.sent, outcomes(post)) == ([], [])


async def test_only_channels_without_a_socket_are_sent() -> None:
    post = Post()
    await post.delivery().handle(created(answer(channel="chat")), RAW)
    assert post.sent == []
    await post.delivery().handle(created(answer(channel="form")), RAW)
    assert len(post.sent) == 1


async def test_mail_that_was_sent_is_not_sent_again_when_its_record_fails() -> None:
    post = Post()
    post.publisher.away = {"messages"}
    delivery = post.delivery()
    with pytest.raises(Unavailable):
        await delivery.handle(created(answer()), RAW)
    post.publisher.away = set()
    await delivery.handle(created(answer()), RAW)
    assert len(post.sent) == 1
    assert outcomes(post) == [("sent", "")]


async def test_server_that_is_away_is_waited_for() -> None:
    post = Post(answers=[Unavailable("away")])
    delivery = post.delivery()
    with pytest.raises(Unavailable):
        await delivery.handle(created(answer()), RAW)
    assert outcomes(post) == []
    await delivery.handle(created(answer()), RAW)
    assert outcomes(post) == [("sent", "")]


async def test_refusal_for_good_is_recorded_as_failed() -> None:
    post = Post(answers=[Handed("failed", "550 5.1.1")])
    await post.delivery().handle(created(answer()), RAW)
    assert outcomes(post) == [("failed", "550 5.1.1")]


async def test_refusal_for_now_is_tried_again_until_patience_ends() -> None:
    post = Post(answers=[Handed("refused_for_now", "450 4.2.1")] * 3)
    delivery = post.delivery()
    for _ in range(2):
        with pytest.raises(Unavailable):
            await delivery.handle(created(answer()), RAW)
        post.clock.advance(30)
    await delivery.handle(created(answer()), RAW)
    assert outcomes(post) == [("failed", "450 4.2.1")]


@pytest.mark.parametrize("started", [None, head(customer=Customer())])
async def test_answer_to_nobody_is_recorded_as_failed(started: StartedConversation | None) -> None:
    post = Post(known=Conversation(since=0, head=started))
    await post.delivery().handle(created(answer()), RAW)
    assert post.sent == []
    assert [status for status, _ in outcomes(post)] == ["failed"]


async def test_stop_in_the_middle_lets_the_mail_in_hand_be_recorded() -> None:
    post = Post()
    post.gate.clear()
    work = asyncio.create_task(post.delivery().handle(created(answer()), RAW))
    await asyncio.sleep(0)
    work.cancel()
    await asyncio.sleep(0)
    post.gate.set()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert outcomes(post) == [("sent", "")]
