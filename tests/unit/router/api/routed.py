"""A router without Kafka: what is published reaches an engine, and its journal the replica."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import cast

import msgspec

from services.contracts.base import Event
from services.contracts.contact_events import InputEvent
from services.contracts.journal import Record
from services.contracts.topics import CONTACT_EVENTS, Topic
from services.kit.publisher import Position, Publisher
from services.kit.settings import Settings
from services.router.api.replica import Replica
from tests.support.fakes import FakePublisher
from tests.support.journal_site import eventually
from tests.unit.router.core.world import PARTITION, World


class RoutedPublisher(FakePublisher):
    """A publisher whose inputs are routed as soon as they are written, unless `asleep`."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.replica = Replica(Settings(data=Path()))
        self.asleep = False
        self.attempts = 0
        self._waiting: list[InputEvent] = []
        for record in world.journal:
            self.replica.take(PARTITION, record)
        self.replica.become_live()

    async def publish(
        self, topic: Topic, event: msgspec.Struct, *, key: str, partition: int | None = None
    ) -> Position:
        """Write, and route in the loop's next turn."""
        self.attempts += 1
        position = await super().publish(topic, event, key=key, partition=partition)
        if topic is CONTACT_EVENTS:
            self._waiting.append(cast("InputEvent", event))
            if not self.asleep:
                asyncio.get_running_loop().call_soon(self.wake)
        return position

    def wake(self) -> None:
        """Route what has been written."""
        self.asleep = False
        waiting, self._waiting = self._waiting, []
        for event in waiting:
            self.world.put(type(event), event.data, id=event.id)
            self.take(self.world.journal[-1])

    def lose(self) -> None:
        """What has been written and not routed yet is gone."""
        self._waiting.clear()
        self.asleep = False

    def silence(self, seconds: float) -> None:
        """Nothing comes in for so long; the router does what is due."""
        done = len(self.world.journal)
        self.world.wait(seconds, beat=False)
        for record in self.world.journal[done:]:
            self.take(record)

    def take(self, record: Record) -> None:
        """A record reaches the replica."""
        self.replica.take(PARTITION, record)

    @property
    def real(self) -> Publisher:
        """For those who ask for the class."""
        return cast("Publisher", self)

    def types(self) -> list[str]:
        """The types of what has been written."""
        return [type(one.event).__name__ for one in self.written]

    def events(self, kind: type[Event]) -> list[Event]:
        """What has been written of a type."""
        return [one.event for one in self.written if isinstance(one.event, kind)]


async def until(holds: Callable[[], object]) -> None:
    """Wait until it holds, for less time than anybody's patience."""

    async def read() -> object:
        return holds()

    await eventually(read, bool, 5)
