"""What is to be sent over one WebSocket: bounded, and whoever pushes never waits.

A socket that does not take its frames is given up, so that it slows nobody else; its client
connects again and gets what it missed.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable


class Lagging(Exception):
    """The socket takes its frames too slowly: give it up."""


class Outbox:
    """Frames in order, at most `max_frames` and `max_chars` of them waiting.

    `lagging` becomes done when that was not enough, or when one frame could not be handed over
    in `patience` seconds; what is pushed from then on is dropped.
    """

    def __init__(
        self,
        send: Callable[[str], Awaitable[None]],
        *,
        max_frames: int = 256,
        max_chars: int = 1024 * 1024,
        patience: float = 20.0,
    ) -> None:
        self._send = send
        self._max_frames = max_frames
        self._max_chars = max_chars
        self._patience = patience
        self._frames: deque[str] = deque()
        self._chars = 0
        self._some = asyncio.Event()
        self.lagging: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def push(self, frame: str) -> None:
        """Send this after all that was pushed before."""
        if self.lagging.done():
            return
        full = len(self._frames) >= self._max_frames or self._chars + len(frame) > self._max_chars
        if full and self._frames:
            self.give_up()
            return
        self._frames.append(frame)
        self._chars += len(frame)
        self._some.set()

    def give_up(self) -> None:
        """The socket is too slow."""
        if not self.lagging.done():
            self.lagging.set_result(None)
        self._frames.clear()
        self._chars = 0

    async def hand_over(self, frame: str) -> None:
        """Send now, before what was pushed. For what is large and expected: a history."""
        try:
            async with asyncio.timeout(self._patience):
                await self._send(frame)
        except TimeoutError:
            self.give_up()
            raise Lagging from None

    async def run(self) -> None:
        """Send for ever. Raises `Lagging`, and what `send` raises when the peer is gone."""
        while True:
            while self._frames:
                frame = self._frames.popleft()
                self._chars -= len(frame)
                await self.hand_over(frame)
            if self.lagging.done():
                raise Lagging
            self._some.clear()
            await self._some.wait()
