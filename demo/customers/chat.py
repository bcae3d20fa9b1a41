"""Customers who chat with a person, at once or when the bot had no answer."""

import asyncio
import json
from contextlib import aclosing, suppress
from typing import Any

from websockets.asyncio.client import ClientConnection

from demo.customers.surroundings import Surroundings
from demo.door import Refused
from demo.places import POOL
from demo.records import Customer
from demo.sockets import CLOSED, connections

LINGER = 1.0
"""Seconds for which a customer still looks at a conversation that is over."""


async def visit_chat(around: Surroundings, customer: Customer) -> None:
    """Open a chat and talk until it is over. Raises `GaveUp` or `Refused`."""
    customer.asked_at = around.clock.now_ms()
    started = await around.door.said(
        "POST",
        f"{around.places.chat}/v1/chats",
        json={
            "pool": POOL,
            "language": customer.language,
            "text": customer.question.text,
            "cid": customer.key,
            "name": customer.name,
            "email": customer.email,
            "topic": customer.question.topic,
        },
    )
    around.accepted(customer, started["contact_id"], started["conversation_id"])
    customer.token = started["token"]
    await Talk(around, customer, started["seq"]).run()


async def look_again(around: Surroundings, customer: Customer) -> None:
    """Come back to a conversation: what was said in it is shown anew."""
    await Talk(around, customer, -1).run()


async def visit_bot(around: Surroundings, customer: Customer) -> None:
    """Ask the bot; if its answer does, say so, else wait for a person as in a chat."""
    customer.asked_at = around.clock.now_ms()
    started = await around.door.said(
        "POST",
        f"{around.places.bot}/v1/questions",
        json={
            "pool": POOL,
            "language": customer.language,
            "text": customer.question.text,
            "cid": customer.key,
        },
    )
    around.accepted(customer, started["contact_id"], started["conversation_id"])
    customer.token = started["token"]
    if started.get("answer"):
        await around.pace.takes(5)
        if around.pace.happens(0.85):
            with suppress(Refused):  # an agent has it already
                await around.door.ask(
                    "POST",
                    f"{around.places.bot}/v1/questions/{customer.conversation_id}:solved",
                    token=customer.token,
                )
    await Talk(around, customer, -1).run()


class Talk:
    """The customer's side of a conversation: reads, answers once or twice, thanks, may leave
    first. Holds the socket until the conversation is over, whatever happens to connections."""

    def __init__(self, around: Surroundings, customer: Customer, last_seq: int) -> None:
        self._around = around
        self._customer = customer
        self._last_seq = last_seq
        self._unsaid: dict[str, str] = {}
        self._said = 0
        self._asked_on = False
        self._over = asyncio.Event()
        self._writing: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until the conversation is closed, and a moment longer."""
        customer = self._customer
        customer.listening = True
        url = f"{self._around.places.chat}/v1/chats/{customer.conversation_id}/ws"
        try:
            async with aclosing(connections(url, self._around.pace)) as sockets:
                async for socket in sockets:
                    with suppress(*CLOSED):
                        await self._hold(socket)
                    if self._over.is_set():
                        return
        finally:
            customer.listening = False
            for task in self._writing:
                task.cancel()

    async def _hold(self, socket: ClientConnection) -> None:
        await _send(
            socket,
            type="hello",
            token=self._customer.token,
            last_seq=self._last_seq,
            lang=self._customer.language,
        )
        sender = asyncio.create_task(self._resend(socket))
        try:
            while True:
                patience = LINGER if self._over.is_set() else None
                async with asyncio.timeout(patience):
                    frame = json.loads(await socket.recv())
                self._take(frame, socket)
        finally:
            sender.cancel()

    async def _resend(self, socket: ClientConnection) -> None:
        """What was not acknowledged on the last connection goes first."""
        with suppress(*CLOSED):
            for cid, text in list(self._unsaid.items()):
                await _send(socket, type="msg", cid=cid, text=text)

    def _take(self, frame: dict[str, Any], socket: ClientConnection) -> None:
        match frame["type"]:
            case "msg":
                self._last_seq = max(self._last_seq, frame["seq"])
                if frame["from"] in ("agent", "bot"):
                    self._heard(frame, socket)
            case "ack":
                self._unsaid.pop(frame["cid"], None)
            case "error":
                cid = frame.get("cid", "")
                if frame.get("retry_after"):
                    self._later(self._say_again(socket, cid, frame["retry_after"]))
                else:
                    self._unsaid.pop(cid, None)
            case "closed":
                self._over.set()
            case _:
                pass

    def _heard(self, frame: dict[str, Any], socket: ClientConnection) -> None:
        customer = self._customer
        if frame["id"] in customer.received:
            return
        customer.received[frame["id"]] = frame["text"]
        if frame["from"] == "agent" and not self._over.is_set():
            self._later(self._react(socket))

    async def _react(self, socket: ClientConnection) -> None:
        """Read, think, and write something back."""
        pace, customer = self._around.pace, self._customer
        await pace.takes(10)
        if customer.question.follow_up is not None and not self._asked_on:
            self._asked_on = True
            await self._say(socket, customer.question.follow_up.text)
        elif self._said < 2:
            phrases = self._around.questions.by_language[customer.language]
            await self._say(socket, pace.chance.choice(phrases.thanks))
            if pace.happens(0.4):
                await pace.takes(6)
                await self._leave()

    async def _say(self, socket: ClientConnection, text: str) -> None:
        self._said += 1
        cid = f"{self._customer.key}-{self._said}"
        self._unsaid[cid] = text
        with suppress(*CLOSED):  # the next connection sends it again
            await _send(socket, type="msg", cid=cid, text=text)

    async def _say_again(self, socket: ClientConnection, cid: str, after: float) -> None:
        await asyncio.sleep(self._around.pace.real(after))
        if cid in self._unsaid:
            with suppress(*CLOSED):
                await _send(socket, type="msg", cid=cid, text=self._unsaid[cid])

    async def _leave(self) -> None:
        await self._around.door.ask(
            "POST",
            f"{self._around.places.chat}/v1/chats/{self._customer.conversation_id}:end",
            token=self._customer.token,
        )

    def _later(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)


async def _send(socket: ClientConnection, **frame: Any) -> None:
    await socket.send(json.dumps(frame))
