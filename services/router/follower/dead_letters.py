"""The dead letters of contact-events: whatever the router could not use, with its bytes.

The router journals `input.rejected` and goes on; here the letter is written. Progress needs no
store of its own: letters of a partition are written in order, so the newest one in the dead
letters says how far it has come. (Not the group's offsets: they expire, and a group cannot know
which journal records count.) A crash between reading and writing loses nothing; two followers may
write a letter twice, under the same id.
"""

import asyncio
import logging

import msgspec

from services.contracts.codec import decode
from services.contracts.journal import Record
from services.contracts.routing_events import InputRejected
from services.contracts.topics import CONTACT_EVENTS, dead_letters_of
from services.kit import tasks
from services.kit.clock import Clock
from services.kit.dead_letter import DeadLetters
from services.kit.errors import Unavailable
from services.kit.feed import FeedReader
from services.kit.journal_reader import Decided, JournalFeed
from services.kit.log_reader import LogReader, Raw
from services.kit.record_fetcher import RecordFetcher
from services.kit.settings import Settings

log = logging.getLogger(__name__)
READER = "router"
_LETTERS = dead_letters_of(CONTACT_EVENTS)
_EVERY = 1.0
_MARKS = (b'"journal.open"', b'"input.rejected"')
"""What an entry has that counts here; the others need not be decoded."""
_KEPT_MS = int(_LETTERS.config["retention.ms"])


class RejectedInputs:
    """A part: reads the journal on its own, so that a flood of letters holds nothing else up,
    and in large bites, for nobody waits for a letter."""

    name = "dead letters"

    def __init__(self, settings: Settings, letters: DeadLetters, clock: Clock) -> None:
        self._settings = settings
        self._letters = letters
        self._clock = clock
        self._inputs = RecordFetcher(settings, CONTACT_EVENTS)
        self._done: dict[int, int] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin; returns at once."""
        self._task = tasks.start("dead-letters", self._run())

    async def stop(self) -> None:
        """End; a letter in hand is written after the next start."""
        await tasks.stop(self._task)
        await self._inputs.close()

    def trouble(self) -> str | None:
        """None: what is not written yet is not lost."""
        return None

    async def _run(self) -> None:
        await self._read_letters()
        async for batch in FeedReader(_Rejections(self._settings)).batches():
            for number, _, record in batch:
                for event in record.events:
                    if isinstance(event, InputRejected):
                        await self._bury(number, record, event)

    async def _read_letters(self) -> None:
        """How far the letters have come, per partition of the inputs."""
        reader = LogReader(self._settings, _LETTERS)
        await reader.open()
        try:
            end = (await reader.ends())[0]
            offset = -1
            while offset < end - 1:
                for raw in await reader.read():
                    offset = raw.offset
                    self._note(raw)
                if not end:
                    return
        finally:
            await reader.close()

    def _note(self, raw: Raw) -> None:
        try:
            letter = decode(_LETTERS, raw.value or b"").data
        except msgspec.MsgspecError:
            log.error("a dead letter cannot be read", extra={"offset": raw.offset})
            return
        if letter.topic == CONTACT_EVENTS.name and letter.reader == READER:
            self._done[letter.partition] = max(letter.offset, self._done.get(letter.partition, -1))

    async def _bury(self, number: int, record: Record, event: InputRejected) -> None:
        offset = record.src.offset
        if offset <= self._done.get(number, -1):
            return
        if record.at < self._clock.now_ms() - _KEPT_MS:
            return  # the dead letters would not keep it either
        raw = await self._inputs.fetch(number, offset)
        detail = event.detail
        if raw is None:
            raw = Raw(number, offset, record.at, None, None)
            detail = f"{detail} (its bytes are gone: retention has removed the input)"
        while True:
            try:
                await self._letters.write(CONTACT_EVENTS, raw, event.reason, detail)
            except Unavailable as error:
                log.warning("a dead letter waits: %s", error.detail)
                await asyncio.sleep(1)
                continue
            break
        self._done[number] = offset


class _Rejections(JournalFeed):
    """The journal's records that may reject an input, and few others."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, every=_EVERY)

    def hear(self, raw: Raw) -> Decided | None:
        value = raw.value or b""
        return super().hear(raw) if any(mark in value for mark in _MARKS) else None
