"""Customers who fall silent: the router is told, and when they write again.

A conversation is quiet when a person's answer has stood there for `quiet_after` without a word
from the customer. Every replica says so, with ids that follow from the message, so doubles change
nothing.
"""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import NamedTuple

from services.chat.core import CHANNEL
from services.chat.index import Said
from services.chat.places import Place
from services.contracts.contact_events import ContactActive, ContactData, ContactQuiet
from services.contracts.topics import CONTACT_EVENTS
from services.kit import tasks
from services.kit.clock import Clock, derived_id, to_datetime
from services.kit.errors import Unavailable
from services.kit.publisher import Publisher

KEPT = 50_000
"""Conversations whose customers owe an answer, the newest."""
AGAIN = 1.0
"""Seconds until what could not be published is tried again."""


class Change(NamedTuple):
    """A customer has fallen silent after the message `seq`, or written again with it."""

    conversation: str
    seq: int
    quiet: bool


class Silences:
    """Whose turn it is to speak. Pure; times in ms."""

    def __init__(self, quiet_after: int) -> None:
        self._quiet_after = quiet_after
        self._answered: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._due: list[tuple[int, str, int]] = []

    def said(self, said: Said) -> Change | None:
        """Somebody spoke; a change if that was a customer who had been silent for long."""
        message = said.message
        conversation = message.conversation_id
        if message.author.kind == "agent":
            self._answered[conversation] = (said.seq, message.at)
            self._answered.move_to_end(conversation)
            if len(self._answered) > KEPT:
                self._answered.popitem(last=False)
            heappush(self._due, (message.at + self._quiet_after, conversation, said.seq))
        elif message.author.kind == "customer":
            answered = self._answered.pop(conversation, None)
            if answered is not None and message.at - answered[1] >= self._quiet_after:
                return Change(conversation, said.seq, quiet=False)
        return None

    def next_due(self) -> int | None:
        """When the next customer falls silent, if none writes."""
        while self._due:
            due, conversation, seq = self._due[0]
            if self._answered.get(conversation, (-1, 0))[0] == seq:
                return due
            heappop(self._due)
        return None

    def fallen(self, now: int) -> list[Change]:
        """Those who have fallen silent by now, each once."""
        found = []
        while (due := self.next_due()) is not None and due <= now:
            _, conversation, seq = heappop(self._due)
            found.append(Change(conversation, seq, quiet=True))
        return found


class SilenceWatch:
    """A part: tells the router of changes in conversations that somebody has in hand. `ready` are
    set when the past of messages and journal has been read."""

    name = "silence"

    def __init__(
        self,
        quiet_after: float,
        publisher: Publisher,
        place_of: Callable[[str], Place | None],
        ready: Sequence[asyncio.Event],
        clock: Clock,
    ) -> None:
        self._silences = Silences(round(quiet_after * 1000))
        self._publisher = publisher
        self._place_of = place_of
        self._ready = ready
        self._clock = clock
        self._changes: list[Change] = []
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to watch."""
        self._task = tasks.start("silence", self._watch())

    async def stop(self) -> None:
        """End."""
        await tasks.stop(self._task)

    def trouble(self) -> str | None:
        """Never: without it a conversation merely stays as dear as it is."""
        return None

    def said(self, said: Said) -> None:
        """A message stands in the topic."""
        change = self._silences.said(said)
        if change is not None:
            self._changes.append(change)
        self._wake.set()

    async def _watch(self) -> None:
        for event in self._ready:
            await event.wait()
        while True:
            self._wake.clear()
            self._changes += self._silences.fallen(self._clock.now_ms())
            wait: float | None = AGAIN
            if await self._tell():
                due = self._silences.next_due()
                wait = None if due is None else max(0.0, (due - self._clock.now_ms()) / 1000)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._wake.wait()

    async def _tell(self) -> bool:
        """Whether all changes are told; what could not be published stays."""
        while self._changes:
            change = self._changes[0]
            place = self._place_of(change.conversation)
            if place is not None and place.state == "assigned":
                try:
                    await self._publisher.publish(
                        CONTACT_EVENTS,
                        event_of(change, place, self._clock.now_ms()),
                        key=place.line.pool,
                        partition=place.line.partition,
                    )
                except Unavailable:
                    return False
            self._changes.pop(0)
        return True


def event_of(change: Change, place: Place, now_ms: int) -> ContactQuiet | ContactActive:
    """The fact that the router is told."""
    kind, word = (ContactQuiet, "quiet") if change.quiet else (ContactActive, "active")
    return kind(
        id=derived_id(word, place.contact_id, str(change.seq)),
        source=CHANNEL,
        time=to_datetime(now_ms),
        subject=place.contact_id,
        data=ContactData(pool=place.line.pool, contact_id=place.contact_id),
    )
