"""The newest conversations, as the topic tells them: bounded, in memory, made anew at each start.

Pure. The first record of a doubled message counts, whoever published it and whenever: so every
replica shows the same conversation, and shows each message once.
"""

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import NamedTuple

from services.chat.core import SERVED
from services.contracts.conversation import Writer, writer
from services.contracts.messages import (
    ConversationStarted,
    CreatedMessage,
    MessageCreated,
    MessageEvent,
)

KEPT_MESSAGES = 500
"""Of one conversation, the newest."""
KEPT_CIDS = 2000
"""Of one conversation, the newest: a double that comes after so many others is not recognised."""


class Said(NamedTuple):
    """A message and its place: `seq` is the record's offset, `record` its own half of the key."""

    seq: int
    record: str
    message: CreatedMessage


@dataclass(slots=True)
class Conversation:
    """`head` is None while only messages have been seen. `dropped_to`: the seq up to which
    messages have been dropped for want of room; -1: none. `holders`: sockets open."""

    head: ConversationStarted | None = None
    said: deque[Said] = field(default_factory=deque)
    seqs: OrderedDict[Writer, int] = field(default_factory=OrderedDict)
    characters: int = 0
    dropped_to: int = -1
    holders: int = 0

    @property
    def last_seq(self) -> int:
        """The seq of the newest message; -1: none."""
        return self.said[-1].seq if self.said else -1

    def after(self, seq: int) -> list[Said]:
        """The messages above `seq` that are still here, in order."""
        return [one for one in self.said if one.seq > seq]


class Index:
    """Feed it every record of the topic. A conversation that a socket holds is not dropped."""

    def __init__(self, *, conversations: int, characters: int) -> None:
        self._max_conversations = conversations
        self._max_characters = characters
        self._by_id: OrderedDict[str, Conversation] = OrderedDict()
        self._characters = 0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._by_id)

    def get(self, conversation_id: str) -> Conversation | None:
        """The conversation, if its head has been seen and it is still here."""
        found = self._by_id.get(conversation_id)
        return found if found is not None and found.head is not None else None

    def seq(self, conversation_id: str, writer_: Writer) -> int | None:
        """The place of a message by who wrote it and its cid."""
        found = self._by_id.get(conversation_id)
        return None if found is None else found.seqs.get(writer_)

    def take(self, seq: int, record: str, event: MessageEvent) -> Said | None:
        """Take a record in. Returns what is to be shown: a message that is no double."""
        match event:
            case ConversationStarted() as head if head.data.channel in SERVED:
                conversation = self._newest(head.data.conversation_id)
                if conversation.head is None:
                    conversation.head = head
                self._make_room()
            case MessageCreated(data=message) if message.channel in SERVED:
                return self._add(Said(seq, record, message))
        return None

    def erase(self, conversation_id: str, record: str) -> None:
        """A tombstone: what stood under this key is gone."""
        conversation = self._by_id.get(conversation_id)
        if conversation is None:
            return
        if record == "head":
            self._drop(conversation_id)
            return
        for said in [one for one in conversation.said if one.record == record]:
            conversation.said.remove(said)
            self._count(conversation, -len(said.message.text))

    def hold(self, conversation_id: str, by: int) -> None:
        """A socket holds the conversation (`by` 1), or does so no more (-1)."""
        if conversation_id in self._by_id:
            self._newest(conversation_id).holders += by

    def _add(self, said: Said) -> Said | None:
        conversation = self._newest(said.message.conversation_id)
        who = writer(said.message)
        if who in conversation.seqs:
            return None
        conversation.seqs[who] = said.seq
        if len(conversation.seqs) > KEPT_CIDS:
            conversation.seqs.popitem(last=False)
        conversation.said.append(said)
        self._count(conversation, len(said.message.text))
        if len(conversation.said) > KEPT_MESSAGES:
            oldest = conversation.said.popleft()
            conversation.dropped_to = oldest.seq
            self._count(conversation, -len(oldest.message.text))
        self._make_room()
        return said

    def _newest(self, conversation_id: str) -> Conversation:
        conversation = self._by_id.get(conversation_id)
        if conversation is None:
            conversation = self._by_id[conversation_id] = Conversation()
        self._by_id.move_to_end(conversation_id)
        return conversation

    def _make_room(self) -> None:
        for _ in range(len(self._by_id) - 1):
            too_many = len(self._by_id) > self._max_conversations
            if not too_many and self._characters <= self._max_characters:
                return
            oldest = next(iter(self._by_id))
            if self._by_id[oldest].holders:
                self._by_id.move_to_end(oldest)
            else:
                self._drop(oldest)
                self.dropped += 1

    def _drop(self, conversation_id: str) -> None:
        conversation = self._by_id.pop(conversation_id)
        self._characters -= conversation.characters

    def _count(self, conversation: Conversation, characters: int) -> None:
        conversation.characters += characters
        self._characters += characters
