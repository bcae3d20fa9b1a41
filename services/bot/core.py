"""When the bot speaks, what it says, and what is written of it. Pure."""

from dataclasses import dataclass
from typing import Literal

from services.bot.articles import Articles
from services.bot.words import asks_for_a_person
from services.contracts.contact_events import ContactEnded, EndedContact
from services.contracts.messages import (
    Author,
    ConversationStarted,
    CreatedMessage,
    MessageCreated,
    StartedConversation,
)
from services.kit.clock import derived_id, to_datetime
from services.kit.contact_states import ContactState

CHANNEL = "bot"
SERVED = frozenset({CHANNEL, "chat"})
"""The channels in which the bot may speak."""
AUTHOR = Author(kind="bot")
MAX_TEXT = 4000

Silence = Literal["assigned", "over", "person", "topic", "unknown"]
"""Why the bot says nothing: an agent has the contact; nobody waits; a person was asked for; the
topic is a person's; there is no article for exactly these words."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the bot says, and in which language."""

    text: str
    language: str


def reply(
    articles: Articles | None,
    head: StartedConversation,
    text: str,
    contact: ContactState | None,
    *,
    wants_person: bool,
    has_spoken: bool,
) -> Reply | Silence:
    """The bot's word on the customer's `text`.

    `contact` is where the contact is by the journal (None: not there yet, nobody has it);
    `wants_person`: the customer has asked for a person before; `has_spoken`: the bot has said in
    this conversation what it is.
    """
    if contact == "assigned":
        return "assigned"
    if contact in {"wrapping", "over"}:
        return "over"
    if wants_person or asks_for_a_person(text):
        return "person"
    if articles is None:
        return "unknown"
    if head.topic in articles.always_a_person:
        return "topic"
    found = articles.find(text, head.language)
    if found is None:
        return "unknown"
    introduction = "" if has_spoken else f"{articles.introduction.to(found.language)}\n\n"
    return Reply(introduction + found.text, found.language)


def answer_id(question: CreatedMessage) -> str:
    """The id of the bot's answer: the same for every copy of the question."""
    return derived_id(question.conversation_id, "bot", question.cid)


def answer_of(question: CreatedMessage, said: Reply, at: int) -> MessageCreated:
    """The bot's answer as a message."""
    identity = answer_id(question)
    return MessageCreated(
        id=identity,
        source=CHANNEL,
        time=to_datetime(at),
        subject=question.conversation_id,
        data=CreatedMessage(
            conversation_id=question.conversation_id,
            message_id=identity,
            cid=identity,
            author=AUTHOR,
            channel=question.channel,
            at=at,
            text=said.text,
            language=said.language,
        ),
    )


def opening(
    pool: str, language: str, text: str, cid: str, at: int
) -> tuple[ConversationStarted, MessageCreated]:
    """A new conversation with the bot: its head and the customer's question."""
    conversation_id = derived_id("conversation", CHANNEL, pool, cid)
    time = to_datetime(at)
    head = StartedConversation(
        conversation_id=conversation_id,
        contact_id=derived_id("contact", CHANNEL, pool, cid),
        pool=pool,
        channel=CHANNEL,
        opened_at=at,
        language=language,
    )
    message_id = derived_id(conversation_id, "customer", cid)
    message = CreatedMessage(
        conversation_id=conversation_id,
        message_id=message_id,
        cid=cid,
        author=Author(kind="customer"),
        channel=CHANNEL,
        at=at,
        text=text,
        language=language,
    )
    return (
        ConversationStarted(
            id=conversation_id, source=CHANNEL, time=time, subject=conversation_id, data=head
        ),
        MessageCreated(
            id=message_id, source=CHANNEL, time=time, subject=conversation_id, data=message
        ),
    )


def solved(head: StartedConversation, at: int) -> ContactEnded:
    """The customer has what was asked for and needs nobody."""
    return ContactEnded(
        id=derived_id("solved", head.contact_id),
        source=CHANNEL,
        time=to_datetime(at),
        subject=head.contact_id,
        data=EndedContact(pool=head.pool, contact_id=head.contact_id, reason="solved"),
    )
