"""What e-mail needs to remember of conversations, read from the topic `messages`. No I/O."""

from collections import OrderedDict, deque
from dataclasses import dataclass, field

from services.contracts.messages import (
    ConversationStarted,
    DeliveryRecorded,
    MessageCreated,
    StartedConversation,
)
from services.email.core import ANSWERED
from services.kit.messages import Heard

_REFERENCES = 20
_REMEMBERED = 1000


@dataclass(slots=True)
class Conversation:
    """One conversation whose customer is answered by e-mail.

    `since` is the offset of the first record that is remembered here; `references` are the
    Message-IDs of the customer's and our mails in order, `latest` that of the customer's last one;
    `settled` the ids of messages whose delivery is recorded, `seen` those of the mails that came.
    """

    since: int
    head: StartedConversation | None = None
    references: list[str] = field(default_factory=list)
    latest: str = ""
    settled: deque[str] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    seen: deque[str] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))

    def covers(self, offset: int) -> bool:
        """Whether all that came after `offset` has been seen here, and the head is known."""
        return self.head is not None and self.since <= offset

    def refer(self, message_id: str) -> None:
        """Add to the references; of a long thread the first and the last ones are kept."""
        if message_id and message_id not in self.references:
            self.references.append(message_id)
            if len(self.references) > _REFERENCES:
                del self.references[1]


class ConversationIndex:
    """The newest `limit` conversations of ours; feed it every record of the topic."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._conversations: OrderedDict[str, Conversation] = OrderedDict()

    def get(self, conversation_id: str) -> Conversation | None:
        """What is remembered; None for a conversation unknown here or of another channel."""
        return self._conversations.get(conversation_id)

    def take(self, heard: Heard) -> None:
        """Apply one record."""
        offset = heard.raw.offset
        match heard.event:
            case None:
                # A tombstone of the head erases what we know of the customer.
                if heard.record == "head":
                    self._conversations.pop(heard.conversation, None)
            case ConversationStarted(data=head) if head.channel in ANSWERED:
                self._at(head.conversation_id, offset).head = head
            case MessageCreated(data=message) if message.channel in ANSWERED:
                known = self._at(message.conversation_id, offset)
                if message.author.kind == "agent":
                    return
                known.seen.append(message.message_id)
                for one in (message.in_reply_to, message.email_id):
                    known.refer(one)
                if message.author.kind == "customer":
                    known.latest = message.email_id
            case DeliveryRecorded(data=delivery):
                known = self._at(delivery.conversation_id, offset)
                known.settled.append(delivery.message_id)

    def _at(self, conversation_id: str, offset: int) -> Conversation:
        known = self._conversations.get(conversation_id)
        if known is None:
            if len(self._conversations) >= self._limit:
                self._conversations.popitem(last=False)
            known = self._conversations[conversation_id] = Conversation(since=offset)
        else:
            self._conversations.move_to_end(conversation_id)
        return known
