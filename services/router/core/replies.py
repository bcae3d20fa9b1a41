"""The first answer to each command, kept for a while: a doubled command gets it again."""

from collections import deque

from services.contracts.base import Millis
from services.contracts.journal import Reply

KEEP_MS = 15 * 60_000
KEEP = 100_000


class Replies:
    """Answers by command id, at most `KEEP` of the last `KEEP_MS`."""

    __slots__ = ("_kept", "_order")

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Millis, Reply]] = {}
        # A dict that loses its first keys again and again is slow to say which is the first now.
        self._order: deque[tuple[Millis, str]] = deque()

    def get(self, command_id: str) -> Reply | None:
        """The first answer, if it is still kept."""
        found = self._kept.get(command_id)
        return found[1] if found else None

    def add(self, reply: Reply, at: Millis) -> None:
        """Keep the answer unless there is one already: the first counts."""
        if reply.id in self._kept:
            return
        self._kept[reply.id] = (at, reply)
        self._order.append((at, reply.id))
        if len(self._kept) > KEEP:
            del self._kept[self._order.popleft()[1]]

    def expire(self, now: Millis) -> None:
        """Let go of what is too old."""
        order = self._order
        while order and order[0][0] <= now - KEEP_MS:
            del self._kept[order.popleft()[1]]

    def dump(self) -> list[tuple[Millis, Reply]]:
        """All that is kept, oldest first."""
        return list(self._kept.values())

    def load(self, kept: list[tuple[Millis, Reply]]) -> None:
        """The inverse of `dump`."""
        self._kept = {reply.id: (at, reply) for at, reply in kept}
        self._order = deque((at, reply.id) for at, reply in kept)

    def all(self) -> dict[str, tuple[Millis, int, str]]:
        """Everything that is kept (for comparison)."""
        return {
            key: (at, reply.status, repr(sorted(reply.body.items())))
            for key, (at, reply) in self._kept.items()
        }
