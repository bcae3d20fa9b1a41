"""What a mail becomes: which conversation it belongs to, and the events to publish. Pure."""

from dataclasses import dataclass
from typing import Literal

import msgspec

from services.contracts.contact_events import ContactOpened
from services.contracts.conversation import contact_opened
from services.contracts.messages import (
    Author,
    ConversationStarted,
    CreatedMessage,
    Customer,
    MessageCreated,
    StartedConversation,
)
from services.email.language import guess
from services.email.mail import Mail
from services.email.routes import Route
from services.email.texts import say
from services.kit.clock import derived_id, to_datetime

CHANNEL = "email"
ANSWERED = frozenset({CHANNEL, "form"})
"""Channels whose customers are answered by e-mail: a form's receipt promises it."""
AUTOMATIC = "automatic"
"""The topic of mails that no person wrote."""


@dataclass(frozen=True, slots=True)
class Thread:
    """The conversation that a mail answers; `open`: its contact is still waiting or in hand."""

    head: StartedConversation
    open: bool


@dataclass(frozen=True, slots=True)
class Intake:
    """The events of one mail. `head` and `contact` are None when a live contact has it already."""

    message: MessageCreated
    head: ConversationStarted | None = None
    contact: ContactOpened | None = None


def mail_id(mail: Mail, pool: str) -> str:
    """The id of a mail in a pool, the same however often and over whichever mailbox it comes.

    It holds the sender: somebody else's mail that bears the same Message-ID is another mail.
    """
    if mail.message_id:
        return derived_id("email", pool, mail.sender.lower(), mail.message_id)
    return derived_id("email-raw", pool, mail.digest)


def intake(mail: Mail, route: Route, at: int, thread: Thread | None) -> Intake:
    """What to publish for a mail that came at `at` (ms) to `route`.

    A reply into an open contact is a message and nothing more. A reply whose contact is over is a
    new contact in the same conversation: the head is written anew with its id (and with e-mail as
    its channel, if it began with a form). A stranger's
    reply (not the customer of the conversation) is a conversation of its own that says where it
    may belong; a machine's (a bounce of our answer) is shown in the conversation, as the system's.
    """
    identity = mail_id(mail, route.pool)
    stranger = thread is not None and not _is_customer(mail, thread.head)
    if thread is None or (stranger and not mail.automatic):
        head = _new_head(mail, route, at, identity, thread)
        return _first(mail, head, identity, at, "customer")
    author: Literal["customer", "system"] = "system" if stranger else "customer"
    if thread.open:
        return Intake(_message(mail, thread.head, identity, at, author))
    head = msgspec.structs.replace(
        thread.head,
        contact_id=derived_id("email.contact", identity),
        channel=CHANNEL,
        opened_at=at,
        topic=AUTOMATIC if mail.automatic else _topic_of_person(thread.head.topic),
    )
    return _first(mail, head, identity, at, author)


def message_id(identity: str) -> str:
    """The id of the message that a mail becomes."""
    return derived_id("email.message", identity)


def conversation_id(identity: str) -> str:
    """The id of the conversation that a mail begins."""
    return derived_id("email.conversation", identity)


def _new_head(
    mail: Mail, route: Route, at: int, identity: str, thread: Thread | None
) -> StartedConversation:
    language = guess(f"{mail.subject}\n{mail.text}", route.language)
    details = {}
    if thread is not None:
        details[say("may_belong_to", language)] = thread.head.conversation_id
    return StartedConversation(
        conversation_id=conversation_id(identity),
        contact_id=derived_id("email.contact", identity),
        pool=route.pool,
        channel=CHANNEL,
        opened_at=at,
        language=language,
        topic=AUTOMATIC if mail.automatic else "",
        subject=mail.subject,
        customer=Customer(name=mail.name, email=mail.answer_to),
        # The mailbox is ours and says nothing about the customer: rules may read it.
        fields={"mailbox": route.address},
        details=details,
    )


def _first(
    mail: Mail,
    head: StartedConversation,
    identity: str,
    at: int,
    author: Literal["customer", "system"],
) -> Intake:
    started = ConversationStarted(
        id=derived_id("email.head", identity),
        source=CHANNEL,
        time=to_datetime(at),
        subject=head.conversation_id,
        data=head,
    )
    return Intake(
        message=_message(mail, head, identity, at, author),
        head=started,
        contact=contact_opened(started, CHANNEL),
    )


def _message(
    mail: Mail,
    head: StartedConversation,
    identity: str,
    at: int,
    author: Literal["customer", "system"],
) -> MessageCreated:
    language = head.language
    notes = []
    if not mail.readable:
        notes.append(say("unreadable", language))
    notes.append(mail.text or say("no_text", language))
    if mail.cut:
        notes.append(say("cut", language))
    if mail.attachments:
        notes.append(say("attachments", language, names=", ".join(mail.attachments)))
    return MessageCreated(
        id=derived_id("email.created", identity),
        source=CHANNEL,
        time=to_datetime(at),
        subject=head.conversation_id,
        data=CreatedMessage(
            conversation_id=head.conversation_id,
            message_id=message_id(identity),
            cid=identity,
            author=Author(kind=author),
            channel=CHANNEL,
            at=at,
            text="\n\n".join(notes),
            language=guess(mail.text, language),
            subject=mail.subject,
            email_id=mail.message_id,
            in_reply_to=mail.parents[0] if mail.parents else "",
        ),
    )


def _is_customer(mail: Mail, head: StartedConversation) -> bool:
    theirs = head.customer.email.lower()
    return bool(theirs) and theirs in {mail.sender.lower(), mail.answer_to.lower()}


def _topic_of_person(topic: str) -> str:
    return "" if topic == AUTOMATIC else topic
