"""What goes to one of an agent's sockets: bounded, in order, each message once."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple

from services.kit.outbox import Lagging

_MOST = 512
_PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame of a conversation. `seq` 0 and above: a message's; it is left out if the transcript
    that was sent before holds it."""

    conversation: str
    text: str
    seq: int = -1


@dataclass(frozen=True, slots=True)
class Came:
    """The agent has a conversation: its transcript is read when it is this one's turn."""

    conversation: str


class Transcript(NamedTuple):
    """A frame that shows conversations, and the newest seq shown of each."""

    text: str
    shown: dict[str, int]


class Feed:
    """Whoever pushes never waits; `lagging` is done when the socket takes too little."""

    def __init__(
        self,
        send: Callable[[str], Awaitable[None]],
        load: Callable[[list[str]], Awaitable[Transcript]],
        snapshot: Callable[[list[str]], Awaitable[Transcript]],
    ) -> None:
        self._send = send
        self._load = load
        self._snapshot = snapshot
        self._items: deque[Frame | Came] = deque()
        self._some = asyncio.Event()
        self._shown: dict[str, int] = {}
        self.lagging: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def push(self, item: Frame | Came) -> None:
        """This goes out after all that was pushed before."""
        if self.lagging.done():
            return
        if len(self._items) >= _MOST:
            self._items.clear()
            self.lagging.set_result(None)
            return
        self._items.append(item)
        self._some.set()

    async def run(self, held: list[str]) -> None:
        """The snapshot of `held` (what the agent had when the first item could come), then what
        is pushed, for ever. Raises `Lagging`, and what `send` raises when the peer is gone."""
        await self._show(await self._snapshot(held))
        while True:
            while self._items:
                await self._next(self._items.popleft())
            if self.lagging.done():
                raise Lagging
            self._some.clear()
            await self._some.wait()

    async def _next(self, item: Frame | Came) -> None:
        if isinstance(item, Came):
            await self._show(await self._load([item.conversation]))
        elif item.seq < 0:
            await self._hand_over(item.text)
        elif item.seq > self._shown.get(item.conversation, -1):
            self._shown[item.conversation] = item.seq
            await self._hand_over(item.text)

    async def _show(self, transcript: Transcript) -> None:
        self._shown |= transcript.shown
        await self._hand_over(transcript.text)

    async def _hand_over(self, text: str) -> None:
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._send(text)
        except TimeoutError:
            raise Lagging from None
