"""Which sockets of this process hold which conversation, and what they have been told."""

from services.chat.frames import Frame, Queue, encode_frame
from services.kit.outbox import Outbox


class Hub:
    """Pushing never waits: each socket has its own bounded outbox."""

    def __init__(self) -> None:
        self._outboxes: dict[str, set[Outbox]] = {}
        self._positions: dict[str, int] = {}
        self.sockets = 0

    def join(self, conversation_id: str, outbox: Outbox) -> None:
        """The socket hears of the conversation from now on."""
        self._outboxes.setdefault(conversation_id, set()).add(outbox)
        self._positions.pop(conversation_id, None)
        self.sockets += 1

    def leave(self, conversation_id: str, outbox: Outbox) -> None:
        """The socket is gone."""
        outboxes = self._outboxes[conversation_id]
        outboxes.remove(outbox)
        if not outboxes:
            del self._outboxes[conversation_id]
            self._positions.pop(conversation_id, None)
        self.sockets -= 1

    def holds(self, conversation_id: str) -> bool:
        """Whether anybody listens here."""
        return conversation_id in self._outboxes

    def push(self, conversation_id: str, frame: Frame) -> None:
        """To every socket of the conversation."""
        if outboxes := self._outboxes.get(conversation_id):
            text = encode_frame(frame)
            for outbox in outboxes:
                outbox.push(text)

    def tell_position(self, conversation_id: str, position: int) -> None:
        """Push the place in the line, unless it is what was told last."""
        if self.holds(conversation_id) and self._positions.get(conversation_id) != position:
            self._positions[conversation_id] = position
            self.push(conversation_id, Queue(position=position))
