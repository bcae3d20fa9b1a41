"""Reads the journal beside the run, and in `messages` which contact an e-mail became."""

import asyncio
import logging
from collections.abc import Callable

from aiokafka.errors import KafkaError
from msgspec import MsgspecError

from demo.check import JournalCheck
from demo.floor import Floor
from demo.records import Records
from services.contracts.codec import decode
from services.contracts.journal import Record
from services.contracts.messages import ConversationStarted, MessageCreated
from services.contracts.topics import MESSAGES
from services.kit.journal_reader import JournalReader
from services.kit.log_reader import LogReader, Raw
from services.kit.settings import Settings

log = logging.getLogger(__name__)


class Watch:
    """`check` and `floor` are as new as the journal. What stood there before the run began is
    replayed, but not counted. `moved` is set after each batch."""

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
        self.moved = asyncio.Event()
        self.void = 0
        self._settings = settings
        self._records = records
        self._told = told
        self._seen: dict[int, int] = {}
        self._contact_of: dict[str, str] = {}

    async def follow_journal(self) -> None:
        """For ever."""
        while True:
            reader = JournalReader(self._settings)
            try:
                async for batch in reader.batches():
                    self._take(batch, counting=self.caught_up.is_set())
                    self.void = reader.void
                    if reader.caught_up.is_set():
                        self.caught_up.set()
                    await asyncio.sleep(0)
            except KafkaError as error:
                log.warning("the journal is read again: %r", error)
                await asyncio.sleep(0.5)

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

    def _take(self, batch: list[tuple[int, int, Record]], *, counting: bool) -> None:
        for partition, offset, record in batch:
            if offset <= self._seen.get(partition, -1):
                continue
            self._seen[partition] = offset
            self.check.see(partition, offset, record, counting=counting)
            self.floor.see(record, counting=counting)
            if counting:
                self._told(record)
        self.moved.set()

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
