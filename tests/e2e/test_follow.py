"""A view of a topic that knows when it is up to date, on a real broker."""

from collections.abc import AsyncIterator, Iterator

import pytest

from services.contracts.codec import encode
from services.contracts.journal import Open, Record, Source, encode_entry
from services.contracts.messages import DeliveryRecorded, RecordedDelivery
from services.contracts.topics import MESSAGES, ROUTING_JOURNAL
from services.kit.clock import to_datetime
from services.kit.errors import Unavailable
from services.kit.follow import Follower, follow_journal
from services.kit.log_reader import Raw
from tests.support.talking import Site, Writer, eventually

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site(tmp_path_factory.mktemp("follow")) as made:
        yield made


@pytest.fixture
async def writer(site: Site) -> AsyncIterator[Writer]:
    async with Writer(site.settings) as made:
        yield made


def delivery(number: int) -> bytes:
    """A record of `messages`."""
    data = RecordedDelivery(conversation_id="c", message_id=f"m{number}", status="sent")
    event = DeliveryRecorded(id=f"d{number}", source="test", time=to_datetime(0), data=data)
    return encode(event)


async def test_current_view_holds_all_that_was_written_before_the_question(
    site: Site, writer: Writer
) -> None:
    taken: list[Raw] = []
    follower = Follower(site.settings, MESSAGES, taken.append)
    await follower.start()
    try:
        for number in range(20):
            offset = await writer.put(MESSAGES, delivery(number), 1, f"c/{number}")
            await follower.current(1, timeout=20)
            assert taken[-1].offset == offset
    finally:
        await follower.stop()


async def test_view_is_in_trouble_until_it_has_read_what_stood_there_at_the_start(
    site: Site, writer: Writer
) -> None:
    await writer.put(MESSAGES, delivery(0), 2, "c/0")
    follower = Follower(site.settings, MESSAGES, lambda _: None)
    assert follower.trouble() is not None
    await follower.start()
    try:
        await eventually(_trouble_of(follower), lambda trouble: trouble is None)
    finally:
        await follower.stop()


def _trouble_of(follower: Follower):  # type: ignore[no-untyped-def]
    async def ask() -> str | None:
        return follower.trouble()

    return ask


async def test_without_kafka_the_question_is_answered_in_time_and_later_ones_are_again(
    site: Site,
) -> None:
    follower = Follower(site.settings, MESSAGES, lambda _: None)
    await follower.start()
    try:
        await follower.current(3, timeout=20)
        site.servers.broker.pause()
        try:
            with pytest.raises(Unavailable):
                await follower.current(3, timeout=0.5)
        finally:
            site.servers.broker.resume()
        await follower.current(3, timeout=30)
    finally:
        await follower.stop()


async def test_record_that_cannot_be_read_is_passed_over(site: Site, writer: Writer) -> None:
    taken: list[str] = []
    follower = follow_journal(site.settings, lambda record: taken.append(record.src.topic))
    await follower.start()
    try:
        epoch = await writer.put(ROUTING_JOURNAL, encode_entry(Open(writer="w", generation=1)), 4)
        for source, counted in (("first", epoch), ("void", epoch + 7), ("last", epoch)):
            await writer.put(ROUTING_JOURNAL, b"no entry", 4)
            record = Record(epoch=counted, src=Source(source, 0), at=1)
            await writer.put(ROUTING_JOURNAL, encode_entry(record), 4)
        await follower.current(4, timeout=20)
        assert taken == ["first", "last"]
    finally:
        await follower.stop()
