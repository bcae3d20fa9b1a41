"""Events of the topic `messages`: what was said in conversations, and who is in them. The only
topic (with `customers`, later) that holds personal data. One key per record, so that each can be
erased: `<conversation id>/<record id>`; the partition is the conversation's."""

from typing import Annotated, Literal

import msgspec

from services.contracts.base import Event, Id, Millis, Name

Text = Annotated[str, msgspec.Meta(max_length=100_000)]
Line = Annotated[str, msgspec.Meta(max_length=1000)]


class Customer(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What the customer told about themselves. What was given once is never asked again."""

    name: Line = ""
    email: Line = ""
    phone: Line = ""


class StartedConversation(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """One matter of one customer. It holds all that its `contact.opened` needs, so that a lost
    contact event can be written again (`contact_id` says whether it is there already).

    `fields` are classification keys for the router; `details` is what else the customer filled
    in (label → value), for agents' eyes."""

    conversation_id: Id
    contact_id: Id
    pool: Name
    channel: Name
    opened_at: Millis
    language: Annotated[str, msgspec.Meta(max_length=35)] = ""
    topic: Annotated[str, msgspec.Meta(max_length=80)] = ""
    tier: Annotated[str, msgspec.Meta(max_length=80)] = ""
    subject: Line = ""
    customer_id: Annotated[str, msgspec.Meta(max_length=200)] = ""
    customer: Customer = Customer()
    fields: dict[Name, Annotated[str, msgspec.Meta(max_length=200)]] = {}
    details: dict[str, Text] = {}


class ConversationStarted(Event, frozen=True, kw_only=True, tag="conversation.started"):
    """The head record of a conversation, key `<conversation id>/head`."""

    data: StartedConversation


class Author(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Who wrote. `id` is an agent's id; empty for the customer of the conversation."""

    kind: Literal["customer", "agent", "bot", "system"]
    id: Annotated[str, msgspec.Meta(max_length=200)] = ""


class CreatedMessage(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """One message. `cid` is the writer's own id: the first of a doubled `cid` wins. `email_id`
    is the Message-ID of a message that came or goes by e-mail, `in_reply_to` the one it answers."""

    conversation_id: Id
    message_id: Id
    cid: Annotated[str, msgspec.Meta(max_length=200)]
    author: Author
    channel: Name
    at: Millis
    text: Text
    language: Annotated[str, msgspec.Meta(max_length=35)] = ""
    subject: Line = ""
    email_id: Line = ""
    in_reply_to: Line = ""


class MessageCreated(Event, frozen=True, kw_only=True, tag="message.created"):
    """Somebody said something. `seq` is the record's offset in this topic."""

    data: CreatedMessage


class RecordedDelivery(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    conversation_id: Id
    message_id: Id
    status: Literal["sent", "failed"]
    detail: Line = ""


class DeliveryRecorded(Event, frozen=True, kw_only=True, tag="delivery.recorded"):
    """What became of a message that had to be sent outside, key `<conversation>/<message>.sent`."""

    data: RecordedDelivery


MessageEvent = ConversationStarted | MessageCreated | DeliveryRecorded
