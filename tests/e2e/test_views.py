"""The follower with a real router, broker and Redis: views that heal, dead letters, numbers."""

import asyncio
import itertools
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from functools import partial
from operator import eq
from types import SimpleNamespace
from typing import Any, cast

import httpx
import msgspec
import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from redis.asyncio import Redis

from deploy.local.process import Managed
from services.contracts import views
from services.contracts.codec import decode
from services.contracts.dead_letter import RefusedRecord
from services.contracts.journal import Record
from services.contracts.pool import ChannelConfig, PoolConfig, QueueConfig
from services.contracts.topics import CONTACT_EVENTS, dead_letters_of
from services.kit.clock import SystemClock
from services.kit.journal_reader import JournalReader
from services.kit.log_ends import LogEnds
from services.kit.log_reader import LogReader
from services.kit.metrics import Metrics
from services.kit.redis import connect
from services.kit.settings import Settings
from services.router.core.partition import Partition
from services.router.follower.follow import Follow, Followed
from services.router.follower.redis_views import ASIDE_SECONDS, RedisViews
from services.router.follower.views import Views
from tests.support.journal_site import eventually
from tests.support.routing import TENANT, Client, Inputs, Site, running

pytestmark = pytest.mark.anyio
_numbers = itertools.count()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running(tmp_path_factory.mktemp("views")) as made:
        yield made


@dataclass
class Centre:
    """A pool of the test's own, its views, and what they ought to be."""

    site: Site
    config: PoolConfig
    admin: Client
    inputs: Inputs
    redis: Redis

    async def applied(self) -> str | None:
        value = await self.redis.get(views.applied(self.config.partition))
        return None if value is None else str(value)

    async def contact(self, contact_id: str) -> Any:
        text = await self.redis.hget(views.contacts(self.config.partition), contact_id)
        return json.loads(text) if text else None

    async def agent(self, agent_id: str) -> Any:
        key = views.agents(self.config.partition)
        text = await self.redis.hget(key, f"{self.config.pool}#{agent_id}")
        return json.loads(text) if text else None

    async def queue(self, name: str = "general") -> Any:
        key = views.queues(self.config.partition)
        text = await self.redis.hget(key, f"{self.config.pool}#{name}")
        return json.loads(text) if text else None

    async def true_contact(self, contact_id: str) -> Any:
        url = f"/v1/contacts/{self.config.pool}/{contact_id}"
        answer = await self.admin.http.get(url)
        return answer.json() if answer.status_code == 200 else None

    async def follower_is_not_ready(self) -> None:
        url = self.site.url("follower", "/readyz")
        answer = await eventually(lambda: self.admin.http.get(url), lambda a: a.status_code == 503)
        assert "Redis" in answer.json()["parts"]["views"]

    async def contacts(self, count: int) -> list[str]:
        return [await self.inputs.contact(self.config) for _ in range(count)]

    async def shows(self, contact_ids: list[str], seconds: float = 10) -> None:
        """Wait until the views show these contacts as the routing API does."""
        for contact_id in contact_ids:
            wanted = await eventually(partial(self.true_contact, contact_id), bool)
            await eventually(partial(self.contact, contact_id), partial(eq, wanted), seconds)


@pytest.fixture
async def centre(site: Site) -> AsyncIterator[Centre]:
    number = next(_numbers)
    config = PoolConfig(
        pool=f"{TENANT}/views-{number}",
        partition=number % 6,
        channels={"chat": ChannelConfig(cost=50)},
        queues={"general": QueueConfig()},
        fallback_queue="general",
        languages=("fi",),
    )
    async with AsyncExitStack() as stack:
        admin = await stack.enter_async_context(Client(site, "admin", "administrator"))
        inputs = await stack.enter_async_context(site.producer())
        redis = await stack.enter_async_context(connect(site.redis.url))
        answer = await admin.http.put(
            f"/v1/pools/{config.pool}", content=msgspec.json.encode(config)
        )
        assert answer.status_code == 200, answer.text
        url = f"/v1/agents/{config.pool}/anna"
        assert (await admin.http.put(url, json={"skills": {"fi": 2}})).status_code == 200
        yield Centre(site, config, admin, inputs, redis)


# Views


async def test_views_show_contacts_agents_and_queues_as_the_api_does(centre: Centre) -> None:
    waiting = await centre.contacts(3)
    await centre.shows(waiting)
    agent = (await centre.admin.http.get(f"/v1/agents/{centre.config.pool}/anna")).json()
    assert await centre.agent("anna") == agent
    queues = (await centre.admin.http.get(f"/v1/queues/{centre.config.pool}")).json()["queues"]
    assert [await centre.queue()] == queues
    assert queues[0]["waiting"] == 3


async def test_queue_that_is_gone_leaves_the_views(centre: Centre) -> None:
    await eventually(centre.queue, bool)
    changed = msgspec.structs.replace(
        centre.config, queues={"other": QueueConfig()}, fallback_queue="other"
    )
    url = f"/v1/pools/{centre.config.pool}"
    answer = await centre.admin.http.put(url, content=msgspec.json.encode(changed))
    assert answer.status_code == 200, answer.text
    await eventually(lambda: centre.queue("other"), bool)
    await eventually(centre.queue, lambda queue: queue is None)


async def test_flushed_views_come_back_while_nothing_happens(centre: Centre) -> None:
    waiting = await centre.contacts(3)
    await centre.shows(waiting)
    before = await centre.applied()
    await centre.redis.flushall()
    await centre.shows(waiting, 5)
    assert int(await centre.applied() or -1) >= int(before or 0)


async def test_flushed_views_come_back_under_load_with_nothing_missing(centre: Centre) -> None:
    ids = await centre.contacts(20)
    await centre.redis.flushall()
    ids += await centre.contacts(100)
    await centre.redis.flushall()
    ids += await centre.contacts(20)
    await centre.shows(ids)


async def test_what_changed_while_redis_was_away_is_there_afterwards(centre: Centre) -> None:
    ids = await centre.contacts(2)
    await centre.shows(ids)
    centre.site.redis.kill()
    try:
        ids += await centre.contacts(5)
        await centre.admin.http.post(f"/v1/contacts/{centre.config.pool}/{ids[0]}:cancel")
        ready = await centre.admin.http.get(centre.site.url("follower", "/readyz"))
        await centre.follower_is_not_ready()
        assert "views" in ready.json()["parts"]
    finally:
        await asyncio.to_thread(centre.site.redis.start)
    await centre.shows(ids)
    assert (await centre.contact(ids[0]))["state"] == "withdrawn"


async def test_redis_that_hangs_and_wakes_is_caught_up_with(centre: Centre) -> None:
    ids = await centre.contacts(1)
    await centre.shows(ids)
    centre.site.redis.pause()
    try:
        ids += await centre.contacts(20)
        await eventually(lambda: centre.true_contact(ids[-1]), bool)
        await centre.follower_is_not_ready()
    finally:
        centre.site.redis.resume()
    await centre.shows(ids)


async def test_views_of_another_journal_are_replaced(centre: Centre) -> None:
    ids = await centre.contacts(1)
    await centre.shows(ids)
    partition = centre.config.partition
    await centre.redis.hset(views.contacts(partition), "ghost", "{}")
    await centre.redis.set(views.applied(partition), 10**9)
    await eventually(lambda: centre.contact("ghost"), lambda view: view is None)
    await centre.shows(ids)


async def test_only_views_in_the_making_go_by_themselves(centre: Centre) -> None:
    await centre.shows(await centre.contacts(1))
    await centre.redis.flushall()
    await eventually(centre.applied, bool)
    aside = RedisViews(centre.redis).aside(centre.config.partition)
    for key in aside.keys:
        await aside.add(key, {"field": "{}"})
    for made in aside.keys.values():
        assert 0 < await centre.redis.ttl(made) <= ASIDE_SECONDS
    for key in aside.keys:
        assert await centre.redis.ttl(key) == -1


@pytest.fixture
def second(site: Site) -> Iterator[Managed]:
    process = site.another("services.router.follower", "follower")
    try:
        yield process
    finally:
        process.kill()


async def test_second_follower_and_a_woken_zombie_change_nothing(
    centre: Centre, second: Managed
) -> None:
    await asyncio.to_thread(second.start)
    ids = await centre.contacts(10)
    await centre.shows(ids)
    second.pause()
    ids += await centre.contacts(100)
    await centre.shows(ids)
    before = int(await centre.applied() or -1)
    second.resume()
    for _ in range(50):
        ids += await centre.contacts(1)
        now = int(await centre.applied() or -1)
        assert now >= before, "the views went back"
        before = now
    await centre.shows(ids)


async def test_zombie_that_finds_the_views_flushed_does_not_keep_them_old(
    centre: Centre, second: Managed
) -> None:
    await asyncio.to_thread(second.start)
    await centre.shows(await centre.contacts(5))
    second.pause()
    ids = await centre.contacts(50)
    await centre.shows(ids)
    await centre.redis.flushall()
    second.resume()
    await centre.shows(ids)


async def test_killed_follower_goes_on_where_the_journal_is(centre: Centre) -> None:
    ids = await centre.contacts(5)
    await centre.shows(ids)
    centre.site.follower.kill()
    ids += await centre.contacts(30)
    await asyncio.to_thread(centre.site.follower.start)
    await centre.shows(ids)


class JournalEnd:
    """Where the journal ends."""

    async def end(self, *_: object) -> int:
        return 200


async def test_follower_that_starts_behind_another_changes_nothing_until_it_has_read_as_far(
    site: Site,
) -> None:
    partition = Partition(0)
    followed = Followed(partition, position=50)
    follow = cast("Follow", SimpleNamespace(followed=[followed]))
    async with connect(site.redis.url.replace("/0", "/1")) as redis:
        writer = Views(
            redis, follow, cast("LogEnds", JournalEnd()), Metrics("t"), SystemClock(), check=2
        )
        await redis.set(views.applied(0), 100)
        await writer._bring(writer._written[0])
        assert await redis.get(views.applied(0)) == "100"
        followed.position = 150
        await writer._bring(writer._written[0])
        assert await redis.get(views.applied(0)) == "150"
        followed.position, followed.dirty.everything = 160, True
        await redis.set(views.applied(0), 170)
        await writer._bring(writer._written[0])
        assert await redis.get(views.applied(0)) == "170"


# Dead letters


async def letters(site: Site) -> list[RefusedRecord]:
    reader = LogReader(Settings(kafka=site.broker.address), dead_letters_of(CONTACT_EVENTS))
    await reader.open()
    try:
        end, offset = (await reader.ends())[0], -1
        found: list[RefusedRecord] = []
        while offset < end - 1:
            for raw in await reader.read():
                offset = raw.offset
                found.append(decode(dead_letters_of(CONTACT_EVENTS), raw.value or b"").data)
        return found
    finally:
        await reader.close()


async def letters_at(site: Site, partition: int, offset: int) -> list[RefusedRecord]:
    return [
        letter
        for letter in await letters(site)
        if (letter.partition, letter.offset) == (partition, offset)
    ]


async def routed(site: Site, partition: int, offset: int) -> Record:
    """The journal's record for an input, as soon as it is there."""
    reader = JournalReader(Settings(kafka=site.broker.address), partitions=[partition])
    async with asyncio.timeout(20), aclosing(reader.batches()) as batches:
        async for batch in batches:
            for _, _, record in batch:
                if record.src.offset == offset:
                    return record
    raise AssertionError


async def test_rejected_input_ends_in_the_dead_letters_with_its_bytes(centre: Centre) -> None:
    partition, nonsense = centre.config.partition, b'\x00\xff{"type": nonsense'
    offset = await centre.inputs.raw(nonsense, partition)
    found = await eventually(lambda: letters_at(centre.site, partition, offset), bool)
    assert found[0].value == nonsense
    assert (found[0].topic, found[0].reason) == ("contact-events", "undecodable")
    assert found[0].detail


async def test_letters_due_while_the_follower_was_dead_are_written_once(centre: Centre) -> None:
    partition, site = centre.config.partition, centre.site
    offsets = [await centre.inputs.raw(b"first", partition)]
    await eventually(lambda: letters_at(site, partition, offsets[0]), bool)
    site.follower.kill()
    offsets += [await centre.inputs.raw(b"while dead %d" % n, partition) for n in range(3)]
    await asyncio.to_thread(site.follower.start)
    for offset in offsets:
        await eventually(partial(letters_at, site, partition, offset), bool)
    await asyncio.to_thread(site.follower.restart)
    last = await centre.inputs.raw(b"last", partition)
    await eventually(lambda: letters_at(site, partition, last), bool)
    for offset in (*offsets, last):
        assert len(await letters_at(site, partition, offset)) == 1


async def test_letter_of_an_input_that_retention_has_removed_says_so(centre: Centre) -> None:
    partition, site = centre.config.partition, centre.site
    site.follower.kill()
    offset = await centre.inputs.raw(b"gone", partition)
    await routed(site, partition, offset)
    admin = AIOKafkaAdminClient(bootstrap_servers=site.broker.address)
    await admin.start()
    try:
        place = TopicPartition(CONTACT_EVENTS.name, partition)
        await admin.delete_records({place: RecordsToDelete(before_offset=offset + 1)})
    finally:
        await admin.close()
    await asyncio.to_thread(site.follower.start)
    found = await eventually(lambda: letters_at(site, partition, offset), bool)
    assert found[0].value is None
    assert "retention" in found[0].detail


# Numbers


async def metrics(site: Site) -> dict[str, float]:
    async with httpx.AsyncClient() as client:
        text = (await client.get(site.url("follower", "/metrics"))).text
    return {
        match[1]: float(match[2])
        for match in re.finditer(r"^([a-z_]+(?:\{.*\})?) ([0-9.e+-]+)$", text, re.MULTILINE)
    }


async def test_numbers_follow_the_journal_and_are_not_recounted_after_a_restart(
    centre: Centre,
) -> None:
    pool = centre.config.pool
    counted = f'router_contacts_total{{channel="chat",pool="{pool}",queue="general"}}'
    waiting = f'router_waiting{{pool="{pool}",queue="general"}}'
    longest = f'router_longest_wait_seconds{{pool="{pool}",queue="general"}}'
    offline = f'router_agents{{pool="{pool}",state="offline"}}'
    ids = await centre.contacts(4)
    await eventually(lambda: metrics(centre.site), lambda m: m.get(waiting) == 4)
    numbers = await metrics(centre.site)
    assert numbers[counted] == 4
    assert numbers[offline] == 1
    assert 0 < numbers[longest] < 60
    await centre.admin.http.post(f"/v1/contacts/{pool}/{ids[0]}:cancel")
    ended = (
        f'router_contacts_ended_total{{channel="chat",pool="{pool}",'
        f'queue="general",result="cancelled"}}'
    )
    await eventually(lambda: metrics(centre.site), lambda m: m.get(ended) == 1)

    await asyncio.to_thread(centre.site.follower.restart)
    await eventually(lambda: metrics(centre.site), lambda m: m.get(waiting) == 3)
    assert counted not in await metrics(centre.site)
    await centre.contacts(1)
    await eventually(lambda: metrics(centre.site), lambda m: m.get(counted) == 1)
