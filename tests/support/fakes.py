"""Stand-ins for what a service stands on. Each passes the same tests as the real thing
(`tests/e2e/test_fakes.py`)."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from services.contracts.codec import decode, encode
from services.contracts.pool import PoolConfig
from services.contracts.topics import Topic
from services.kit.errors import Unavailable
from services.kit.publisher import Position, partition_of


@dataclass(frozen=True, slots=True)
class Written:
    """One record of a fake log."""

    topic: Topic
    key: str
    position: Position
    event: msgspec.Struct


@dataclass
class FakePublisher:
    """`services.kit.publisher.Publisher` with its log in memory. `away`: topics that it cannot
    reach now, by name; `unknown`: it writes the record and loses the acknowledgement."""

    partitions: int = 6
    written: list[Written] = field(default_factory=list)
    away: set[str] = field(default_factory=set)
    unknown: bool = False
    _ends: dict[tuple[str, int], int] = field(default_factory=dict)

    name = "publisher"

    async def start(self) -> None:
        """Nothing to do."""

    async def stop(self) -> None:
        """Nothing to do."""

    def trouble(self) -> str | None:
        """As the real one's."""
        return "Kafka has not been reached yet" if self.away else None

    async def publish(
        self, topic: Topic, event: msgspec.Struct, *, key: str, partition: int | None = None
    ) -> Position:
        """As the real one's."""
        if topic.name in self.away and not self.unknown:
            raise Unavailable("Kafka has not been reached yet.")
        if partition is None:
            partition = partition_of(key, topic.partitions or self.partitions)
        offset = self._ends.get((topic.name, partition), 0)
        self._ends[topic.name, partition] = offset + 1
        position = Position(partition, offset)
        # Through bytes and back: what cannot be written must not be taken.
        self.written.append(Written(topic, key, position, decode(topic, encode(event))))
        if topic.name in self.away:
            raise Unavailable("Kafka has not acknowledged in time.", outcome_unknown=True)
        return position

    async def publish_all(
        self, items: Iterable[tuple[Topic, msgspec.Struct, str, int | None]]
    ) -> list[Position]:
        """As the real one's: every one is tried, then the first failure is raised."""
        positions: list[Position] = []
        failure: Unavailable | None = None
        for topic, event, key, partition in items:
            try:
                positions.append(await self.publish(topic, event, key=key, partition=partition))
            except Unavailable as error:
                failure = failure or error
        if failure:
            raise failure
        return positions


@dataclass
class FakePools:
    """`services.kit.pools.PoolDirectory` as far as `get`; None: not read yet."""

    pools: dict[str, PoolConfig] | None = field(default_factory=dict)

    def get(self, pool: str) -> PoolConfig | None:
        """As the real one's."""
        if self.pools is None:
            raise Unavailable("The pools are not known yet.")
        return self.pools.get(pool)
