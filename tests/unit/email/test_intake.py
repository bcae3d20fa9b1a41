"""Taking a mail in: in order, once, and where somebody looks."""

import asyncio
from dataclasses import dataclass, field

import pytest

from services.contracts.codec import encode
from services.contracts.contact_events import ContactOpened
from services.contracts.messages import ConversationStarted, MessageCreated
from services.contracts.pool import ChannelConfig, PoolConfig, QueueConfig
from services.contracts.topics import MESSAGES
from services.email.index import Conversation, ConversationIndex
from services.email.intake import Intake
from services.email.routes import Route
from services.kit.clock import SetClock, to_datetime
from services.kit.contact_states import ContactState
from services.kit.errors import Unavailable
from services.kit.log_reader import Raw
from services.kit.messages import hear
from services.kit.metrics import Metrics
from services.kit.settings import Settings
from tests.support.fakes import FakePools, FakePublisher
from tests.unit.email.helpers import AT, CONVERSATION, IDS, ROUTED, head, written

pytestmark = pytest.mark.anyio
POOL = PoolConfig(
    pool="kaarna/service",
    partition=3,
    channels={"email": ChannelConfig(cost=30)},
    queues={"all": QueueConfig()},
    fallback_queue="all",
)
OURS = IDS.make(CONVERSATION, "answer-1", "kaarna.example")


@dataclass
class Site:
    """A broker that is read at once. `states` are the contacts by the journal; `at_the_end` what
    the journal says about the open contact from the second look on."""

    publisher: FakePublisher = field(default_factory=FakePublisher)
    pools: FakePools = field(default_factory=lambda: FakePools({POOL.pool: POOL}))
    index: ConversationIndex = field(default_factory=lambda: ConversationIndex(100))
    states: dict[str, ContactState] = field(default_factory=dict)
    at_the_end: ContactState | None = None
    looks: int = 0
    read: int = 0

    async def current(self, _: int) -> None:
        """As both followers."""
        for one in self.publisher.written[self.read :]:
            if one.topic is MESSAGES:
                raw = Raw(0, self.read, AT, one.key.encode(), encode(one.event))
                self.index.take(hear(raw))
            self.read += 1

    async def find(self, conversation_id: str) -> Conversation:
        """As `Conversations`."""
        return self.index.get(conversation_id) or Conversation(since=0)

    def get(self, contact_id: str) -> ContactState | None:
        """As `ContactStates`."""
        if contact_id == "d" * 32:
            self.looks += 1
            if self.looks > 1 and self.at_the_end is not None:
                return self.at_the_end
        return self.states.get(contact_id)

    def intake(self) -> Intake:
        """A process; each starts with nothing in memory."""
        return Intake(
            Settings(),
            clock=SetClock(),
            metrics=Metrics("email"),
            publisher=self.publisher,  # type: ignore[arg-type]
            pools=self.pools,  # type: ignore[arg-type]
            routes=ROUTED,
            ids=IDS,
            index=self.index,
            conversations=self,  # type: ignore[arg-type]
            messages=self,  # type: ignore[arg-type]
            journal=self,  # type: ignore[arg-type]
            contacts=self,  # type: ignore[arg-type]
        )

    async def accept(self, raw: bytes, *addresses: str) -> None:
        """In a process of its own."""
        routes = addresses or ("palvelu@kaarna.example",)
        found = [route for one in routes if (route := ROUTED.find(one)) is not None]
        await self.intake().accept(raw, "maija@example.com", found)

    def events(self) -> list[object]:
        """Written, in order."""
        return [one.event for one in self.publisher.written]

    def kinds(self) -> list[type]:
        """Of the events written."""
        return [type(event) for event in self.events()]

    async def known_conversation(self, state: ContactState) -> None:
        """One that an agent has answered."""
        data = head()
        started = ConversationStarted(
            id="h", source="email", time=to_datetime(AT), subject=CONVERSATION, data=data
        )
        await self.publisher.publish(MESSAGES, started, key=f"{CONVERSATION}/head")
        await self.current(0)
        self.states[data.contact_id] = state


async def test_head_and_message_are_written_before_the_contact_and_to_the_pools_partition() -> None:
    site = Site()
    await site.accept(written())
    assert site.kinds() == [ConversationStarted, MessageCreated, ContactOpened]
    started, message, contact = site.publisher.written
    assert started.key.endswith("/head")
    assert started.position.partition == message.position.partition
    assert (contact.key, contact.position.partition) == ("kaarna/service", 3)


@pytest.mark.parametrize(("topic", "before"), [("messages", 0), ("contact-events", 2)])
async def test_contact_is_only_written_after_its_message(topic: str, before: int) -> None:
    site = Site()
    site.publisher.away = {topic}
    with pytest.raises(Unavailable):
        await site.accept(written())
    assert len(site.events()) == before
    site.publisher.away = set()
    await site.accept(written())
    assert site.kinds().count(MessageCreated) == 1
    assert site.kinds()[-1] is ContactOpened


async def test_mail_whose_acknowledgement_was_lost_is_not_said_twice() -> None:
    site = Site()
    site.publisher.away, site.publisher.unknown = {"messages", "contact-events"}, True
    with pytest.raises(Unavailable):
        await site.accept(written())
    site.publisher.away = set()
    await site.accept(written())
    assert site.kinds().count(MessageCreated) == 1
    assert site.kinds().count(ContactOpened) == 1


async def test_mail_that_everybody_knows_writes_nothing_more() -> None:
    site = Site()
    await site.accept(written())
    contact = site.events()[2]
    assert isinstance(contact, ContactOpened)
    site.states[contact.data.contact_id] = "over"
    await site.accept(written(), "service@kaarna.example", "kund@kaarna.example")
    assert len(site.events()) == 3


async def test_mail_over_two_connections_at_once_is_one() -> None:
    site = Site()
    intake = site.intake()
    routes = [route for route in [ROUTED.find("palvelu@kaarna.example")] if route is not None]
    await asyncio.gather(*(intake.accept(written(), "a@b.example", routes) for _ in range(5)))
    assert len(site.events()) == 3


async def test_client_that_hangs_up_does_not_cut_the_mail_in_two() -> None:
    site = Site()
    intake = site.intake()
    routes = [route for route in [ROUTED.find("palvelu@kaarna.example")] if route is not None]
    work = asyncio.create_task(intake.accept(written(), "a@b.example", routes))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    work.cancel()
    await intake.drain()
    assert len(site.events()) == 3


async def test_without_its_pool_the_mail_is_not_taken() -> None:
    empty: dict[str, PoolConfig] = {}
    for pools in (None, empty):
        site = Site(pools=FakePools(pools))
        with pytest.raises(Unavailable):
            await site.accept(written())
        assert site.events() == []


@pytest.mark.parametrize("state", ["waiting", "assigned"])
async def test_reply_into_an_open_contact_is_a_message_alone(state: ContactState) -> None:
    site = Site()
    await site.known_conversation(state)
    await site.accept(written(In_Reply_To=OURS))
    assert site.kinds()[1:] == [MessageCreated]


@pytest.mark.parametrize("state", ["wrapping", "over"])
async def test_reply_after_the_talk_opens_a_contact_in_the_conversation(
    state: ContactState,
) -> None:
    site = Site()
    await site.known_conversation(state)
    await site.accept(written(In_Reply_To=OURS))
    assert site.kinds()[1:] == [ConversationStarted, MessageCreated, ContactOpened]
    contact = site.events()[-1]
    assert isinstance(contact, ContactOpened)
    assert contact.data.conversation_id == CONVERSATION


async def test_reply_that_crosses_the_end_of_its_contact_opens_a_new_one() -> None:
    site = Site(at_the_end="over")
    await site.known_conversation("assigned")
    await site.accept(written(In_Reply_To=OURS))
    assert site.kinds()[1:] == [MessageCreated, ConversationStarted, ContactOpened]


async def test_reply_to_another_company_is_no_reply() -> None:
    site = Site()
    await site.known_conversation("assigned")
    other = Route("hello@acme.example", "acme/all", "en")
    assert site.pools.pools is not None
    site.pools.pools["acme/all"] = POOL
    await site.intake().accept(written(In_Reply_To=OURS), "maija@example.com", [other])
    message = site.events()[2]
    assert isinstance(message, MessageCreated)
    assert message.data.conversation_id != CONVERSATION
