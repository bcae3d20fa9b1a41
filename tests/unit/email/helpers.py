"""Mails and conversations for the tests of e-mail."""

from collections.abc import Sequence
from email.message import EmailMessage
from email.policy import SMTP

from services.contracts.codec import encode
from services.contracts.messages import (
    Author,
    CreatedMessage,
    Customer,
    MessageCreated,
    MessageEvent,
    StartedConversation,
)
from services.email.mail import Mail
from services.email.message_ids import MessageIds
from services.email.parse import parse
from services.email.routes import parse_routes
from services.email.settings import ROUTES
from services.kit.clock import to_datetime
from services.kit.log_reader import Raw

AT = 1_750_000_000_000
ROUTED = parse_routes(ROUTES)
IDS = MessageIds("a key of the tests")
CONVERSATION = "c" * 32


def written(text: str = "Hei!\n\nMilloin auto on valmis?\n", **headers: str) -> bytes:
    """A well-formed mail. Header names are written with `_` for `-`."""
    mail = EmailMessage(policy=SMTP)
    values = {
        "From": "Maija Meikäläinen <maija@example.com>",
        "To": "palvelu@kaarna.example",
        "Subject": "Huollosta",
        "Message_ID": "<1@example.com>",
    } | headers
    for name, value in values.items():
        if value:
            mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail.as_bytes()


def read(raw: bytes, mail_from: str = "maija@example.com") -> Mail:
    """As the service reads it."""
    return parse(raw, mail_from, lambda address: ROUTED.find(address) is not None)


def head(**values: object) -> StartedConversation:
    """The head of a conversation by e-mail."""
    return StartedConversation(
        **{  # type: ignore[arg-type]
            "conversation_id": CONVERSATION,
            "contact_id": "d" * 32,
            "pool": "kaarna/service",
            "channel": "email",
            "opened_at": AT,
            "language": "fi",
            "subject": "Huollosta",
            "customer": Customer(name="Maija Meikäläinen", email="maija@example.com"),
            "fields": {"mailbox": "palvelu@kaarna.example"},
        }
        | values
    )


def answer(text: str = "Hei! Auto on valmis kello 15.", **values: object) -> CreatedMessage:
    """What an agent said."""
    return CreatedMessage(
        **{  # type: ignore[arg-type]
            "conversation_id": CONVERSATION,
            "message_id": "answer-1",
            "cid": "answer-1",
            "author": Author(kind="agent", id="aino"),
            "channel": "email",
            "at": AT,
            "text": text,
        }
        | values
    )


def created(message: CreatedMessage) -> MessageCreated:
    """The event of a message."""
    return MessageCreated(
        id=message.message_id,
        source="test",
        time=to_datetime(AT),
        subject=message.conversation_id,
        data=message,
    )


def raws(events: Sequence[MessageEvent]) -> list[Raw]:
    """The events as they stand in a partition, from offset 0."""
    return [Raw(0, offset, AT, b"k", encode(event)) for offset, event in enumerate(events)]
