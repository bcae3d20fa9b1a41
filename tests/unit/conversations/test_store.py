"""The transcripts' index."""

from collections.abc import Iterator

import pytest

from services.contracts.messages import (
    Author,
    ConversationStarted,
    CreatedMessage,
    DeliveryRecorded,
    MessageCreated,
    MessageEvent,
    RecordedDelivery,
    StartedConversation,
)
from services.conversations.store import Store, Taken
from services.kit.clock import to_datetime
from services.kit.log_reader import Raw
from services.kit.messages import Heard

TIME = to_datetime(0)


class Log:
    """A topic in memory that a store reads."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.offset = -1

    def put(self, record: str, event: MessageEvent | None, conversation: str = "v") -> Taken:
        self.offset += 1
        raw = Raw(0, self.offset, 0, None, None)
        return self.store.take([Heard(conversation, record, raw, event)])

    def say(self, text: str, cid: str = "", agent: str = "", conversation: str = "v") -> Taken:
        cid = cid or text
        author = Author(kind="agent", id=agent) if agent else Author(kind="customer")
        data = CreatedMessage(
            conversation_id=conversation,
            message_id=f"m-{agent}-{cid}",
            cid=cid,
            author=author,
            channel="chat",
            at=0,
            text=text,
        )
        event = MessageCreated(id=data.message_id, source="t", time=TIME, data=data)
        return self.put(f"r{self.offset + 1}", event, conversation)

    def head(self, contact: str, channel: str = "form") -> Taken:
        data = StartedConversation(
            conversation_id="v",
            contact_id=contact,
            pool="kaarna/service",
            channel=channel,
            opened_at=self.offset + 1,
        )
        return self.put("head", ConversationStarted(id=contact, source="t", time=TIME, data=data))

    def texts(self, after: int = -1, limit: int = 100, conversation: str = "v") -> list[str]:
        return [one.message.text for one in self.store.after(conversation, after, limit)]


@pytest.fixture
def log() -> Iterator[Log]:
    store = Store(1024 * 1024)
    yield Log(store)
    store.close()


def test_transcript_is_in_order_and_of_one_conversation(log: Log) -> None:
    for text in ("a", "b", "c"):
        log.say(text)
        log.say(text.upper(), conversation="w")
    assert log.texts() == ["a", "b", "c"]
    assert log.texts(after=0) == ["b", "c"]
    assert log.texts(limit=2) == ["a", "b"]


def test_first_of_doubles_counts_and_only_it_is_new(log: Log) -> None:
    assert len(log.say("first", cid="k").said) == 1
    assert log.say("second", cid="k").said == []
    assert len(log.say("of an agent", cid="k", agent="anna").said) == 1
    assert len(log.say("of another", cid="k", agent="bertta").said) == 1
    assert log.texts() == ["first", "of an agent", "of another"]
    found = log.store.find("v", "agent", "anna", "k")
    assert found is not None
    assert (found.seq, found.message.text) == (2, "of an agent")
    assert log.store.find("v", "agent", "anna", "other") is None


def test_head_is_the_newest_contacts_and_of_doubles_the_first(log: Log) -> None:
    assert log.store.head("v") is None
    log.head("c1")
    log.head("c1")
    head = log.store.head("v")
    assert head is not None
    assert head.opened_at == 0
    log.head("c2", channel="email")
    head = log.store.head("v")
    assert head is not None
    assert (head.contact_id, head.channel) == ("c2", "email")


def test_newest_messages_are_bounded_by_number_and_by_length(log: Log) -> None:
    for text in ("a", "b" * 50, "c", "d"):
        log.say(text)
    newest = [one.message.text for one in log.store.newest("v", 3, 1000)]
    assert newest == ["b" * 50, "c", "d"]
    assert [one.message.text for one in log.store.newest("v", 9, 10)] == ["b" * 50, "c", "d"]
    assert [one.message.text for one in log.store.newest("v", 9, 1)] == ["d"]
    assert log.store.newest("w", 9, 1) == []


def test_delivery_stands_beside_its_message_whichever_comes_first(log: Log) -> None:
    for status in ("failed", "sent"):
        data = RecordedDelivery(
            conversation_id="v",
            message_id="m-anna-k",
            status=status,
            detail=f"it was {status}",
        )
        log.put("m-anna-k.sent", DeliveryRecorded(id="d", source="t", time=TIME, data=data))
    log.say("x", cid="k", agent="anna")
    (said,) = log.store.after("v", -1, 9)
    assert (said.status, said.detail) == ("sent", "it was sent")


def test_erased_records_are_gone(log: Log) -> None:
    log.head("c")
    log.say("secret")
    log.say("kept")
    log.put("r1", None)
    log.put("head", None)
    assert log.texts() == ["kept"]
    assert log.store.head("v") is None


def test_who_handled_a_conversation_is_kept(log: Log) -> None:
    log.store.handle([("v", "kaarna", "anna"), ("v", "kaarna", "anna")])
    assert log.store.handled("v", "kaarna", "anna")
    assert not log.store.handled("v", "other", "anna")
    assert not log.store.handled("w", "kaarna", "anna")
