"""Router workers as processes, with Faust and a real group: killed, stopped, woken, misled."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from kafka import KafkaAdminClient

from deploy.local.broker import Broker
from deploy.local.ports import reserve
from deploy.local.process import Managed
from deploy.local.processes import environment, platform, port_names
from services.contracts.topics import CONTACT_EVENTS
from services.kit.settings import load
from services.kit.topics import provision
from services.router.settings import RouterSettings
from tests.support.journal_site import Site

pytestmark = pytest.mark.anyio
WORKERS = 3


class Platform:
    """A broker and three workers of one's own."""

    def __init__(self, folder: Path) -> None:
        self._reserved = {name: reserve() for name in port_names(WORKERS)}
        ports = {name: one.port for name, one in self._reserved.items()}
        env = environment(ports, folder / "data")
        self.settings = load(RouterSettings, env)
        self.broker = Broker(folder / "kafka", ports["kafka"], ports["controller"])
        specs = [s for s in platform(ports, WORKERS) if s.name.startswith("router")]
        self.workers: list[Managed] = [spec.managed(env, folder / "logs") for spec in specs]

    def stop(self) -> None:
        for process in (*self.workers, self.broker):
            process.stop()
        for reserved in self._reserved.values():
            reserved.release()


@pytest.fixture
def site_platform(tmp_path: Path) -> Iterator[Platform]:
    made = Platform(tmp_path)
    try:
        made.broker.start()
        made.broker.wait_ready()
        yield made
    finally:
        made.stop()


@pytest.fixture
async def sites(site_platform: Platform) -> AsyncIterator[list[Site]]:
    """Every partition."""
    settings = site_platform.settings
    ids = await asyncio.to_thread(provision, settings)
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(Site(settings, number, ids["contact-events"]))
            for number in range(settings.partitions)
        ]


async def all_decided(sites: list[Site], seconds: float = 40) -> None:
    await asyncio.gather(*(site.until_decided(seconds=seconds) for site in sites))


async def load_until(sites: list[Site], done: asyncio.Event) -> int:
    """Contacts on all partitions until `done`; returns how many."""
    count = 0
    while not done.is_set():
        await asyncio.gather(*(site.put_contacts(1) for site in sites))
        count += len(sites)
        await asyncio.sleep(0.05)
    return count


async def test_workers_killed_stopped_past_their_session_and_woken_lose_and_double_nothing(
    site_platform: Platform, sites: list[Site]
) -> None:
    first, second, third = site_platform.workers
    for worker in site_platform.workers:
        worker.launch()
    for worker in site_platform.workers:
        await asyncio.to_thread(worker.wait_ready)
    done = asyncio.Event()
    load = asyncio.create_task(load_until(sites, done))
    first.kill()
    await all_decided(sites)
    second.pause()
    await all_decided(sites)  # the third has taken over what the second held
    second.resume()
    await asyncio.to_thread(first.start)
    await asyncio.to_thread(first.wait_ready)
    third.stop()
    await all_decided(sites)
    done.set()
    assert await load > 100
    await all_decided(sites)


async def test_a_broker_killed_under_load_loses_and_doubles_nothing(
    site_platform: Platform, sites: list[Site]
) -> None:
    worker = site_platform.workers[0]
    worker.start()
    worker.wait_ready()
    done = asyncio.Event()
    load = asyncio.create_task(load_until(sites, done))
    await all_decided(sites)
    await asyncio.to_thread(site_platform.broker.restart)
    await asyncio.to_thread(site_platform.broker.wait_ready)
    if not worker.running:
        await asyncio.to_thread(worker.start)  # what a supervisor does
    done.set()
    await load
    await all_decided(sites)


async def test_a_group_deleted_or_set_far_beyond_changes_nothing(
    site_platform: Platform, sites: list[Site]
) -> None:
    worker = site_platform.workers[0]
    settings = site_platform.settings
    worker.start()
    worker.wait_ready()
    await asyncio.gather(*(site.put_contacts(20) for site in sites))
    await all_decided(sites)
    worker.stop()

    await asyncio.to_thread(_delete_group, settings)
    await asyncio.gather(*(site.put_contacts(20) for site in sites))
    worker.start()
    await all_decided(sites)
    worker.stop()

    await asyncio.gather(*(site.put_contacts(20) for site in sites))
    await _set_group(settings, beyond=200)
    worker.start()
    await all_decided(sites)
    await asyncio.gather(*(site.put_contacts(20) for site in sites))
    await all_decided(sites)


def _delete_group(settings: RouterSettings) -> None:
    admin = KafkaAdminClient(bootstrap_servers=settings.kafka)
    try:
        admin.delete_groups([settings.router_group])
    finally:
        admin.close()


async def _set_group(settings: RouterSettings, *, beyond: int) -> None:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka,
        group_id=settings.router_group,
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        tps = [TopicPartition(CONTACT_EVENTS.name, n) for n in range(settings.partitions)]
        ends = await consumer.end_offsets(tps)
        consumer.assign(tps)
        await consumer.commit({tp: ends[tp] + beyond for tp in tps})
    finally:
        await consumer.stop()
