"""The chat's index: which record of a doubled message counts, and what is dropped when."""

from hypothesis import given
from hypothesis import strategies as st

from services.chat import core
from services.chat.index import KEPT_MESSAGES, Index
from services.contracts.messages import (
    Author,
    ConversationStarted,
    CreatedMessage,
    MessageCreated,
)
from services.kit.clock import to_datetime


def head(cid: str = "c" * 16) -> ConversationStarted:
    return core.head_of(core.Opening("kaarna/service", "fi", "Hei", cid), 1000)


def message(conversation: str, cid: str, text: str = "x", author: str = "") -> MessageCreated:
    return MessageCreated(
        id=f"id-{cid}",
        source="test",
        time=to_datetime(0),
        data=CreatedMessage(
            conversation_id=conversation,
            message_id=f"id-{cid}",
            cid=cid,
            author=Author(kind="agent", id=author) if author else Author(kind="customer"),
            channel="chat",
            at=0,
            text=text,
        ),
    )


def index(conversations: int = 100, characters: int = 100_000) -> Index:
    return Index(conversations=conversations, characters=characters)


def texts(held: Index, conversation: str, after: int = -1) -> list[str]:
    found = held.get(conversation)
    assert found is not None
    return [said.message.text for said in found.after(after)]


def test_first_record_of_a_doubled_cid_counts() -> None:
    held, start = index(), head()
    conversation = start.data.conversation_id
    held.take(0, "head", start)
    assert held.take(1, "a", message(conversation, "m", "first")) is not None
    assert held.take(2, "b", message(conversation, "m", "second")) is None
    assert texts(held, conversation) == ["first"]
    assert held.seq(conversation, ("customer", "", "m")) == 1


def test_same_cid_of_another_author_is_another_message() -> None:
    held, start = index(), head()
    conversation = start.data.conversation_id
    held.take(0, "head", start)
    held.take(1, "a", message(conversation, "m", "asked"))
    held.take(2, "b", message(conversation, "m", "answered", author="anna"))
    held.take(3, "c", message(conversation, "m", "answered too", author="bertta"))
    assert texts(held, conversation) == ["asked", "answered", "answered too"]
    assert texts(held, conversation, after=1) == ["answered", "answered too"]


def test_conversation_is_not_known_before_its_head() -> None:
    held, start = index(), head()
    conversation = start.data.conversation_id
    held.take(0, "a", message(conversation, "m"))
    assert held.get(conversation) is None
    held.take(1, "head", start)
    assert texts(held, conversation) == ["x"]


def test_first_head_counts() -> None:
    held, start = index(), head()
    held.take(0, "head", start)
    held.take(1, "head", core.head_of(core.Opening("kaarna/service", "sv", "", "c" * 16), 9000))
    found = held.get(start.data.conversation_id)
    assert found is not None
    assert found.head is not None
    assert found.head.data.opened_at == 1000


def test_other_channels_take_no_room() -> None:
    held = index()
    event = message("other", "m")
    mail = CreatedMessage(
        conversation_id="other",
        message_id="m",
        cid="m",
        author=Author(kind="customer"),
        channel="email",
        at=0,
        text="",
    )
    held.take(0, "a", MessageCreated(id="m", source="test", time=event.time, data=mail))
    assert len(held) == 0


def test_oldest_conversation_goes_first_unless_a_socket_holds_it() -> None:
    held = index(conversations=2)
    heads = [head(f"{number}" * 16) for number in range(4)]
    ids = [one.data.conversation_id for one in heads]
    held.take(0, "head", heads[0])
    held.hold(ids[0], 1)
    for number in (1, 2, 3):
        held.take(number, "head", heads[number])
    assert [held.get(one) is not None for one in ids] == [True, False, False, True]
    assert held.dropped == 2
    held.hold(ids[0], -1)
    held.take(9, "a", message(ids[3], "m"))
    held.take(10, "head", heads[1])
    assert [held.get(one) is not None for one in ids] == [False, True, False, True]


def test_long_conversation_keeps_its_newest_messages_and_says_so() -> None:
    held, start = index(), head()
    conversation = start.data.conversation_id
    held.take(0, "head", start)
    for seq in range(1, KEPT_MESSAGES + 4):
        held.take(seq, str(seq), message(conversation, str(seq), str(seq)))
    found = held.get(conversation)
    assert found is not None
    assert found.dropped_to == 3
    assert texts(held, conversation)[0] == "4"
    assert held.take(9999, "x", message(conversation, "1")) is None


def test_erased_message_and_conversation_are_gone() -> None:
    held, start = index(), head()
    conversation = start.data.conversation_id
    held.take(0, "head", start)
    held.take(1, "a", message(conversation, "m", "secret"))
    held.take(2, "b", message(conversation, "n", "kept"))
    held.erase(conversation, "a")
    assert texts(held, conversation) == ["kept"]
    held.erase(conversation, "head")
    assert held.get(conversation) is None
    held.erase("never heard of", "a")


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4), st.integers(0, 30))))
def test_room_is_counted_right_whatever_comes(steps: list[tuple[int, int, int]]) -> None:
    held = index(conversations=3, characters=60)
    heads = [head(f"{number}" * 16) for number in range(6)]
    for seq, (which, kind, size) in enumerate(steps):
        conversation = heads[which].data.conversation_id
        if kind == 0:
            held.take(seq, "head", heads[which])
        elif kind == 1:
            held.erase(conversation, str(size))
        else:
            held.take(seq, str(size), message(conversation, str(size), "x" * size))
        counted = sum(one.characters for one in held._by_id.values())
        said = sum(len(m.message.text) for one in held._by_id.values() for m in one.said)
        assert held._characters == counted == said
        assert len(held) <= 3
        assert said <= 60 or len(held) == 1


@given(st.permutations(range(6)), st.permutations(range(6)))
def test_two_replicas_that_read_the_same_log_show_the_same(
    first: list[int], second: list[int]
) -> None:
    """Heads come anywhere between; doubles come in any order, but the same for all."""
    start = head()
    conversation = start.data.conversation_id
    log = [("a", "m-1"), ("b", "m-1"), ("c", "m-2"), ("d", "m-1"), ("e", "m-3"), ("f", "m-2")]
    shown = []
    for order in (first, second):
        held = index()
        held_head = order.index(0)
        for seq, (record, cid) in enumerate(log):
            if seq == held_head:
                held.take(100, "head", start)
            held.take(seq, record, message(conversation, cid, record))
        shown.append(texts(held, conversation))
    assert shown[0] == shown[1] == ["a", "c", "e"]
