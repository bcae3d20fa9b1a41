"""What a chat writes, and how much of it is let in. Pure."""

from dataclasses import dataclass

from services.contracts.contact_events import ContactEnded, EndedContact
from services.contracts.messages import (
    Author,
    ConversationStarted,
    CreatedMessage,
    Customer,
    MessageCreated,
    StartedConversation,
)
from services.kit.clock import derived_id, to_datetime

CHANNEL = "chat"
SERVED = frozenset({CHANNEL, "bot"})
"""The channels whose customers hold a chat's socket."""
MAX_TEXT = 4000
CUSTOMER = Author(kind="customer")
REOPEN_MS = 12 * 3_600_000
"""A head older than this is not routed again: the router may have forgotten its contact."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What a customer gave to begin. `cid` is the customer's own id of the first message."""

    pool: str
    language: str
    text: str
    cid: str
    name: str = ""
    email: str = ""
    topic: str = ""


def conversation_id(pool: str, cid: str) -> str:
    """The same for every retry of the same opening."""
    return derived_id("conversation", CHANNEL, pool, cid)


def head_of(opening: Opening, now_ms: int) -> ConversationStarted:
    """The conversation's head record."""
    conversation = conversation_id(opening.pool, opening.cid)
    return ConversationStarted(
        id=conversation,
        source=CHANNEL,
        time=to_datetime(now_ms),
        subject=conversation,
        data=StartedConversation(
            conversation_id=conversation,
            contact_id=derived_id("contact", CHANNEL, opening.pool, opening.cid),
            pool=opening.pool,
            channel=CHANNEL,
            opened_at=now_ms,
            language=opening.language,
            topic=opening.topic,
            customer=Customer(name=opening.name, email=opening.email),
        ),
    )


def message_of(head: StartedConversation, cid: str, text: str, now_ms: int) -> MessageCreated:
    """What the customer says."""
    message_id = derived_id(head.conversation_id, "customer", cid)
    return MessageCreated(
        id=message_id,
        source=CHANNEL,
        time=to_datetime(now_ms),
        subject=head.conversation_id,
        data=CreatedMessage(
            conversation_id=head.conversation_id,
            message_id=message_id,
            cid=cid,
            author=CUSTOMER,
            channel=head.channel,
            at=now_ms,
            text=text,
            language=head.language,
        ),
    )


def ended(pool: str, contact_id: str, now_ms: int) -> ContactEnded:
    """The customer ends the talk."""
    return ContactEnded(
        id=derived_id("ended", contact_id),
        source=CHANNEL,
        time=to_datetime(now_ms),
        subject=contact_id,
        data=EndedContact(pool=pool, contact_id=contact_id, reason="customer_left"),
    )


class Allowance:
    """So many at once, so many a second (a token bucket)."""

    __slots__ = ("_burst", "_left", "_rate", "_since")

    def __init__(self, rate: float, burst: int, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._left = float(burst)
        self._since = now

    def take(self, now: float) -> bool:
        """Whether one more is allowed at `now` (monotonic seconds); it counts if so."""
        self._left = min(self._burst, self._left + (now - self._since) * self._rate)
        self._since = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
