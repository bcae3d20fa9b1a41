"""What Faust's stream delivered and the owner has not looked at yet."""

import asyncio
from collections import deque


class Inbox:
    """Bounded; a full one drops, for the log has it. One reader waits."""

    def __init__(self, size: int) -> None:
        self._items: deque[tuple[int, bytes]] = deque()
        self._size = size
        self._wake = asyncio.Event()

    def put(self, offset: int, value: bytes) -> bool:
        """False: dropped."""
        if len(self._items) >= self._size:
            return False
        self._items.append((offset, value))
        self._wake.set()
        return True

    def head(self) -> tuple[int, bytes] | None:
        """The next item, still in its place."""
        return self._items[0] if self._items else None

    def pop(self) -> None:
        """Drop the next item."""
        self._items.popleft()

    def run(self, most: int) -> list[tuple[int, bytes]]:
        """Take the next item, and those behind it as long as the offsets go on without a gap."""
        items = self._items
        taken = [items.popleft()]
        while items and len(taken) < most and items[0][0] == taken[-1][0] + 1:
            taken.append(items.popleft())
        return taken

    async def wait(self, seconds: float) -> None:
        """Until something is there, or `seconds` have passed.

        A timer that sets the event, not `asyncio.wait_for`: around a task that is cancelled that
        can lose the cancel on Python 3.11, and a ghost worker goes on writing void records.
        """
        if self._items:
            return
        self._wake.clear()
        timer = asyncio.get_running_loop().call_later(max(seconds, 0.0), self._wake.set)
        try:
            await self._wake.wait()
        finally:
            timer.cancel()
