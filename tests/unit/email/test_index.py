"""What is remembered of conversations."""

from services.contracts.messages import (
    Author,
    ConversationStarted,
    DeliveryRecorded,
    RecordedDelivery,
)
from services.email.index import Conversation, ConversationIndex
from services.kit.clock import to_datetime
from services.kit.log_reader import Raw
from services.kit.messages import hear
from tests.unit.email.helpers import AT, CONVERSATION, answer, created, head, raws


def started(**values: object) -> ConversationStarted:
    """A head record."""
    data = head(**values)
    return ConversationStarted(
        id="h", source="test", time=to_datetime(AT), subject=data.conversation_id, data=data
    )


def mail(number: int, channel: str = "email") -> object:
    """A customer's message by e-mail."""
    return created(
        answer(
            author=Author(kind="customer"),
            message_id=f"m{number}",
            email_id=f"<{number}@x>",
            channel=channel,
        )
    )


def delivered(message_id: str) -> DeliveryRecorded:
    """The outcome of an answer."""
    return DeliveryRecorded(
        id=f"d-{message_id}",
        source="test",
        time=to_datetime(AT),
        data=RecordedDelivery(conversation_id=CONVERSATION, message_id=message_id, status="sent"),
    )


def known(*events: object, limit: int = 10) -> Conversation:
    """The conversation after these records."""
    index = ConversationIndex(limit)
    for raw in raws(events):  # type: ignore[arg-type]
        index.take(hear(raw))
    found = index.get(CONVERSATION)
    assert found is not None
    return found


def test_conversation_remembers_its_mails_its_answers_outcomes_and_its_newest_head() -> None:
    found = known(
        started(), mail(1), created(answer()), delivered("answer-1"), mail(2), started(topic="new")
    )
    assert found.head is not None
    assert found.head.topic == "new"
    assert found.references == ["<1@x>", "<2@x>"]
    assert found.latest == "<2@x>"
    assert list(found.seen) == ["m1", "m2"]
    assert list(found.settled) == ["answer-1"]
    assert found.covers(0)


def test_long_thread_keeps_its_first_and_its_last_references() -> None:
    found = known(started(), *(mail(number) for number in range(100)))
    assert len(found.references) == 20
    assert found.references[0] == "<0@x>"
    assert found.references[-1] == "<99@x>"


def test_conversation_that_came_back_after_being_dropped_does_not_cover_what_was_before() -> None:
    found = known(
        started(), delivered("answer-1"), started(conversation_id="e" * 32), started(), limit=1
    )
    assert found.covers(3)
    assert not found.covers(1)
    assert list(found.settled) == []


def test_conversation_whose_head_is_not_known_covers_nothing() -> None:
    assert not known(mail(1)).covers(0)


def test_other_channels_are_not_remembered() -> None:
    index = ConversationIndex(10)
    for raw in raws([started(channel="chat"), mail(1, channel="chat")]):  # type: ignore[list-item]
        index.take(hear(raw))
    assert index.get(CONVERSATION) is None


def test_erased_conversation_is_forgotten() -> None:
    index = ConversationIndex(10)
    for raw in raws([started()]):
        index.take(hear(raw))
    index.take(hear(Raw(0, 1, AT, f"{CONVERSATION}/head".encode(), None)))
    assert index.get(CONVERSATION) is None
