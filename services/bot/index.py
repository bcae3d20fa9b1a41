"""What the bot needs to remember of conversations, read from the topic `messages`. No I/O."""

from collections import OrderedDict
from dataclasses import dataclass, field

from services.bot.core import SERVED
from services.bot.words import asks_for_a_person
from services.contracts.messages import (
    ConversationStarted,
    CreatedMessage,
    MessageCreated,
)
from services.kit.messages import Heard

_REMEMBERED = 200


@dataclass(slots=True)
class Conversation:
    """`answers`: the bot's messages by id; `asked`: the customer's first message is there;
    `person_from`: the offset from which on the customer wants a person (None: not so far)."""

    head: ConversationStarted | None = None
    asked: bool = False
    answers: OrderedDict[str, str] = field(default_factory=OrderedDict)
    person_from: int | None = None

    def wants_person(self, offset: int) -> bool:
        """Whether a person was asked for before this place in the conversation."""
        return self.person_from is not None and self.person_from < offset


class ConversationIndex:
    """The newest `limit` conversations in which the bot may speak; feed it every record."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._conversations: OrderedDict[str, Conversation] = OrderedDict()

    def get(self, conversation_id: str) -> Conversation | None:
        """What is remembered; None for a conversation unknown here."""
        return self._conversations.get(conversation_id)

    def take(self, heard: Heard) -> None:
        """Apply one record."""
        event = heard.event
        match event:
            case None:
                if heard.record == "head":
                    self._conversations.pop(heard.conversation, None)
            case ConversationStarted(data=head) if head.channel in SERVED:
                self._at(head.conversation_id).head = event
            case MessageCreated(data=message) if message.channel in SERVED:
                self._hear(message, heard.raw.offset)

    def _hear(self, message: CreatedMessage, offset: int) -> None:
        known = self._at(message.conversation_id)
        match message.author.kind:
            case "bot":
                known.answers.setdefault(message.message_id, message.text)
                if len(known.answers) > _REMEMBERED:
                    known.answers.popitem(last=False)
            case "customer":
                known.asked = True
                if known.person_from is None and asks_for_a_person(message.text):
                    known.person_from = offset

    def _at(self, conversation_id: str) -> Conversation:
        known = self._conversations.get(conversation_id)
        if known is None:
            if len(self._conversations) >= self._limit:
                self._conversations.popitem(last=False)
            known = self._conversations[conversation_id] = Conversation()
        else:
            self._conversations.move_to_end(conversation_id)
        return known
