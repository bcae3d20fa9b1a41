"""What comes in at the door: accepted is what is durable.

An answer means: the message is in Kafka, and for a first message its contact event, too. Else
`Unavailable`: the same again under the same `cid`, as often as it takes, comes to the same end.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from services.chat import core
from services.chat.adapters import Contacts, Talk
from services.chat.core import CUSTOMER, Opening
from services.chat.frames import State, state_of
from services.chat.places import Place
from services.contracts.conversation import contact_opened
from services.contracts.messages import ConversationStarted, StartedConversation
from services.contracts.topics import CONTACT_EVENTS
from services.kit.clock import Clock, new_id
from services.kit.errors import Unavailable
from services.kit.messages import publish_record
from services.kit.metrics import Metrics
from services.kit.pools import PoolDirectory
from services.kit.problem import Problem
from services.kit.publisher import Position, Publisher
from services.kit.settings import Settings

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Opened:
    """An accepted opening; `seq` is its first message's."""

    conversation_id: str
    contact_id: str
    seq: int


class ConversationOver(Exception):
    """Nobody would read it: the contact is closed."""


class Door:
    """Accepts openings, messages and ends."""

    def __init__(
        self,
        settings: Settings,
        *,
        publisher: Publisher,
        pools: PoolDirectory,
        talk: Talk,
        contacts: Contacts,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._settings = settings
        self._publisher = publisher
        self._pools = pools
        self._talk = talk
        self._contacts = contacts
        self._clock = clock
        self._metrics = metrics
        self._running: dict[tuple[str, ...], asyncio.Task[Any]] = {}

    def require_ready(self) -> None:
        """Raises `Unavailable` while what was said before is not known."""
        for part in (self._talk, self._contacts):
            if (trouble := part.trouble()) is not None:
                raise Unavailable(f"Just started: {trouble}.")

    def state(self, head: StartedConversation) -> State:
        """Where the conversation's contact is."""
        old = self._clock.now_ms() - head.opened_at > core.REOPEN_MS
        return state_of(self.place(head.conversation_id), old=old)

    def place(self, conversation_id: str) -> Place | None:
        """The conversation's newest contact, if the router knows one."""
        return self._contacts.places.of(conversation_id)

    async def open(self, opening: Opening) -> Opened:
        """A new conversation, or the one that this opening has made already.

        Raises `Unavailable`, and `Problem` 422 for a pool that has no chat.
        """
        self.require_ready()
        self._partition(opening.pool, core.CHANNEL)
        key = ("open", opening.pool, opening.cid)
        return await self._once(key, lambda: self._open(opening))

    async def say(self, head: StartedConversation, cid: str, text: str) -> int:
        """The customer's message; returns its seq. Raises `Unavailable`, `ConversationOver`."""
        self.require_ready()
        key = ("say", head.conversation_id, cid)
        return await self._once(key, lambda: self._say(head, cid, text))

    async def end(self, head: StartedConversation) -> None:
        """The customer ends the talk. Raises `Unavailable`."""
        self.require_ready()
        if self.state(head) != "closed":
            # Another pool may have taken the conversation over, under another contact id.
            place = self._contacts.places.of(head.conversation_id)
            pool, contact_id = head.pool, head.contact_id
            partition = self._partition(pool, head.channel)
            if place is not None:
                partition, pool, contact_id = (
                    place.line.partition,
                    place.line.pool,
                    place.contact_id,
                )
            event = core.ended(pool, contact_id, self._clock.now_ms())
            await self._publisher.publish(CONTACT_EVENTS, event, key=pool, partition=partition)

    async def _open(self, opening: Opening) -> Opened:
        now = self._clock.now_ms()
        head = core.head_of(opening, now)
        conversation_id = head.data.conversation_id
        known = self._talk.index.get(conversation_id)
        seq = self._seq(conversation_id, opening.cid)
        if known is None or seq is None:
            # Both, even if one is there: of doubles the first counts, for everybody.
            message = core.message_of(head.data, opening.cid, opening.text, now)
            _, position = await asyncio.gather(
                publish_record(self._publisher, self._settings, head, "head"),
                publish_record(self._publisher, self._settings, message, new_id()),
            )
            seq = await self._settled(position, conversation_id, opening.cid)
            known = self._talk.index.get(conversation_id)
            self._metrics.count("contacts_accepted_total", channel=core.CHANNEL)
            self._count(core.CHANNEL)
        await self._open_contact((known and known.head) or head)
        return Opened(conversation_id, head.data.contact_id, seq)

    async def _open_contact(self, head: ConversationStarted) -> None:
        data = head.data
        old = self._clock.now_ms() - data.opened_at > core.REOPEN_MS
        if old or self._contacts.places.contact(data.contact_id) is not None:
            return
        await self._publisher.publish(
            CONTACT_EVENTS,
            contact_opened(head, core.CHANNEL),
            key=data.pool,
            partition=self._partition(data.pool, data.channel),
        )

    async def _say(self, head: StartedConversation, cid: str, text: str) -> int:
        seq = self._seq(head.conversation_id, cid)
        if seq is not None:
            return seq
        if self.state(head) == "closed":
            raise ConversationOver
        message = core.message_of(head, cid, text, self._clock.now_ms())
        position = await publish_record(self._publisher, self._settings, message, new_id())
        seq = await self._settled(position, head.conversation_id, cid)
        self._count(head.channel)
        return seq

    async def _settled(self, position: Position, conversation_id: str, cid: str) -> int:
        """The place that counts: another replica may have been first with the same cid."""
        try:
            async with asyncio.timeout(self._settings.publish_timeout):
                await self._talk.until(position)
        except TimeoutError:
            raise Unavailable("The messages are read too slowly.", outcome_unknown=True) from None
        seq = self._seq(conversation_id, cid)
        return position.offset if seq is None else seq

    def _seq(self, conversation_id: str, cid: str) -> int | None:
        return self._talk.index.seq(conversation_id, (CUSTOMER.kind, CUSTOMER.id, cid))

    def _partition(self, pool: str, channel: str) -> int:
        config = self._pools.get(pool)
        if config is None or channel not in config.channels:
            detail = f"{pool!r} has no channel {channel!r}."
            raise Problem(422, detail, errors=[{"field": "pool", "message": detail}])
        return config.partition

    def _count(self, channel: str) -> None:
        self._metrics.count("messages_accepted_total", channel=channel, author="customer")

    async def _once(self, key: tuple[str, ...], make: Callable[[], Awaitable[T]]) -> T:
        """The same asked twice at the same time is done once; and it is done to its end, even if
        whoever asked goes away."""
        task: asyncio.Task[T] | None = self._running.get(key)
        if task is None:
            task = self._running[key] = asyncio.ensure_future(make())
            task.add_done_callback(lambda done: self._ended(key, done))
        return await asyncio.shield(task)

    def _ended(self, key: tuple[str, ...], done: "asyncio.Task[Any]") -> None:
        del self._running[key]
        if not done.cancelled():
            done.exception()  # seen: whoever asked may be gone
