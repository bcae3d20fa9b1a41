"""The fakes keep the promises of the real things: the same tests for both."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from deploy.local.broker import Broker
from services.contracts.messages import Author, CreatedMessage, MessageCreated
from services.contracts.topics import MESSAGES
from services.kit.clock import SystemClock, new_id, to_datetime
from services.kit.errors import Unavailable
from services.kit.metrics import Metrics
from services.kit.pools import PoolDirectory
from services.kit.publisher import Publisher, partition_of
from services.kit.settings import Settings
from services.kit.topics import provision
from tests.support.fakes import FakePools, FakePublisher
from tests.support.forms_site import POOL, reached

pytestmark = pytest.mark.anyio


@pytest.fixture
async def settings(broker: Broker) -> Settings:
    settings = Settings(kafka=broker.address)
    await asyncio.to_thread(provision, settings)
    return settings


@pytest.fixture(params=["fake", "real"])
async def publisher(
    request: pytest.FixtureRequest, settings: Settings
) -> AsyncIterator[Publisher | FakePublisher]:
    made: Publisher | FakePublisher
    if request.param == "fake":
        made = FakePublisher(partitions=settings.partitions)
    else:
        made = Publisher(settings, Metrics("test"), SystemClock())
    await made.start()
    await reached(made)
    yield made
    await made.stop()


@pytest.fixture(params=["fake", "real"])
def unreachable(request: pytest.FixtureRequest) -> Publisher | FakePublisher:
    """A publisher that has not reached Kafka (the real one: because it was not started)."""
    if request.param == "fake":
        return FakePublisher(away={MESSAGES.name})
    return Publisher(Settings(), Metrics("test"), SystemClock())


def event() -> MessageCreated:
    data = CreatedMessage(
        conversation_id="c",
        message_id="m",
        cid="m",
        author=Author(kind="customer"),
        channel="form",
        at=0,
        text="Hei!",
    )
    return MessageCreated(id=new_id(), source="test", time=to_datetime(0), data=data)


async def test_key_decides_the_partition_unless_one_is_named(
    publisher: Publisher | FakePublisher,
) -> None:
    key = new_id()
    by_key = await publisher.publish(MESSAGES, event(), key=key)
    named = await publisher.publish(MESSAGES, event(), key=key, partition=5)
    assert (by_key.partition, named.partition) == (partition_of(key, 6), 5)


async def test_several_at_once_stand_in_their_order(publisher: Publisher | FakePublisher) -> None:
    items = [(MESSAGES, event(), new_id(), 2) for _ in range(20)]
    offsets = [position.offset for position in await publisher.publish_all(items)]
    assert offsets == list(range(offsets[0], offsets[0] + 20))


async def test_out_of_reach_is_said_so_and_nothing_is_promised(
    unreachable: Publisher | FakePublisher,
) -> None:
    assert unreachable.trouble()
    with pytest.raises(Unavailable) as one:
        await unreachable.publish(MESSAGES, event(), key="k")
    assert not one.value.outcome_unknown
    with pytest.raises(Unavailable):
        await unreachable.publish_all([(MESSAGES, event(), "k", 0)])


@pytest.mark.parametrize("kind", ["fake", "real"])
async def test_pools_are_not_known_before_they_are_read(kind: str) -> None:
    made = FakePools(None) if kind == "fake" else PoolDirectory(Settings())
    with pytest.raises(Unavailable):
        made.get(POOL.pool)
