"""An agent's side of one conversation: reads what the customer wrote and answers it."""

import asyncio
from typing import Any

from demo.customers.surroundings import Surroundings
from demo.door import Refused
from demo.records import Answer

MOST_ANSWERS = 3
BELIEVE = 10.0
"""Seconds after which a refusal is believed."""
READING = 12.0
TYPING = 30.0
WAITING = 60.0
"""Human seconds: to read a question, to write an answer, to wait for the customer's next word."""


class Conversation:
    """`id` is the conversation's; `live` ones are talked, the others answered once."""

    def __init__(
        self, around: Surroundings, token: str, id_: str, assignment_id: str, live: bool
    ) -> None:
        self.id = id_
        self._around = around
        self._token = token
        self._assignment = assignment_id
        self._live = live
        self._base = f"{around.places.conversations}/v1/conversations/{id_}"
        self._last_seq = -1
        self._news = asyncio.Event()
        self._left = False
        self._answers = 0

    def look_again(self) -> None:
        """Somebody may have said something."""
        self._news.set()

    def customer_left(self) -> None:
        """The talk is over for the customer."""
        self._left = True
        self._news.set()

    async def hold(self) -> str:
        """Until all is answered; returns the disposition."""
        head = await self._get("")
        language = str(head.get("language") or "en").split("-")[0]
        while not self._left and self._answers < MOST_ANSWERS:
            said = await self._what_the_customer_said(head)
            if not said:
                break
            await self._around.pace.takes(READING)
            answer = self._around.questions.answer_to(said, language, self._around.chance)
            await self._around.pace.takes(TYPING if self._answers == 0 else TYPING / 2)
            if self._left or not await self._answer(answer):
                break
            if not self._live:
                break
        return str(head.get("topic") or "answered")

    async def _what_the_customer_said(self, head: dict[str, Any]) -> str:
        """All that is new; waits for it, but not for ever. Empty: nothing more to answer."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._around.pace.real(WAITING)
        while not self._left:
            self._news.clear()
            page = await self._get(f"/messages?after={self._last_seq}")
            messages = page["messages"]
            new = [m["text"] for m in messages if _author(m) == "customer"]
            self._last_seq = max([self._last_seq, *(m["seq"] for m in messages)])
            if new:
                return "\n".join(new)
            if self._answers == 0 and head.get("text"):
                return str(head["text"])
            try:
                async with asyncio.timeout_at(deadline):
                    await self._news.wait()
            except TimeoutError:
                return ""
        return ""

    async def _answer(self, text: str) -> bool:
        """Whether the platform took it; no: the contact is no longer this agent's."""
        try:
            answer = await self._ask(
                "POST",
                "/messages",
                key=f"{self._assignment}-{self._answers}",
                json={"text": text},
            )
        except Refused:
            return False
        self._answers += 1
        self._around.records.answered(Answer(self.id, answer["message_id"], text))
        return True

    async def _get(self, path: str) -> Any:
        return await self._ask("GET", path)

    async def _ask(self, method: str, path: str, **request: Any) -> Any:
        """The service may hear of the assignment a moment later than the agent did: a refusal is
        believed when it lasts."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + BELIEVE
        while True:
            try:
                return await self._around.door.said(
                    method, f"{self._base}{path}", token=self._token, **request
                )
            except Refused as refused:
                if refused.status not in (403, 404) or self._left or loop.time() > deadline:
                    raise
                await asyncio.sleep(0.5)


def _author(message: dict[str, Any]) -> str:
    author = message.get("author", message.get("from", ""))
    return str(author.get("kind", "") if isinstance(author, dict) else author)
