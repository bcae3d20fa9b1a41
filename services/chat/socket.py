"""One customer's socket, from hello to the end."""

import asyncio
import contextlib
from collections import deque
from typing import Literal

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from services.chat import core
from services.chat.adapters import Talk
from services.chat.core import Allowance
from services.chat.door import ConversationOver, Door
from services.chat.frames import (
    Ack,
    Agent,
    ClientFrame,
    Failed,
    Frame,
    Hello,
    Parked,
    Ping,
    Pong,
    Read,
    Say,
    Typing,
    Welcome,
    closed,
    decode_frame,
    encode_frame,
    message_frame,
)
from services.chat.hub import Hub
from services.chat.index import Conversation
from services.chat.positions import Positions
from services.contracts.messages import StartedConversation
from services.kit.auth import Auth
from services.kit.clock import Clock
from services.kit.errors import Unavailable
from services.kit.metrics import Metrics
from services.kit.outbox import Lagging, Outbox
from services.kit.problem import Problem
from services.kit.signals import Signal, Signals

NO_HELLO = 4400
NO_TOKEN = 4401
UNKNOWN = 4404
TRY_LATER = 1013
POLICY = 1008
_HELLO_SECONDS = 10.0
_MAX_UNANSWERED = 32


class Refused(Exception):
    """Close with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Sockets:
    """Serves sockets; holds what they share."""

    def __init__(
        self,
        *,
        auth: Auth,
        door: Door,
        talk: Talk,
        hub: Hub,
        positions: Positions,
        signals: Signals,
        clock: Clock,
        metrics: Metrics,
        max_sockets: int,
    ) -> None:
        self.auth = auth
        self.door = door
        self.talk = talk
        self.hub = hub
        self.positions = positions
        self.signals = signals
        self.clock = clock
        self.metrics = metrics
        self.max_sockets = max_sockets

    async def serve(self, websocket: WebSocket, conversation_id: str) -> None:
        """From the upgrade to the end."""
        await websocket.accept()
        try:
            hello = await _hello(websocket)
            conversation = await self._admit(conversation_id, hello.token)
            await _Socket(self, websocket, conversation_id, conversation).run(hello)
        except Refused as refused:
            await _close(websocket, refused.code, refused.reason)
        except Lagging:
            await _close(websocket, TRY_LATER, "frames are taken too slowly")
        except WebSocketDisconnect:
            pass

    async def _admit(self, conversation_id: str, token: str) -> Conversation:
        try:
            self.auth.check_conversation(token, conversation_id)
            self.door.require_ready()
        except Problem as problem:
            raise Refused(NO_TOKEN, problem.detail) from None
        except Unavailable as away:
            raise Refused(TRY_LATER, away.detail) from None
        if self.hub.sockets >= self.max_sockets:
            raise Refused(TRY_LATER, "too many sockets")
        conversation = await self.talk.known(conversation_id)
        if conversation is None:
            # What was dropped for want of room will not come back; what is new may yet arrive.
            gone = self.talk.index.dropped > 0
            raise Refused(UNKNOWN if gone else TRY_LATER, "the conversation is not known here")
        return conversation


class _Socket:
    def __init__(
        self, all_: Sockets, websocket: WebSocket, conversation_id: str, found: Conversation
    ) -> None:
        assert found.head is not None  # noqa: S101 - the index gives none without
        self._all = all_
        self._websocket = websocket
        self._conversation = found
        self._head: StartedConversation = found.head.data
        self._id = conversation_id
        self._outbox = Outbox(websocket.send_text)
        self._says: deque[Say] = deque()
        self._saying: asyncio.Task[None] | None = None
        now = all_.clock.monotonic()
        self._frames = Allowance(rate=20, burst=60, now=now)
        self._messages = Allowance(rate=5, burst=20, now=now)
        self._hints = Allowance(rate=1, burst=3, now=now)

    async def run(self, hello: Hello) -> None:
        """Until either side has had enough."""
        everyone = self._all
        # From here to the history's copy nothing waits: no message is left out or comes twice.
        everyone.hub.join(self._id, self._outbox)
        everyone.talk.index.hold(self._id, 1)
        everyone.metrics.set("chat_sockets", everyone.hub.sockets)
        greeting = self._greeting(hello.last_seq)
        both = [asyncio.create_task(self._send(greeting)), asyncio.create_task(self._receive())]
        try:
            await asyncio.wait([*both, self._outbox.lagging], return_when="FIRST_COMPLETED")
        finally:
            everyone.hub.leave(self._id, self._outbox)
            everyone.talk.index.hold(self._id, -1)
            everyone.metrics.set("chat_sockets", everyone.hub.sockets)
            self._says.clear()
            for task in both:
                task.cancel()
            await asyncio.wait(both)
        if self._outbox.lagging.done():
            raise Lagging
        for task in both:
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error

    def _greeting(self, last_seq: int) -> list[Frame]:
        door, conversation = self._all.door, self._conversation
        state = door.state(self._head)
        frames: list[Frame] = [
            Welcome(
                conversation_id=self._id,
                seq=conversation.last_seq,
                state=state,
                complete=conversation.dropped_to <= last_seq,
            ),
            *(message_frame(said) for said in conversation.after(last_seq)),
        ]
        if state == "assigned":
            frames.append(Agent(state="joined"))
        place = door.place(self._id)
        if place is not None and place.state == "parked":
            frames.append(Parked(opens_at=place.opens_at))
        if state == "closed":
            frames.append(closed(place))
        return frames

    async def _send(self, greeting: list[Frame]) -> None:
        for frame in greeting:
            await self._outbox.hand_over(encode_frame(frame))
        place = self._all.door.place(self._id)
        if place is not None and place.state == "waiting":
            self._all.positions.changed(place.line)
        await self._outbox.run()

    async def _receive(self) -> None:
        while True:
            text = await _receive_text(self._websocket)
            now = self._all.clock.monotonic()
            if not self._frames.take(now):
                raise Refused(POLICY, "too many frames")
            try:
                frame = decode_frame(text)
            except msgspec.MsgspecError as error:
                self._push(Failed(reason="invalid", detail=str(error)))
                continue
            self._handle(frame, now)

    def _handle(self, frame: ClientFrame, now: float) -> None:
        match frame:
            case Say():
                self._hear(frame, now)
            case Typing() if self._hints.take(now):
                self._signal("typing")
            case Read(seq=seq) if self._hints.take(now):
                self._signal("read", seq)
            case Ping():
                self._push(Pong())
            case _:
                pass  # a second hello; hints that come too often

    def _hear(self, say: Say, now: float) -> None:
        if not 0 < len(say.text.strip()) <= core.MAX_TEXT:
            detail = f"A message has 1 to {core.MAX_TEXT} characters."
            self._push(Failed(reason="invalid", detail=detail, cid=say.cid))
        elif len(self._says) >= _MAX_UNANSWERED or not self._messages.take(now):
            detail = "Too many messages at once."
            self._push(Failed(reason="too_many", detail=detail, cid=say.cid, retry_after=2))
        else:
            self._says.append(say)
            if self._saying is None:
                self._saying = asyncio.create_task(self._say_all())

    async def _say_all(self) -> None:
        """One after the other, so that they stand in the log in the order they came."""
        try:
            while self._says:
                say = self._says.popleft()
                self._push(await self._say(say))
        finally:
            self._saying = None

    async def _say(self, say: Say) -> Frame:
        try:
            seq = await self._all.door.say(self._head, say.cid, say.text.strip())
        except Unavailable as away:
            return Failed(
                reason="unavailable",
                detail=away.detail,
                cid=say.cid,
                retry_after=away.retry_after,
            )
        except ConversationOver:
            return Failed(reason="closed", detail="The conversation is over.", cid=say.cid)
        return Ack(cid=say.cid, seq=seq)

    def _signal(self, kind: Literal["typing", "read"], seq: int = -1) -> None:
        signal = Signal(conversation=self._id, who="customer", kind=kind, seq=seq)
        self._all.signals.send(signal)

    def _push(self, frame: Frame) -> None:
        self._outbox.push(encode_frame(frame))


async def _hello(websocket: WebSocket) -> Hello:
    try:
        async with asyncio.timeout(_HELLO_SECONDS):
            frame = decode_frame(await _receive_text(websocket))
    except TimeoutError:
        raise Refused(NO_HELLO, "no hello in time") from None
    except msgspec.MsgspecError:
        raise Refused(NO_HELLO, "the first frame is a hello") from None
    if not isinstance(frame, Hello):
        raise Refused(NO_HELLO, "the first frame is a hello")
    return frame


async def _receive_text(websocket: WebSocket) -> str:
    """The next text frame, also what a client wrongly sent as a binary one."""
    message = await websocket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1005))
    text: str | None = message.get("text")
    if text is None:
        text = message["bytes"].decode(errors="replace")
    return text


async def _close(websocket: WebSocket, code: int, reason: str) -> None:
    """Say why and end; a socket that takes nothing is not waited for."""
    with contextlib.suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
        async with asyncio.timeout(1.0):
            await websocket.close(code, reason[:100])
