"""The frames of the agents' socket, and a message as agents see it. Pure."""

from typing import Any

import msgspec

from services.contracts.messages import RecordedDelivery, StartedConversation
from services.conversations.store import Said
from services.kit.signals import Signal


class Typing(msgspec.Struct, frozen=True, tag_field="type", tag="typing"):
    """The agent is writing just now."""

    conversation_id: str


class Read(msgspec.Struct, frozen=True, tag_field="type", tag="read"):
    """The agent has read all up to `seq`."""

    conversation_id: str
    seq: int


class Ping(msgspec.Struct, frozen=True, tag_field="type", tag="ping"):
    """Answered by a pong."""


ClientFrame = Typing | Read | Ping
_decoder: msgspec.json.Decoder[ClientFrame] = msgspec.json.Decoder(ClientFrame)
_encoder = msgspec.json.Encoder()
PONG = '{"type":"pong"}'


def decode_frame(text: str) -> ClientFrame:
    """An agent's frame. Raises `msgspec.MsgspecError`."""
    return _decoder.decode(text)


def encode_frame(kind: str, **fields: Any) -> str:
    """A frame as it goes over the wire."""
    return _encoder.encode({"type": kind, **fields}).decode()


def message(said: Said) -> dict[str, Any]:
    """A message with its place, and what became of it if it had to be sent outside."""
    one = said.message
    shown: dict[str, Any] = {
        "seq": said.seq,
        "id": one.message_id,
        "from": {"kind": one.author.kind, "id": one.author.id},
        "channel": one.channel,
        "at": one.at,
        "text": one.text,
        "subject": one.subject,
        "language": one.language,
    }
    if said.status:
        shown["delivery"] = {"status": said.status, "detail": said.detail}
    return shown


def conversation(head: StartedConversation) -> dict[str, Any]:
    """A conversation with all that the customer gave."""
    return {
        "conversation_id": head.conversation_id,
        "contact_id": head.contact_id,
        "pool": head.pool,
        "channel": head.channel,
        "language": head.language,
        "topic": head.topic,
        "subject": head.subject,
        "opened_at": head.opened_at,
        "customer": {
            "name": head.customer.name,
            "email": head.customer.email,
            "phone": head.customer.phone,
        },
        "fields": head.fields,
        "details": head.details,
    }


def transcript(head: StartedConversation | None, conversation_id: str, said: list[Said]) -> Any:
    """A conversation and its newest messages; only its id as long as its head is not known."""
    known = {"conversation_id": conversation_id} if head is None else conversation(head)
    return {**known, "messages": [message(one) for one in said]}


def delivery_frame(delivery: RecordedDelivery) -> str:
    """What became of a message."""
    return encode_frame(
        "delivery",
        conversation_id=delivery.conversation_id,
        message_id=delivery.message_id,
        status=delivery.status,
        detail=delivery.detail,
    )


def signal_frame(signal: Signal) -> str:
    """What the customer does just now."""
    fields: dict[str, Any] = {"conversation_id": signal.conversation}
    if signal.kind == "read":
        fields["seq"] = signal.seq
    return encode_frame(signal.kind, **fields)
