"""A view of a topic that knows when it is up to date, on a real broker."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import TypeVar

import pytest

from services.contracts.codec import encode
from services.contracts.journal import Open, Record, Source, encode_entry
from services.contracts.messages import DeliveryRecorded, RecordedDelivery
from services.contracts.topics import MESSAGES, ROUTING_JOURNAL
from services.kit.clock import to_datetime
from services.kit.errors import Unavailable
from services.kit.feed import FeedReader
from services.kit.follow import Follower, follow_journal
from services.kit.journal_reader import JournalReader
from services.kit.log_ends import LogEnds
from services.kit.messages import Heard, MessagesFeed
from tests.support.talking import Site, Writer, eventually

pytestmark = pytest.mark.anyio
T = TypeVar("T")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site(tmp_path_factory.mktemp("follow")) as made:
        yield made


@pytest.fixture
async def writer(site: Site) -> AsyncIterator[Writer]:
    async with Writer(site.settings) as made:
        yield made


@asynccontextmanager
async def started(site: Site, make: Callable[[LogEnds], Follower[T]]) -> AsyncIterator[Follower[T]]:
    """A follower that has read what stood there at the start."""
    ends = LogEnds(site.settings)
    follower = make(ends)
    assert follower.trouble() is not None
    await ends.start()
    await follower.start()
    try:
        await eventually(lambda: _trouble(follower), lambda trouble: trouble is None, 30)
        await eventually(lambda: _answers(follower), bool, 30)
        yield follower
    finally:
        await follower.stop()
        await ends.stop()


async def _trouble(follower: Follower[T]) -> str | None:
    return follower.trouble()


async def _answers(follower: Follower[T]) -> bool:
    try:
        await follower.current(0)
    except Unavailable:
        return False
    return True


def delivery(number: int) -> bytes:
    """A record of `messages`."""
    data = RecordedDelivery(conversation_id="c", message_id=f"m{number}", status="sent")
    event = DeliveryRecorded(id=f"d{number}", source="test", time=to_datetime(0), data=data)
    return encode(event)


async def test_current_view_holds_all_that_was_written_before_the_question(
    site: Site, writer: Writer
) -> None:
    await writer.put(MESSAGES, delivery(0), 2, "c/0")
    taken: list[Heard] = []
    async with started(
        site, lambda ends: Follower(FeedReader(MessagesFeed(site.settings)), taken.append, ends)
    ) as follower:
        assert len(taken) == 1
        for number in range(20):
            offset = await writer.put(MESSAGES, delivery(number), 1, f"c/{number}")
            await follower.current(1, timeout=20)
            assert taken[-1].raw.offset == offset


async def test_question_in_a_quiet_topic_does_not_wait_for_the_next_record(site: Site) -> None:
    """The broker holds a fetch back for 500 ms when nothing comes: ten questions behind fetches
    would take 5 s."""
    async with started(
        site, lambda ends: Follower(FeedReader(MessagesFeed(site.settings)), lambda _: None, ends)
    ) as follower:
        loop = asyncio.get_running_loop()
        began = loop.time()
        for _ in range(10):
            await follower.current(5, timeout=20)
        assert loop.time() - began < 2.5


async def test_without_kafka_the_question_is_answered_in_time_and_later_ones_are_again(
    site: Site,
) -> None:
    async with started(
        site, lambda ends: Follower(FeedReader(MessagesFeed(site.settings)), lambda _: None, ends)
    ) as follower:
        site.servers.broker.pause()
        try:
            with pytest.raises(Unavailable):
                await follower.current(3, timeout=0.5)
        finally:
            site.servers.broker.resume()
        await eventually(lambda: _answers(follower), bool, 30)


async def test_message_that_cannot_be_read_is_passed_over(site: Site, writer: Writer) -> None:
    taken: list[str] = []
    async with started(
        site,
        lambda ends: Follower(
            FeedReader(MessagesFeed(site.settings)), lambda heard: taken.append(heard.record), ends
        ),
    ) as follower:
        before = len(taken)
        await writer.put(MESSAGES, delivery(0), 4, "c/first")
        await writer.put(MESSAGES, b"no event", 4, "c/unreadable")
        await writer.put(MESSAGES, delivery(1), 4, "c/last")
        await follower.current(4, timeout=20)
        assert taken[before:] == ["first", "last"]


async def test_journal_is_followed_without_what_is_void(site: Site, writer: Writer) -> None:
    taken: list[str] = []
    async with started(
        site,
        lambda ends: follow_journal(
            JournalReader(site.settings), lambda record: taken.append(record.src.topic), ends
        ),
    ) as follower:
        epoch = await writer.put(ROUTING_JOURNAL, encode_entry(Open(writer="w", generation=1)), 4)
        for source, counted in (("first", epoch), ("void", epoch + 7), ("last", epoch)):
            record = Record(epoch=counted, src=Source(source, 0), at=1)
            await writer.put(ROUTING_JOURNAL, encode_entry(record), 4)
        await follower.current(4, timeout=20)
        assert taken == ["first", "last"]
