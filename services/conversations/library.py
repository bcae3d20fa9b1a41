"""Reading and writing conversations: whoever may, as much as may."""

import asyncio
from typing import Literal

from services.contracts.messages import StartedConversation
from services.conversations import core
from services.conversations.adapters import Assignments, Changes, Shelf, Transcripts
from services.conversations.core import Asked
from services.conversations.holders import Holders
from services.conversations.repair import WINDOW_MS, RepairBook
from services.conversations.store import Said, Store
from services.kit.auth import Principal
from services.kit.clock import Clock, new_id
from services.kit.errors import InvalidMessage, Unavailable
from services.kit.messages import publish_record
from services.kit.metrics import Metrics
from services.kit.problem import Problem
from services.kit.publisher import Publisher
from services.kit.settings import Settings

_PATIENCE = 1.0
"""Seconds that a question waits for a conversation, or for an assignment, of this very moment: an
agent who has just accepted is told so by another process, which may be a little ahead."""


class Library:
    """Asks the store, checks the caller, writes what agents say."""

    def __init__(
        self,
        settings: Settings,
        *,
        shelf: Shelf,
        transcripts: Transcripts,
        assignments: Assignments,
        holders: Holders,
        changes: Changes,
        book: RepairBook,
        publisher: Publisher,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._settings = settings
        self._shelf = shelf
        self._parts = (transcripts, assignments)
        self._transcripts = transcripts
        self._holders = holders
        self._changes = changes
        self._book = book
        self._publisher = publisher
        self._clock = clock
        self._metrics = metrics

    def require_ready(self) -> None:
        """Raises `Unavailable` while what was said and assigned before is not known."""
        for part in self._parts:
            if (trouble := part.trouble()) is not None:
                raise Unavailable(f"Just started: {trouble}.")

    async def open(
        self, principal: Principal, conversation_id: str, *, write: bool
    ) -> StartedConversation:
        """The conversation, if the caller may. Raises `Problem` 403 and 404, `Unavailable`."""
        self.require_ready()
        head = await self._head(conversation_id)
        if head is None:
            raise _not_found()
        verdict = await self._judge(principal, head, write=write)
        if verdict == "not_assigned":
            await self._changes.next(conversation_id, _PATIENCE)
            verdict = await self._judge(principal, head, write=write)
        if verdict == "hidden":
            raise _not_found()
        if verdict == "not_assigned":
            what = "assigned to you now" if write else "assigned to you, now or before"
            raise Problem(403, f"The conversation is not {what}.")
        if verdict == "not_the_role":
            raise Problem(403, "This needs another role.")
        return head

    def state(
        self, head: StartedConversation
    ) -> Literal["waiting", "assigned", "wrapping", "over"]:
        """Where the conversation's contact is. One that the router has not had yet waits."""
        living = self._holders.state(head.contact_id)
        if living is not None:
            return living
        young = self._clock.now_ms() - head.opened_at <= WINDOW_MS
        return "waiting" if young and not self._book.seen(head.contact_id) else "over"

    async def after(self, conversation_id: str, seq: int, limit: int) -> list[Said]:
        """Messages above `seq`, the oldest first."""
        return await self._shelf.run(Store.after, conversation_id, seq, limit)

    async def write(
        self, head: StartedConversation, agent_id: str, cid: str, text: str, subject: str
    ) -> Said:
        """What the agent says; of a doubled `cid` the first. Raises `Unavailable`, `Problem`."""
        conversation_id = head.conversation_id
        known = await self._find(conversation_id, agent_id, cid)
        if known is not None:
            return known
        event = core.message_of(head, agent_id, cid, text, subject, self._clock.now_ms())
        try:
            position = await publish_record(self._publisher, self._settings, event, new_id())
        except InvalidMessage as error:
            raise Problem(413, "The message is too large.") from error
        try:
            async with asyncio.timeout(self._settings.publish_timeout):
                await self._transcripts.until(position)
        except TimeoutError:
            raise Unavailable("The messages are read too slowly.", outcome_unknown=True) from None
        self._metrics.count("messages_accepted_total", channel=head.channel, author="agent")
        # Another replica may have been first with the same cid: then that one's place counts.
        first = await self._find(conversation_id, agent_id, cid)
        return first or Said(position.offset, event.data)

    async def _head(self, conversation_id: str) -> StartedConversation | None:
        head = await self._shelf.run(Store.head, conversation_id)
        if head is None:
            await self._changes.next(conversation_id, _PATIENCE)
            head = await self._shelf.run(Store.head, conversation_id)
        return head

    async def _judge(
        self, principal: Principal, head: StartedConversation, *, write: bool
    ) -> core.Verdict:
        holder = self._holders.of(head.conversation_id)
        handled = await self._shelf.run(
            Store.handled, head.conversation_id, principal.tenant, principal.subject
        )
        return core.judge(
            Asked(
                principal=principal,
                tenant=_tenant(head.pool),
                holder=None if holder is None else (_tenant(holder.pool), holder.agent),
                handled=handled,
                write=write,
            )
        )

    async def _find(self, conversation_id: str, agent_id: str, cid: str) -> Said | None:
        return await self._shelf.run(Store.find, conversation_id, "agent", agent_id, cid)


def _tenant(pool: str) -> str:
    return pool.partition("/")[0]


def _not_found() -> Problem:
    return Problem(404, "There is no such conversation.")
