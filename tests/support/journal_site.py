"""Owners without Faust, on a real broker: the test is the group and the feed.

A `Site` writes inputs to one partition, runs owners on it, writes foreign entries to its journal,
and reads the journal back as every reader must.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Self, TypeVar

from aiokafka import AIOKafkaProducer

from services.contracts.base import Event
from services.contracts.codec import encode
from services.contracts.contact_events import (
    ConfigurePool,
    ConfigurePoolData,
    ContactOpened,
    OpenedContact,
)
from services.contracts.journal import Entry, Open, Record, Validity, decode_entry, encode_entry
from services.contracts.pool import ChannelConfig, PoolConfig, QueueConfig
from services.contracts.routing_events import ContactQueued
from services.contracts.topics import CONTACT_EVENTS, ROUTING_JOURNAL
from services.kit.clock import Clock, SystemClock, new_id, to_datetime
from services.kit.log_reader import LogReader
from services.kit.metrics import Metrics
from services.router.assignment import Assignment
from services.router.journal import JournalWriter
from services.router.owner import Owner
from services.router.settings import RouterSettings

POOL = "kaarna/service"
T = TypeVar("T")


class Process:
    """What one router process has: a writer, an assignment, an owner of the site's partition."""

    def __init__(self, site: "Site", writer: JournalWriter, clock: Clock) -> None:
        self.assignment = Assignment()
        self.writer = writer
        self.metrics = Metrics("router")
        self.owner = Owner(
            site.partition,
            settings=site.settings,
            writer=writer,
            assignment=self.assignment,
            topic_id=site.topic_id,
            clock=clock,
            metrics=self.metrics,
        )

    def assign(self, generation: int) -> None:
        """Faust assigned the partition."""
        self.assignment.take(frozenset({self.owner.number}), generation)


class Site:
    """One partition of a real broker, and everything that a test does to it."""

    def __init__(self, settings: RouterSettings, partition: int, topic_id: str) -> None:
        self.settings = settings
        self.partition = partition
        self.topic_id = topic_id
        self.clock = SystemClock()
        self.contacts: dict[int, str] = {}
        """Offset of its input → contact id."""
        self.inputs: list[tuple[int, bytes]] = []
        self._producer = AIOKafkaProducer(bootstrap_servers=settings.kafka, acks="all")
        self._journal = LogReader(settings, ROUTING_JOURNAL, partitions=[partition])
        self._entries: list[tuple[int, Entry]] = []
        self._writers: list[JournalWriter] = []
        self._owners: list[Owner] = []

    async def __aenter__(self) -> Self:
        await self._producer.start()
        await self._journal.open()
        config = PoolConfig(
            pool=POOL,
            partition=self.partition,
            channels={"chat": ChannelConfig(cost=50, offer_timeout=1.0)},
            queues={"all": QueueConfig()},
            fallback_queue="all",
        )
        await self.put(
            ConfigurePool(**self.head(), data=ConfigurePoolData(pool=POOL, config=config))
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        for owner in self._owners:
            await owner.stop()
        for writer in self._writers:
            await writer.stop()
        await self._journal.close()
        await self._producer.stop()

    def head(self) -> dict[str, Any]:
        """The envelope of an input event."""
        return {"id": new_id(), "source": "test", "time": to_datetime(self.clock.now_ms())}

    async def process(
        self, *, writer: JournalWriter | None = None, clock: Clock | None = None
    ) -> Process:
        """A process whose owner has not started yet."""
        clock = clock or self.clock
        if writer is None:
            writer = JournalWriter(self.settings, clock, Metrics("router"), new_id("writer-"))
        await writer.start()
        self._writers.append(writer)
        made = Process(self, writer, clock)
        self._owners.append(made.owner)
        return made

    async def put(self, event: Event) -> tuple[int, bytes]:
        """Write an input; returns its offset and bytes."""
        written = await self.put_raw(encode(event))
        if isinstance(event, ContactOpened):
            self.contacts[written[0]] = event.data.contact_id
        return written

    async def put_raw(self, value: bytes) -> tuple[int, bytes]:
        """Write any bytes as an input."""
        meta = await self._producer.send_and_wait(
            CONTACT_EVENTS.name, value=value, partition=self.partition
        )
        self.inputs.append((meta.offset, value))
        return self.inputs[-1]

    async def put_contacts(self, count: int) -> list[tuple[int, bytes]]:
        """Write new contacts."""
        return [await self.put(self.contact()) for _ in range(count)]

    def contact(self) -> ContactOpened:
        """A new contact's event."""
        return ContactOpened(
            **self.head(),
            data=OpenedContact(
                pool=POOL,
                contact_id=new_id(),
                conversation_id=new_id(),
                channel="chat",
                opened_at=self.clock.now_ms(),
            ),
        )

    async def put_journal(self, entry: Entry) -> int:
        """Write to the journal from outside."""
        meta = await self._producer.send_and_wait(
            ROUTING_JOURNAL.name, value=encode_entry(entry), partition=self.partition
        )
        return int(meta.offset)

    async def foreign_open(self, generation: int) -> int:
        """Somebody else takes the partition over."""
        return await self.put_journal(Open(writer="somebody-else", generation=generation))

    async def journal(self) -> list[tuple[int, Entry]]:
        """All entries of the partition's journal up to now."""
        end = (await self._journal.ends())[self.partition]
        while len(self._entries) < end:
            self._entries += [
                (raw.offset, decode_entry(raw.value or b"")) for raw in await self._journal.read()
            ]
        return self._entries

    async def valid(self) -> list[Record]:
        """The records that count."""
        validity = Validity()
        admitted = [validity.admit(offset, entry) for offset, entry in await self.journal()]
        return [record for record in admitted if record is not None]

    async def until_decided(self, *, seconds: float = 15.0) -> list[Record]:
        """Wait until every input written so far is answered; then assert that each was answered
        exactly once and in order, and that every contact was queued exactly once."""
        wanted = [offset for offset, _ in self.inputs]
        contacts = [self.contacts[offset] for offset in wanted if offset in self.contacts]
        records = await eventually(self.valid, lambda r: _answers(r)[-1:] >= wanted[-1:], seconds)
        answered = [offset for offset in _answers(records) if offset <= wanted[-1]]
        ours = [offset for offset in answered if offset in set(wanted)]
        assert ours == wanted, "inputs left out, doubled or out of order"
        assert answered == sorted(set(answered)), "an input was answered twice or out of order"
        queued = [
            event.contact.id
            for record in records
            if record.src.offset <= wanted[-1]
            for event in record.events
            if isinstance(event, ContactQueued)
        ]
        assert queued == contacts, "a contact was lost or queued twice"
        return records


def _answers(records: list[Record]) -> list[int]:
    return [record.src.offset for record in records]


async def eventually(
    read: Callable[[], Awaitable[T]], holds: Callable[[T], object], seconds: float = 10.0
) -> T:
    """Read again and again until `holds`, for at most `seconds`; returns what was read last."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while True:
        value = await read()
        if holds(value):
            return value
        assert loop.time() < deadline, f"not within {seconds} s; last seen: {str(value)[-2000:]}"
        await asyncio.sleep(0.02)
