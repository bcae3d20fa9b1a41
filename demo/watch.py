"""Reads the journal beside the run, and in `messages` which contact an e-mail became."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable

from aiokafka.errors import KafkaError
from msgspec import MsgspecError

from demo.check import JournalCheck
from demo.floor import Floor
from demo.records import Records
from services.contracts.codec import decode
from services.contracts.journal import Record, Validity, decode_entry
from services.contracts.messages import ConversationStarted, MessageCreated
from services.contracts.topics import MESSAGES, ROUTING_JOURNAL
from services.kit.log_reader import LogReader, Raw
from services.kit.settings import Settings

log = logging.getLogger(__name__)


class Watch:
    """`check` and `floor` are as new as the journal. What stood there before the run began is
    replayed, but not counted. `newest_at`: the broker's time (ms) of the newest valid record."""

    def __init__(
        self,
        settings: Settings,
        pool: str,
        records: Records,
        told: Callable[[Record], None] = lambda _: None,
    ) -> None:
        self.check = JournalCheck(pool)
        self.floor = Floor(pool)
        self.caught_up = asyncio.Event()
        self.newest_at = 0
        self._settings = settings
        self._records = records
        self._told = told
        self._seen: dict[int, int] = {}
        self._contact_of: dict[str, str] = {}

    async def follow_journal(self) -> None:
        """For ever. Read with its offsets and the broker's times, which the readers of services
        do not need; what counts is decided by the same rule."""
        while True:
            reader = LogReader(self._settings, ROUTING_JOURNAL)
            validity: defaultdict[int, Validity] = defaultdict(Validity)
            try:
                await reader.open()
                ends = await reader.ends()
                self._check_caught_up(ends)
                async for raws in reader.batches():
                    for raw in raws:
                        entry = decode_entry(raw.value or b"")
                        record = validity[raw.partition].admit(raw.offset, entry)
                        self._take(raw, record)
                    self._check_caught_up(ends)
            except KafkaError as error:
                log.warning("the journal is read again: %r", error)
                await asyncio.sleep(0.5)
            finally:
                await reader.close()

    def _check_caught_up(self, ends: dict[int, int]) -> None:
        if all(self._seen.get(partition, -1) >= end - 1 for partition, end in ends.items()):
            self.caught_up.set()

    async def follow_messages(self) -> None:
        """For ever."""
        while True:
            reader = LogReader(self._settings, MESSAGES)
            try:
                await reader.open()
                async for raws in reader.batches():
                    for raw in raws:
                        self._recognise(raw)
            except KafkaError as error:
                log.warning("the messages are read again: %r", error)
                await asyncio.sleep(0.5)
            finally:
                await reader.close()

    def _take(self, raw: Raw, record: Record | None) -> None:
        """Apply a valid record, unless it was applied before the journal was read anew."""
        if raw.offset <= self._seen.get(raw.partition, -1):
            return
        self._seen[raw.partition] = raw.offset
        if record is None:
            return
        self.newest_at = max(self.newest_at, raw.at)
        counting = self.caught_up.is_set()
        self.check.see(raw.partition, raw.offset, record, counting=counting)
        self.floor.see(record, appended=raw.at, counting=counting)
        if counting:
            self._told(record)

    def _recognise(self, raw: Raw) -> None:
        if raw.value is None:
            return
        try:
            event = decode(MESSAGES, raw.value)
        except MsgspecError:
            return
        if isinstance(event, ConversationStarted):
            if event.data.channel == "email":
                self._contact_of[event.data.conversation_id] = event.data.contact_id
        elif isinstance(event, MessageCreated) and event.data.email_id:
            customer = self._records.customers.get(event.data.email_id)
            contact = self._contact_of.get(event.data.conversation_id)
            if customer is not None and contact is not None:
                self._records.identify(customer, contact, event.data.conversation_id)
