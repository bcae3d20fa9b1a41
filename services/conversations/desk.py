"""Which agents' sockets this process holds, and what they are told."""

from services.contracts.messages import RecordedDelivery
from services.conversations.feed import Came, Feed, Frame
from services.conversations.frames import delivery_frame, encode_frame, message, signal_frame
from services.conversations.holders import Change, Holder, Holders
from services.conversations.store import Said
from services.kit.signals import Signal


class Desk:
    """Telling never waits. What is said in a conversation goes to whoever has it now."""

    def __init__(self, holders: Holders) -> None:
        self.holders = holders
        self._feeds: dict[Holder, set[Feed]] = {}

    def join(self, holder: Holder, feed: Feed) -> list[str]:
        """The feed hears of all from now on; returns what the agent has now."""
        self._feeds.setdefault(holder, set()).add(feed)
        return self.holders.held_by(holder)

    def leave(self, holder: Holder, feed: Feed) -> None:
        """The socket is gone."""
        feeds = self._feeds[holder]
        feeds.remove(feed)
        if not feeds:
            del self._feeds[holder]

    def sockets_of(self, holder: Holder) -> int:
        """How many connections the agent has here."""
        return len(self._feeds.get(holder, ()))

    def said(self, said: Said) -> None:
        """A message."""
        conversation = said.message.conversation_id
        if feeds := self._listening(conversation):
            text = encode_frame("msg", conversation_id=conversation, **message(said))
            self._push(feeds, Frame(conversation, text, said.seq))

    def delivered(self, delivery: RecordedDelivery) -> None:
        """What became of a message that had to be sent."""
        if feeds := self._listening(delivery.conversation_id):
            self._push(feeds, Frame(delivery.conversation_id, delivery_frame(delivery)))

    def changed(self, change: Change) -> None:
        """An agent got a conversation, or has it no more."""
        conversation = change.held.conversation
        if feeds := self._feeds.get(change.held.holder):
            gone = encode_frame("released", conversation_id=conversation)
            self._push(feeds, Came(conversation) if change.came else Frame(conversation, gone))

    def signal(self, signal: Signal) -> None:
        """The customer types, or has read."""
        if signal.who == "customer" and (feeds := self._listening(signal.conversation)):
            self._push(feeds, Frame(signal.conversation, signal_frame(signal)))

    def _listening(self, conversation_id: str) -> set[Feed] | None:
        holder = self.holders.of(conversation_id)
        return None if holder is None else self._feeds.get(holder)

    def _push(self, feeds: set[Feed], item: Frame | Came) -> None:
        for feed in feeds:
            feed.push(item)
