"""What the bot remembers of conversations."""

from services.bot.index import Conversation, ConversationIndex
from services.contracts.codec import encode
from services.contracts.messages import (
    Author,
    ConversationStarted,
    CreatedMessage,
    MessageCreated,
    MessageEvent,
)
from services.kit.clock import to_datetime
from services.kit.log_reader import Raw
from services.kit.messages import hear
from tests.unit.bot.helpers import AT, CONVERSATION, head, question


def started(**values: object) -> ConversationStarted:
    """A head record."""
    data = head(**values)
    return ConversationStarted(
        id="h", source="test", time=to_datetime(AT), subject=data.conversation_id, data=data
    )


def created(message: CreatedMessage) -> MessageCreated:
    """The event of a message."""
    return MessageCreated(id="m", source="test", time=to_datetime(AT), data=message)


def index_of(*events: MessageEvent, limit: int = 10) -> ConversationIndex:
    """After these records."""
    index = ConversationIndex(limit)
    for offset, event in enumerate(events):
        index.take(hear(Raw(0, offset, AT, b"k", encode(event))))
    return index


def known(*events: MessageEvent) -> Conversation:
    """The conversation after these records."""
    found = index_of(*events).get(CONVERSATION)
    assert found is not None
    return found


def test_a_persons_wish_counts_from_the_message_after_it_to_the_end() -> None:
    found = known(
        started(),
        created(question()),
        created(question("Haluan puhua ihmiselle", cid="m2")),
        created(question("Milloin olette auki?", cid="m3")),
    )
    assert found.asked
    assert [found.wants_person(offset) for offset in (1, 2, 3)] == [False, False, True]


def test_answers_are_remembered_and_the_first_of_a_double_counts() -> None:
    bot = Author(kind="bot")
    found = known(
        started(),
        created(question("Kello 7.30.", author=bot, message_id="a")),
        created(question("Muuta.", author=bot, message_id="a")),
        created(question("Ihminen tässä, hei", author=Author(kind="agent", id="aino"))),
    )
    assert found.answers == {"a": "Kello 7.30."}
    assert found.person_from is None
    assert not found.asked


def test_conversations_of_other_channels_are_not_remembered() -> None:
    index = index_of(started(channel="email"), created(question(channel="email")))
    assert index.get(CONVERSATION) is None


def test_oldest_conversation_makes_room() -> None:
    index = index_of(
        started(),
        started(conversation_id="e" * 32),
        created(question()),
        started(conversation_id="f" * 32),
        limit=2,
    )
    assert index.get("e" * 32) is None
    assert index.get(CONVERSATION) is not None


def test_erased_conversation_is_forgotten() -> None:
    index = index_of(started())
    index.take(hear(Raw(0, 1, AT, f"{CONVERSATION}/head".encode(), None)))
    assert index.get(CONVERSATION) is None
