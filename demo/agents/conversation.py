"""An agent's side of one conversation: reads what the customer wrote and answers it."""

import asyncio
from typing import Any

from demo.agents.transcripts import Transcript
from demo.customers.surroundings import Surroundings
from demo.door import Refused
from demo.records import Answer

MOST_ANSWERS = 3
BELIEVE = 10.0
"""Seconds after which a refusal is believed."""
GLANCE = 2.0
"""Seconds after which an agent whose screen shows nothing asks the API."""
READING = 12.0
TYPING = 30.0
WAITING = 60.0
"""Human seconds: to read a question, to write an answer, to wait for the customer's next word."""


class Conversation:
    """`live` ones are talked, the others answered once."""

    def __init__(
        self,
        around: Surroundings,
        token: str,
        conversation_id: str,
        assignment_id: str,
        transcript: Transcript,
        *,
        live: bool,
    ) -> None:
        self.id = conversation_id
        self._around = around
        self._token = token
        self._assignment = assignment_id
        self._transcript = transcript
        self._live = live
        self._base = f"{around.places.conversations}/v1/conversations/{conversation_id}"
        self._last_seq = -1
        self._left = False
        self._answers = 0

    def customer_left(self) -> None:
        """The talk is over for the customer."""
        self._left = True
        self._transcript.changed.set()

    async def hold(self) -> str:
        """Until all is answered; returns the disposition."""
        while not self._left and self._answers < MOST_ANSWERS:
            said = await self._what_the_customer_said()
            if not said:
                break
            await self._around.pace.takes(READING)
            language, chance = self._transcript.language, self._around.chance
            answer = self._around.questions.answer_to(said, language, chance)
            await self._around.pace.takes(TYPING if self._answers == 0 else TYPING / 2)
            if self._left or not await self._answer(answer) or not self._live:
                break
        return self._transcript.topic or "answered"

    async def _what_the_customer_said(self) -> str:
        """All that is new; waits for it, but not for ever. Empty: nothing more to answer."""
        first = self._answers == 0
        loop = asyncio.get_running_loop()
        deadline = loop.time() + (GLANCE if first else self._around.pace.real(WAITING))
        transcript = self._transcript
        while not self._left:
            transcript.changed.clear()
            seq, said = transcript.said_after(self._last_seq)
            if said and transcript.known:
                self._last_seq = seq
                return said
            try:
                async with asyncio.timeout_at(deadline):
                    await transcript.changed.wait()
            except TimeoutError:
                if not first:
                    return ""
                await self._ask_for_all()
                deadline = loop.time() + GLANCE
        return ""

    async def _ask_for_all(self) -> None:
        """The screen's socket is away, or slow: the same from the API."""
        head = await self._ask("GET", "")
        page = await self._ask("GET", "/messages")
        self._transcript.take({**head, "messages": page["messages"]})

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
