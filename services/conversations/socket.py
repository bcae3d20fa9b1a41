"""One of an agent's sockets: a snapshot of the conversations in hand, then what is said in them."""

import asyncio
import contextlib
import logging

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from services.conversations.adapters import Shelf
from services.conversations.desk import Desk
from services.conversations.feed import Feed, Frame, Transcript
from services.conversations.frames import (
    PONG,
    Ping,
    Read,
    Typing,
    decode_frame,
    encode_frame,
    transcript,
)
from services.conversations.holders import Holder
from services.conversations.store import Said, Store
from services.kit.auth import Auth, Principal
from services.kit.outbox import Lagging
from services.kit.problem import Problem
from services.kit.signals import Signal, Signals

log = logging.getLogger(__name__)
PROTOCOL = "jonoton.bearer"
TRY_LATER = 1013
MAX_SOCKETS = 20
"""Of one agent in this process."""
_MESSAGES = 100
_CHARACTERS = 200_000


class Sockets:
    """Serves agents' sockets; holds what they share."""

    def __init__(self, auth: Auth, shelf: Shelf, desk: Desk, signals: Signals) -> None:
        self._auth = auth
        self._shelf = shelf
        self._desk = desk
        self._signals = signals

    def admit(self, websocket: WebSocket, holder: Holder) -> Principal:
        """Who may listen: the agent, and the company's supervisors and administrators. Raises
        `Problem`."""
        principal = self._principal(websocket)
        own = principal.has("agent") and principal.subject == holder.agent
        if principal.tenant != holder.pool.partition("/")[0]:
            raise Problem(403, f"The token is of the company {principal.tenant}, not of this pool.")
        if not own and not principal.has("supervisor", "administrator"):
            raise Problem(403, "An agent hears only its own conversations.")
        if self._desk.sockets_of(holder) >= MAX_SOCKETS:
            raise Problem(429, f"An agent may have {MAX_SOCKETS} connections.")
        return principal

    async def serve(self, websocket: WebSocket, holder: Holder, principal: Principal) -> None:
        """From the upgrade to the end."""
        offered = websocket.scope.get("subprotocols", [])
        await websocket.accept(subprotocol=PROTOCOL if PROTOCOL in offered else None)
        feed = Feed(websocket.send_text, self._assigned, self._snapshot)
        # Nothing waits between these two: what comes after the list is made is in the feed.
        held = self._desk.join(holder, feed)
        own = principal.subject == holder.agent
        both = [
            asyncio.create_task(feed.run(held)),
            asyncio.create_task(self._hear(websocket, feed, holder if own else None)),
        ]
        try:
            await asyncio.wait([*both, feed.lagging], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._desk.leave(holder, feed)
            for task in both:
                task.cancel()
            await asyncio.wait(both)
        slow = feed.lagging.done()
        for task in both:
            error = None if task.cancelled() else task.exception()
            if isinstance(error, Lagging):
                slow = True
            elif error is not None and not isinstance(error, (WebSocketDisconnect, RuntimeError)):
                raise error
        if slow:
            log.info("an agent's socket takes its frames too slowly: closed")
            with contextlib.suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
                async with asyncio.timeout(1.0):
                    await websocket.close(TRY_LATER, "frames are taken too slowly")

    def _principal(self, websocket: WebSocket) -> Principal:
        header = websocket.headers.get("authorization")
        offered: list[str] = websocket.scope.get("subprotocols", [])
        if header is None and len(offered) == 2 and offered[0] == PROTOCOL:
            return self._auth.check(offered[1])
        return self._auth.from_header(header)

    async def _hear(self, websocket: WebSocket, feed: Feed, agent: Holder | None) -> None:
        """What the agent does just now goes on to the customer; who only watches is not heard."""
        while True:
            message = await websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            try:
                frame = decode_frame(message.get("text") or "")
            except msgspec.MsgspecError as error:
                feed.push(Frame("", encode_frame("error", detail=str(error))))
                continue
            if isinstance(frame, Ping):
                feed.push(Frame("", PONG))
            elif agent is not None and self._desk.holders.of(frame.conversation_id) == agent:
                self._signals.send(_signal(frame))

    async def _snapshot(self, conversations: list[str]) -> Transcript:
        shown: dict[str, int] = {}
        found = [await self._read(one, shown) for one in conversations]
        return Transcript(encode_frame("snapshot", conversations=found), shown)

    async def _assigned(self, conversations: list[str]) -> Transcript:
        shown: dict[str, int] = {}
        (found,) = [await self._read(one, shown) for one in conversations]
        return Transcript(encode_frame("assigned", conversation=found), shown)

    async def _read(self, conversation_id: str, shown: dict[str, int]) -> object:
        head = await self._shelf.run(Store.head, conversation_id)
        said: list[Said] = await self._shelf.run(
            Store.newest, conversation_id, _MESSAGES, _CHARACTERS
        )
        if said:
            shown[conversation_id] = said[-1].seq
        return transcript(head, conversation_id, said)


def _signal(frame: Typing | Read) -> Signal:
    if isinstance(frame, Typing):
        return Signal(conversation=frame.conversation_id, who="agent", kind="typing")
    return Signal(conversation=frame.conversation_id, who="agent", kind="read", seq=frame.seq)
