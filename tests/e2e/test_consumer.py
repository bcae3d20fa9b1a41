"""What must be done once: a consumer group on a real broker.

Seen failing: committing before the work loses the records in hand when the process dies; counting
the dead letters of a whole life instead of those in a row stops a healthy consumer; answering
`Unavailable` like `InvalidMessage` buries what was readable; without the shorter letter a record of
900 kB ends its reader for ever.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from kafka import KafkaAdminClient

from deploy.local.broker import Broker
from deploy.local.ports import reserve
from services.contracts.codec import encode
from services.contracts.dead_letter import RecordRefused
from services.contracts.messages import DeliveryRecorded, MessageEvent, RecordedDelivery
from services.contracts.pool import ChannelConfig, PoolConfig, QueueConfig
from services.contracts.settings_events import DeclaredPool, PoolDeclared
from services.contracts.topics import MESSAGES, SETTINGS, Topic, dead_letters_of
from services.kit import tasks
from services.kit.clock import SystemClock, new_id, to_datetime
from services.kit.consumer import GroupConsumer, Handler
from services.kit.dead_letter import DeadLetters
from services.kit.errors import InvalidMessage, Unavailable
from services.kit.log_reader import LogReader, Raw
from services.kit.metrics import Metrics
from services.kit.pools import PoolDirectory
from services.kit.publisher import Position, Publisher
from services.kit.settings import Settings
from services.kit.topics import provision

pytestmark = pytest.mark.anyio
CLOCK = SystemClock()


class Site:
    """A topic of the test's own with two partitions, its dead letters, and who reads it."""

    def __init__(self, settings: Settings, publisher: Publisher) -> None:
        self.settings = settings
        self.publisher = publisher
        self.metrics = Metrics("test")
        self.group = new_id("group-")
        self.topic = Topic(
            name=new_id("test-"),
            purpose="A test.",
            key="any",
            events=MessageEvent,
            written_by=("test",),
            read_by=("test",),
            partitions=2,
        )
        self.handled: list[str] = []
        self._consumers: list[GroupConsumer] = []

    def create(self) -> None:
        admin = KafkaAdminClient(bootstrap_servers=self.settings.kafka)
        try:
            wanted = {
                self.topic.name: {"num_partitions": 2, "replication_factor": 1},
                dead_letters_of(self.topic).name: {"num_partitions": 1, "replication_factor": 1},
            }
            admin.create_topics(wanted, wait_for_metadata=True)
        finally:
            admin.close()

    async def write(self, *names: str, partition: int = 0) -> list[Position]:
        """Good records, by name."""
        return [await self.write_raw(encode(_named(name)), partition) for name in names]

    async def write_raw(self, value: bytes | None, partition: int = 0) -> Position:
        async with asyncio.timeout(20):
            while True:
                try:
                    return await self.publisher.publish_raw(
                        self.topic, value, key="key", partition=partition
                    )
                except Unavailable:  # the producer gets to know the new topic
                    await asyncio.sleep(0.05)

    async def consume(
        self,
        handler: Handler | None = None,
        *,
        stop_after: int = 20,
        dead_letters: DeadLetters | None = None,
    ) -> GroupConsumer:
        """A member of the group; its handler notes the names unless it is given."""
        consumer = GroupConsumer(
            self.settings,
            self.metrics,
            self.topic,
            self.group,
            handler or self.note,
            dead_letters or DeadLetters(self.publisher, CLOCK, "test"),
            stop_after=stop_after,
        )
        await consumer.start()
        self._consumers.append(consumer)
        return consumer

    async def note(self, event: Any, _: Raw) -> None:
        self.handled.append(event.id)

    async def letters(self) -> list[RecordRefused]:
        """What stands in the dead letters."""
        topic = dead_letters_of(self.topic)
        reader = LogReader(self.settings, topic)
        await reader.open()
        try:
            end = (await reader.ends())[0]
            found: list[Raw] = []
            while len(found) < end:
                found += await reader.read()
            return [_letter(raw) for raw in found]
        finally:
            await reader.close()

    def counted(self, result: str) -> float:
        labels = {"service": "test", "topic": self.topic.name, "result": result}
        return self.metrics.registry.get_sample_value("consumed_total", labels) or 0

    async def close(self) -> None:
        for consumer in self._consumers:
            await consumer.stop()


def _letter(raw: Raw) -> RecordRefused:
    return msgspec.json.decode(raw.value or b"", type=RecordRefused)


def _named(name: str) -> DeliveryRecorded:
    data = RecordedDelivery(conversation_id="c", message_id=name, status="sent")
    return DeliveryRecorded(id=name, source="test", time=to_datetime(0), data=data)


async def until(holds: Callable[[], object], seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while True:
            if holds():
                return
            await asyncio.sleep(0.02)


@asynccontextmanager
async def publishing(settings: Settings) -> AsyncIterator[Publisher]:
    publisher = Publisher(settings, Metrics("test"), CLOCK)
    await publisher.start()
    try:
        await until(lambda: publisher.trouble() is None)
        yield publisher
    finally:
        await publisher.stop()


@pytest.fixture
async def site(broker: Broker) -> AsyncIterator[Site]:
    settings = Settings(kafka=broker.address)
    await asyncio.to_thread(provision, settings)
    async with publishing(settings) as publisher:
        made = Site(settings, publisher)
        await asyncio.to_thread(made.create)
        try:
            yield made
        finally:
            await made.close()


async def test_records_are_handled_in_order_and_not_again_by_the_next_member(site: Site) -> None:
    await site.write("a", "b", "c")
    await site.write("x", "y", partition=1)
    first = await site.consume()
    await until(lambda: len(site.handled) == 5)
    assert [name for name in site.handled if name in "abc"] == ["a", "b", "c"]
    assert [name for name in site.handled if name in "xy"] == ["x", "y"]
    assert first.trouble() is None
    await site.write("d")
    await until(lambda: "d" in site.handled)
    await site.write("e")
    await until(lambda: "e" in site.handled)
    await site.close()  # what was handled before the last commit has been committed

    site.handled.clear()
    await site.write("sentinel")
    await site.consume()
    await until(lambda: "sentinel" in site.handled)
    assert set(site.handled) <= {"e", "sentinel"}


async def test_unreadable_record_goes_to_the_dead_letters_with_place_reason_and_bytes(
    site: Site,
) -> None:
    await site.write("before")
    unknown = await site.write_raw(b'{"type":"message.exploded","id":"1"}')
    binary = await site.write_raw(b"\xff\xfe\x00", partition=1)
    await site.write_raw(None)
    await site.write("after")
    await site.consume()
    await until(lambda: site.handled == ["before", "after"])
    await until(lambda: site.counted("refused") == 2)

    letters = {letter.data.value: letter for letter in await site.letters()}
    assert set(letters) == {b'{"type":"message.exploded","id":"1"}', b"\xff\xfe\x00"}
    for position, value, detail in (
        (unknown, b'{"type":"message.exploded","id":"1"}', "$.type"),
        (binary, b"\xff\xfe\x00", "malformed"),
    ):
        letter = letters[value]
        assert letter.id == f"{site.topic.name}/{position.partition}/{position.offset}"
        assert (letter.data.partition, letter.data.offset) == (
            position.partition,
            position.offset,
        )
        assert (letter.data.topic, letter.data.reader) == (site.topic.name, "test")
        assert (letter.data.reason, letter.data.key) == ("undecodable", b"key")
        assert detail in letter.data.detail


async def test_record_that_the_handler_cannot_use_goes_to_the_dead_letters_with_its_reason(
    site: Site,
) -> None:
    async def handle(event: Any, raw: Raw) -> None:
        if event.id == "bad":
            raise InvalidMessage("no_such_mailbox", "the mailbox has been closed")
        await site.note(event, raw)

    await site.write("a", "bad", "b")
    await site.consume(handle)
    await until(lambda: site.handled == ["a", "b"])
    (letter,) = await site.letters()
    assert letter.data.reason == "no_such_mailbox"
    assert letter.data.value == encode(_named("bad"))


async def test_too_many_unreadable_in_a_row_stop_the_consumer_and_it_says_so(site: Site) -> None:
    await site.write("a")
    for _ in range(5):
        await site.write_raw(b"?")
    await site.write("b")
    consumer = await site.consume(stop_after=3)
    await until(consumer.trouble)
    assert consumer.trouble() == "3 unreadable records in a row: stopped"
    assert site.handled == ["a"]
    assert len(await site.letters()) == 2

    await site.consume(stop_after=20)  # mended: goes on where nothing was committed
    await until(lambda: site.handled[-1] == "b")
    assert {letter.data.offset for letter in await site.letters()} == {1, 2, 3, 4, 5}


async def test_a_readable_record_in_between_begins_the_count_anew(site: Site) -> None:
    for name in "abcd":
        await site.write_raw(b"?")
        await site.write_raw(b"?")
        await site.write(name)
    consumer = await site.consume(stop_after=3)
    await until(lambda: site.handled == ["a", "b", "c", "d"])
    assert consumer.trouble() is None


async def test_unavailable_is_retried_in_place_and_order_is_kept(site: Site) -> None:
    tries: list[str] = []

    async def handle(event: Any, raw: Raw) -> None:
        tries.append(event.id)
        if event.id == "b" and tries.count("b") < 4:
            raise Unavailable("The mail server is away.")
        await site.note(event, raw)

    await site.write("a", "b", "c")
    await site.consume(handle)
    await until(lambda: site.handled == ["a", "b", "c"])
    assert tries == ["a", "b", "b", "b", "b", "c"]
    assert site.counted("retried") == 3
    assert await site.letters() == []


async def test_dead_letters_that_cannot_be_written_hold_the_consumer_up(site: Site) -> None:
    class Away(DeadLetters):
        times = 2

        async def write(self, topic: Topic, raw: Raw, reason: str, detail: str) -> None:
            if self.times:
                self.times -= 1
                raise Unavailable("Kafka is away.")
            await super().write(topic, raw, reason, detail)

    await site.write_raw(b"?")
    await site.write("a")
    away = Away(site.publisher, CLOCK, "test")
    consumer = await site.consume(stop_after=2, dead_letters=away)
    await until(lambda: site.handled == ["a"])
    assert consumer.trouble() is None
    assert len(await site.letters()) == 1


async def test_bug_ends_the_process_and_the_uncommitted_work_is_done_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = asyncio.Event()
    monkeypatch.setattr(tasks, "die", lambda *_: ended.set())

    async def handle(event: Any, raw: Raw) -> None:
        if event.id == "c":
            raise RuntimeError("a bug")
        await site.note(event, raw)

    await site.write("a", "b", "c", "d")
    await site.consume(handle)
    async with asyncio.timeout(60):
        await ended.wait()
    assert site.handled == ["a", "b"]

    site.handled.clear()
    await site.consume()
    await until(lambda: site.handled == ["a", "b", "c", "d"])


async def test_member_that_is_stopped_in_the_middle_of_a_record_leaves_it_to_the_next(
    site: Site,
) -> None:
    begun = asyncio.Event()

    async def hang(_: Any, __: Raw) -> None:
        begun.set()
        await asyncio.Event().wait()

    await site.write("a")
    consumer = await site.consume(hang)
    async with asyncio.timeout(60):
        await begun.wait()
        await consumer.stop()
    await site.consume()
    await until(lambda: site.handled == ["a"])


async def test_members_share_the_partitions_and_take_over_from_one_that_leaves(site: Site) -> None:
    by: dict[str, set[int]] = {"first": set(), "second": set()}

    def noting(member: str) -> Handler:
        async def handle(event: Any, raw: Raw) -> None:
            by[member].add(raw.partition)
            await site.note(event, raw)

        return handle

    first = await site.consume(noting("first"))
    await site.write("a0")
    await site.write("a1", partition=1)
    await until(lambda: by["first"] == {0, 1})
    await site.consume(noting("second"))
    async with asyncio.timeout(60):
        while len(by["second"]) == 0:
            await site.write(new_id())
            await site.write(new_id(), partition=1)
            await asyncio.sleep(0.1)
    await first.stop()
    await site.write("z0")
    await site.write("z1", partition=1)
    await until(lambda: {"z0", "z1"} <= set(site.handled))
    assert by["second"] == {0, 1}


async def test_record_too_large_for_a_dead_letter_is_named_without_its_bytes(site: Site) -> None:
    position = await site.write_raw(b"?" * 900_000)
    await site.write("a")
    await site.consume()
    await until(lambda: site.handled == ["a"])
    (letter,) = await site.letters()
    assert (letter.data.offset, letter.data.value) == (position.offset, None)
    assert "900000 bytes" in letter.data.detail


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[Broker]:
    """A broker to be killed."""
    ports = [reserve(), reserve()]
    broker = Broker(tmp_path / "kafka", ports[0].port, ports[1].port)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()
        for port in ports:
            port.release()


async def test_all_who_read_go_on_after_the_broker_was_killed(own_broker: Broker) -> None:
    settings = Settings(kafka=own_broker.address)
    await asyncio.to_thread(provision, settings)
    followed: list[bytes | None] = []

    async def follow() -> None:
        reader = LogReader(settings, MESSAGES)
        await reader.open()
        try:
            async for batch in reader.batches():
                followed.extend(raw.value for raw in batch)
        finally:
            await reader.close()

    async with publishing(settings) as publisher:
        site = Site(settings, publisher)
        site.topic = MESSAGES
        pools = PoolDirectory(settings)
        await pools.start()
        await site.consume()
        follower = tasks.start("follower", follow())
        try:
            await site.write("before")
            await _declare(publisher, "kaarna/before")
            await until(lambda: site.handled == ["before"] and len(followed) == 1)
            await until(lambda: pools.trouble() is None and "kaarna/before" in pools.all())
            own_broker.kill()
            own_broker.launch()
            await site.write("after")
            await _declare(publisher, "kaarna/after")
            await until(lambda: "after" in site.handled)
            await until(lambda: encode(_named("after")) in followed)
            await until(lambda: pools.get("kaarna/after"))
        finally:
            await tasks.stop(follower)
            await pools.stop()
            await site.close()


async def _declare(publisher: Publisher, pool: str) -> None:
    config = PoolConfig(
        pool=pool,
        partition=0,
        channels={"chat": ChannelConfig(cost=50)},
        queues={"all": QueueConfig()},
        fallback_queue="all",
    )
    event = PoolDeclared(
        id=new_id(), source="test", time=to_datetime(0), data=DeclaredPool(config=config)
    )
    async with asyncio.timeout(60):
        while True:
            try:
                await publisher.publish(SETTINGS, event, key=f"pool/{pool}")
            except Unavailable:
                await asyncio.sleep(0.1)
            else:
                return
