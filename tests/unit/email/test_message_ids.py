"""Our Message-IDs."""

from services.email.message_ids import MessageIds
from tests.unit.email.helpers import CONVERSATION, IDS


def test_own_id_says_its_conversation_and_a_forged_one_nothing() -> None:
    own = IDS.make(CONVERSATION, "m", "kaarna.example")
    assert IDS.conversation(own) == CONVERSATION
    assert own == IDS.make(CONVERSATION, "m", "kaarna.example")
    assert IDS.conversation(own.replace("c" * 32, "d" * 32)) is None
    assert IDS.conversation(MessageIds("another key").make(CONVERSATION, "m", "x")) is None
    assert IDS.conversation("<1@example.com>") is None
    assert IDS.conversation("") is None


def test_two_messages_have_two_ids() -> None:
    assert IDS.make(CONVERSATION, "m", "x") != IDS.make(CONVERSATION, "n", "x")
