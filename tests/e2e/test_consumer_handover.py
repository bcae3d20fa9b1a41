"""A consumer group whose partitions move while records are in hand."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from services.contracts.codec import encode
from services.contracts.messages import DeliveryRecorded, RecordedDelivery
from services.contracts.topics import MESSAGES
from services.kit.clock import SystemClock, new_id, to_datetime
from services.kit.consumer import GroupConsumer
from services.kit.dead_letter import DeadLetters
from services.kit.log_reader import Raw
from services.kit.metrics import Metrics
from services.kit.publisher import Publisher
from tests.support.talking import Site, Writer, eventually

pytestmark = pytest.mark.anyio
EACH = 30


@dataclass
class Worker:
    """A process of the group: `gate` holds it at its first record."""

    site: Site
    group: str
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    handled: list[tuple[int, int]] = field(default_factory=list)

    def consumer(self) -> GroupConsumer:
        """Not started."""
        metrics, clock = Metrics("test"), SystemClock()
        letters = DeadLetters(Publisher(self.site.settings, metrics, clock), clock, "test")
        return GroupConsumer(
            self.site.settings, metrics, MESSAGES, self.group, self._handle, letters
        )

    async def _handle(self, _: Any, raw: Raw) -> None:
        self.handled.append((raw.partition, raw.offset))
        await self.gate.wait()

    async def partitions(self) -> set[int]:
        """Those of which it has handled everything."""
        seen: dict[int, int] = {}
        for partition, offset in self.handled:
            seen[partition] = max(offset, seen.get(partition, -1))
        return {partition for partition, offset in seen.items() if offset == EACH - 1}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site(tmp_path_factory.mktemp("handover")) as made:
        yield made


async def test_partition_that_goes_to_another_process_is_left_with_the_records_in_hand(
    site: Site,
) -> None:
    async with Writer(site.settings) as writer:
        for partition in range(site.settings.partitions):
            await asyncio.gather(*(_put(writer, partition) for _ in range(EACH)))
    group = new_id()
    slow, quick = Worker(site, group), Worker(site, group)
    quick.gate.set()
    first, second = slow.consumer(), quick.consumer()
    await first.start()
    try:
        await eventually(lambda: _handled(slow), bool)
        await second.start()
        moved = await eventually(quick.partitions, lambda found: len(found) == 3, 30)
        slow.gate.set()
        kept = await eventually(slow.partitions, lambda found: len(found) >= 3, 30)
    finally:
        await second.stop()
        await first.stop()
    in_hand = slow.handled[0]
    assert kept | moved == set(range(site.settings.partitions))
    assert [one for one in slow.handled if one[0] in moved and one != in_hand] == []


async def _handled(worker: Worker) -> list[tuple[int, int]]:
    return worker.handled


async def _put(writer: Writer, partition: int) -> None:
    event = DeliveryRecorded(
        id=new_id(),
        source="test",
        time=to_datetime(0),
        data=RecordedDelivery(conversation_id="c", message_id="m", status="sent"),
    )
    await writer.put(MESSAGES, encode(event), partition, f"c/{event.id}")
