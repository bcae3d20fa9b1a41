"""What comes in at the door: accepted is what is durable.

The contact takes its place in the queue first; then the bot looks whether it knows the answer.
Raises `Unavailable`: the same again under the same `cid` comes to the same end.
"""

import asyncio
from dataclasses import dataclass

from services.bot import core
from services.bot.adapters import Platform
from services.bot.answering import Answering
from services.contracts.conversation import contact_opened
from services.contracts.messages import ConversationStarted
from services.kit.clock import Clock
from services.kit.metrics import Metrics
from services.kit.problem import Problem

_REOPEN_MS = 12 * 3_600_000
"""An older head is not routed again: the router may have forgotten its contact."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An accepted question; `answer` None: the bot is silent, a person will answer."""

    conversation_id: str
    contact_id: str
    answer: str | None


class Door:
    """Accepts questions, and the customer's word that a question is solved."""

    def __init__(
        self, platform: Platform, answering: Answering, clock: Clock, metrics: Metrics
    ) -> None:
        self._platform = platform
        self._answering = answering
        self._clock = clock
        self._metrics = metrics
        self._running: dict[tuple[str, str], asyncio.Task[Asked]] = {}

    async def ask(self, pool: str, language: str, text: str, cid: str) -> Asked:
        """A question begins a conversation, or comes again into the one that it has begun.

        `Problem` 422 for a pool that has no bot.
        """
        if self._platform.partition(pool, core.CHANNEL) is None:
            detail = f"{pool!r} has no channel {core.CHANNEL!r}."
            raise Problem(422, detail, errors=[{"field": "pool", "message": detail}])
        key = (pool, cid)
        task = self._running.get(key)
        if task is None:
            # Done once for those who ask at the same time, and to its end if they go away.
            task = asyncio.create_task(self._ask(pool, language, text, cid))
            self._running[key] = task
            task.add_done_callback(lambda done: self._ended(key, done))
        return await asyncio.shield(task)

    async def solved(self, conversation_id: str) -> str:
        """The customer needs nobody any more; returns the contact. `Problem` 404 if unknown."""
        known = await self._platform.conversation(conversation_id)
        if known is None or known.head is None:
            raise Problem(404, "The conversation is not known here.")
        head = known.head.data
        if await self._platform.contact(head) not in {"wrapping", "over"}:
            await self._platform.tell_router(core.solved(head, self._clock.now_ms()))
            self._metrics.count("bot_questions_total", result="solved")
        return head.contact_id

    async def _ask(self, pool: str, language: str, text: str, cid: str) -> Asked:
        head, question = core.opening(pool, language, text, cid, self._clock.now_ms())
        known = await self._platform.conversation(head.data.conversation_id)
        offset = -1
        if known is None or known.head is None or not known.asked:
            _, position = await asyncio.gather(
                self._platform.write(head, "head"), self._platform.write(question)
            )
            offset = position.offset
            self._metrics.count("contacts_accepted_total", channel=core.CHANNEL)
            self._metrics.count(
                "messages_accepted_total", channel=core.CHANNEL, author=question.data.author.kind
            )
        else:
            head = known.head
        await self._open_contact(head)
        answer = await self._answering.answer(question.data, offset)
        return Asked(head.data.conversation_id, head.data.contact_id, answer)

    async def _open_contact(self, head: ConversationStarted) -> None:
        old = self._clock.now_ms() - head.data.opened_at > _REOPEN_MS
        if not old and await self._platform.contact(head.data) is None:
            await self._platform.tell_router(contact_opened(head, core.CHANNEL))

    def _ended(self, key: tuple[str, str], done: "asyncio.Task[Asked]") -> None:
        del self._running[key]
        if not done.cancelled():
            done.exception()  # seen: whoever asked may be gone
