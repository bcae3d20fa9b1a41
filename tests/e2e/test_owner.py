"""The journal protocol on a real broker, owner by owner. The test is the group and the feed.

Each part was seen to matter: without fill and sweep the first three tests never end; without the
tail nobody answers a foreign `open`; without the back-off two processes open against each other.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from deploy.local.broker import Broker
from deploy.local.ports import reserve
from services.contracts.journal import Open, Record, Source
from services.contracts.routing_events import ContactQueued, InputRejected, QueuedContact
from services.kit import tasks
from services.kit.clock import SystemClock
from services.kit.log_reader import Raw
from services.kit.metrics import Metrics
from services.kit.topics import provision
from services.router.journal import JournalWriter, Opened
from services.router.settings import RouterSettings
from tests.support.journal_site import POOL, Process, Site, eventually

pytestmark = pytest.mark.anyio
PARTITIONS = 24
T = TypeVar("T")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RouterSettings]:
    folder: Path = tmp_path_factory.mktemp("owners")
    ports = [reserve(), reserve()]
    broker = Broker(folder / "kafka", ports[0].port, ports[1].port)
    broker.start()
    try:
        broker.wait_ready()
        yield RouterSettings(kafka=broker.address, partitions=PARTITIONS, data=folder)
    finally:
        broker.stop()
        for port in ports:
            port.release()


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    return iter(range(PARTITIONS))


@pytest.fixture
async def site(settings: RouterSettings, numbers: Iterator[int]) -> AsyncIterator[Site]:
    """A partition that no other test uses."""
    ids = await asyncio.to_thread(provision, settings)
    async with Site(settings, next(numbers), ids["contact-events"]) as made:
        yield made


async def owning(site: Site, generation: int = 1) -> Process:
    """A process that owns the partition and has answered everything."""
    process = await site.process()
    process.assign(generation)
    process.owner.start()
    await site.until_decided()
    return process


def opens(entries: list[tuple[int, Open | Record]]) -> list[tuple[int, Open]]:
    return [(offset, entry) for offset, entry in entries if isinstance(entry, Open)]


async def test_a_feed_that_skips_repeats_and_comes_late_leaves_nothing_out(site: Site) -> None:
    process = await owning(site)
    dice = random.Random(7)
    inputs = await site.put_contacts(300)
    for position in range(300):
        if dice.random() < 0.3:
            continue
        process.owner.offer(*inputs[position])
        if dice.random() < 0.2:
            process.owner.offer(*inputs[max(0, position - dice.randrange(50))])
        if dice.random() < 0.1:
            await asyncio.sleep(0)
    await site.until_decided()


async def test_without_any_feed_the_sweep_reads_the_log(site: Site) -> None:
    await owning(site)
    await site.put_contacts(20)
    await site.until_decided()


async def test_a_feed_that_only_repeats_the_past_does_not_hold_off_the_sweep(site: Site) -> None:
    process = await owning(site)
    old = await site.put_contacts(5)
    await site.until_decided()
    repeating = asyncio.create_task(_repeat(process, old))
    await site.put_contacts(5)
    await site.until_decided()
    repeating.cancel()


async def _repeat(process: Process, inputs: list[tuple[int, bytes]]) -> None:
    while True:
        for offset, value in inputs:
            process.owner.offer(offset, value)
        await asyncio.sleep(0.005)


async def test_a_backlog_from_before_the_first_owner_is_answered_in_order(site: Site) -> None:
    await site.put_contacts(500)
    await owning(site)


async def test_a_new_owner_goes_on_where_the_journal_ends(site: Site) -> None:
    first = await owning(site)
    await site.put_contacts(30)
    await site.until_decided()
    await first.owner.stop()
    await site.put_contacts(30)
    await owning(site, 2)


async def test_a_foreign_open_is_answered_by_a_takeover_at_once(site: Site) -> None:
    process = await owning(site, 3)
    await site.put_contacts(10)
    foreign = await site.foreign_open(generation=2)
    await site.put_contacts(10)
    await site.until_decided()
    assert process.owner.takeovers >= 2
    assert opens(await site.journal())[-1][0] > foreign


async def test_what_a_zombie_writes_changes_nothing(site: Site) -> None:
    process = await owning(site, 3)
    before = opens(await site.journal())[-1][0]
    await site.foreign_open(generation=2)
    await site.put_contacts(3)
    await site.until_decided()
    zombie = Record(
        epoch=before,
        src=Source(site.topic_id, site.inputs[-1][0] + 1),
        at=1,
        events=(
            ContactQueued(
                pool=POOL,
                contact=QueuedContact(
                    id="ghost",
                    conversation="ghost",
                    channel="chat",
                    queue="all",
                    virtual_start=0,
                    priority=5,
                ),
            ),
        ),
    )
    await site.put_journal(zombie)
    await site.foreign_open(generation=2)
    await site.put_contacts(3)
    records = await site.until_decided()
    assert zombie not in records
    assert process.owner.takeovers >= 3


async def test_an_owner_behind_the_group_waits_for_its_next_assignment(site: Site) -> None:
    process = await owning(site, 3)
    foreign = await site.foreign_open(generation=9)
    await site.put_contacts(1)
    await eventually(_value(lambda: process.owner.active), lambda active: not active)
    seen = [offset for offset, _ in opens(await site.journal())]
    assert seen[-1] == foreign, "opened against a newer generation without waiting"
    process.assign(10)
    await site.until_decided()
    assert opens(await site.journal())[-1][1].generation == 10


async def test_an_owner_whose_assignment_never_comes_opens_after_its_turns(site: Site) -> None:
    process = await owning(site, 3)
    await site.foreign_open(generation=9)
    await site.put_contacts(1)
    await site.until_decided()
    assert process.owner.takeovers == 2


class Stopped(JournalWriter):
    """A writer whose process is stopped right before its `open`, until somebody wakes it."""

    def __init__(self, settings: RouterSettings) -> None:
        super().__init__(settings, SystemClock(), Metrics("router"), "zombie")
        self.reached = asyncio.Event()
        self.woken = asyncio.Event()

    async def open(self, partition: int, generation: int) -> Opened:
        self.reached.set()
        await self.woken.wait()
        return await super().open(partition, generation)


async def test_a_worker_stopped_right_before_its_open_and_woken_later_harms_nobody(
    site: Site,
) -> None:
    writer = Stopped(site.settings)
    zombie = await site.process(writer=writer)
    zombie.assign(1)
    zombie.owner.start()
    await writer.reached.wait()
    await site.put_contacts(10)
    owner = await owning(site, 2)
    await site.put_contacts(10)
    await site.until_decided()

    writer.woken.set()
    feeding = [await site.put(site.contact()) for _ in range(40)]
    for offset, value in feeding:
        owner.owner.offer(offset, value)
        zombie.owner.offer(offset, value)
    await site.until_decided()
    await zombie.owner.stop()
    await site.put_contacts(5)
    await site.until_decided()
    assert owner.owner.takeovers >= 2
    assert len(opens(await site.journal())) < 12, "two workers opened against each other"


async def test_what_cannot_be_read_is_journalled_with_the_reason_and_the_next_goes_on(
    site: Site,
) -> None:
    await owning(site)
    await site.put_raw(b"\xff not json")
    await site.put_raw(b'{"type":"contact.unheard-of","id":"1","source":"test"}')
    await site.put_contacts(2)
    records = await site.until_decided()
    rejected = [e for r in records for e in r.events if isinstance(e, InputRejected)]
    assert [event.reason for event in rejected] == ["undecodable", "undecodable"]
    assert "contact.unheard-of" in rejected[1].detail


async def test_a_timer_fires_in_an_idle_partition(site: Site) -> None:
    from services.contracts.contact_events import (
        GatewayHeartbeat,
        HeartbeatData,
        SessionData,
        SessionOpened,
        SetPresence,
        SetPresenceData,
        UpsertAgent,
        UpsertAgentData,
    )

    await owning(site)
    agent = "agent-1"
    await site.put(
        UpsertAgent(**site.head(), data=UpsertAgentData(pool=POOL, agent_id=agent, skills={}))
    )
    await site.put(
        SessionOpened(
            **site.head(),
            data=SessionData(pool=POOL, agent_id=agent, session_id="s", gateway="g"),
        )
    )
    await site.put(GatewayHeartbeat(**site.head(), data=HeartbeatData(gateway="g", period=60)))
    await site.put(
        SetPresence(
            **site.head(),
            data=SetPresenceData(pool=POOL, agent_id=agent, presence="available"),
        )
    )
    await site.put_contacts(1)
    records = await eventually(site.valid, lambda r: "expired" in _offer_results(r), 8)
    assert "expired" in _offer_results(records)


def _offer_results(records: list[Record]) -> list[str]:
    return [
        event.result
        for record in records
        for event in record.events
        if type(event).__name__ == "OfferEnded" and hasattr(event, "result")
    ]


async def test_a_topic_restored_under_another_id_is_refused(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    reasons: list[str] = []
    monkeypatch.setattr(tasks, "die", lambda _, error=None: reasons.append(str(error)))
    first = await owning(site)
    await first.owner.stop()
    site.topic_id = "another-topic-id"
    second = await site.process()
    second.assign(2)
    second.owner.start()
    await eventually(_value(lambda: reasons), bool)
    assert "restored" in reasons[0]
    assert "another-topic-id" in reasons[0]


class Jumping(SystemClock):
    """A monotonic clock that can jump, as it does for a process that was stopped and woken."""

    def __init__(self) -> None:
        self.jump = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.jump


async def test_after_a_standstill_the_tail_is_heard_before_anything_is_decided(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Jumping()
    process = await site.process(clock=clock)
    journal = process.owner._journal
    read = journal.read

    async def read_late(timeout_ms: int = 1000) -> list[Raw]:
        batch = await read(timeout_ms)
        await asyncio.sleep(0.05)  # the tail's answer is on its way
        return batch

    monkeypatch.setattr(journal, "read", read_late)
    monkeypatch.setattr("services.router.owner.REST", 1.0)  # however busy the machine is
    process.assign(3)
    process.owner.start()
    await site.until_decided()
    for _ in range(3):
        clock.jump += 30
        await site.foreign_open(generation=2)
        inputs = await site.put_contacts(3)
        for offset, value in inputs:
            process.owner.offer(offset, value)
        await site.until_decided()
    entries = await site.journal()
    void = _void(entries)
    assert void == [], "decided before the tail was heard"


def _void(entries: list[tuple[int, Open | Record]]) -> list[Record]:
    epoch = -1
    void = []
    for offset, entry in entries:
        if isinstance(entry, Open):
            epoch = offset
        elif entry.epoch != epoch:
            void.append(entry)
    return void


async def test_the_time_never_goes_back_whatever_the_producers_clocks_say(site: Site) -> None:
    process = await owning(site)
    await site.put_contacts(3)
    await site.until_decided()
    await process.owner.stop()
    await site.put_contacts(3)
    await owning(site, 2)
    times = [record.at for record in await site.valid()]
    assert times == sorted(times)


def _value(get: Callable[[], T]) -> Callable[[], Awaitable[T]]:
    async def read() -> T:
        return get()

    return read
