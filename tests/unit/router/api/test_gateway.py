"""The gateway: present are those whose sockets are held here, whatever is lost on the way."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.contracts.contact_events import GatewayHeartbeat, SessionEnded, SessionOpened
from services.kit.clock import SystemClock
from services.router.api import gateway as module
from services.router.api.gateway import Gateway
from tests.unit.router.api.routed import RoutedPublisher, until
from tests.unit.router.core.world import PARTITION, POOL, World

pytestmark = pytest.mark.anyio
PERIOD = 0.02


class Held:
    """A gateway in a routed world where Anna is provisioned."""

    def __init__(self) -> None:
        self.world = World()
        self.world.upsert("anna", {"de": 1})
        self.publisher = RoutedPublisher(self.world)
        self.gateway = Gateway(
            self.publisher.real, self.publisher.replica, SystemClock(), period=PERIOD
        )
        self.publisher.replica.listen(self.gateway.after)

    def connected(self) -> bool:
        return bool(self.world.view("anna")["connected"])

    def beats(self, partition: int) -> int:
        return sum(
            isinstance(one.event, GatewayHeartbeat) and one.position.partition == partition
            for one in self.publisher.written
        )

    def sessions(self) -> set[str]:
        return set(self.world.partition.pools[POOL].agents["anna"].sessions)


@pytest.fixture
async def held() -> AsyncIterator[Held]:
    made = Held()
    await made.gateway.start()
    yield made
    await made.gateway.stop()


def count(held: Held, kind: Any) -> int:
    return len(held.publisher.events(kind))


async def test_connection_is_written_at_once_and_its_end_too(held: Held) -> None:
    session = held.gateway.open(POOL, "anna", PARTITION)
    await until(held.connected)
    held.gateway.close(session)
    await until(lambda: not held.connected())
    assert held.publisher.types()[0] == "SessionOpened"


async def test_one_heartbeat_for_all_sessions_of_a_partition(held: Held) -> None:
    for _ in range(5):
        held.gateway.open(POOL, "anna", PARTITION)
    await until(lambda: count(held, GatewayHeartbeat) >= 3)
    beats = [one for one in held.publisher.written if isinstance(one.event, GatewayHeartbeat)]
    assert {one.position.partition for one in beats} == {PARTITION}
    assert count(held, SessionOpened) == 5


async def test_without_sessions_there_are_no_heartbeats(held: Held) -> None:
    session = held.gateway.open(POOL, "anna", PARTITION)
    await until(held.connected)
    held.gateway.close(session)
    await until(lambda: not held.connected())
    before = held.beats(PARTITION)
    held.gateway.open(POOL, "bertil", PARTITION + 1)
    await until(lambda: held.beats(PARTITION + 1) >= 3)
    assert held.beats(PARTITION) <= before + 1


async def test_gateway_that_was_given_up_opens_its_sessions_again(held: Held) -> None:
    held.gateway.open(POOL, "anna", PARTITION)
    await until(held.connected)
    held.publisher.silence(20)
    assert not held.connected()
    await until(held.connected)
    assert len(held.sessions()) == 1


async def test_opening_that_kafka_did_not_take_is_written_later(held: Held) -> None:
    held.publisher.away = {"contact-events"}
    held.gateway.open(POOL, "anna", PARTITION)
    await until(lambda: held.publisher.attempts >= 3)
    held.publisher.away = set()
    await until(held.connected)


async def test_end_that_kafka_did_not_take_is_written_later(held: Held) -> None:
    session = held.gateway.open(POOL, "anna", PARTITION)
    await until(held.connected)
    held.publisher.away = {"contact-events"}
    held.gateway.close(session)
    before = held.publisher.attempts
    await until(lambda: held.publisher.attempts >= before + 3)
    assert held.connected()
    held.publisher.away = set()
    await until(lambda: not held.connected())


async def test_opening_that_comes_to_light_after_its_end_is_ended(held: Held) -> None:
    """The acknowledgement was lost and the record was not."""
    ghost = Gateway(held.publisher.real, held.publisher.replica, SystemClock(), period=PERIOD)
    ghost.id = held.gateway.id
    held.publisher.asleep = True
    await ghost._open([ghost.open(POOL, "anna", PARTITION)], 0)
    held.publisher.wake()
    assert held.connected()
    held.gateway.open(POOL, "bertil", PARTITION)
    await until(lambda: not held.connected())


async def test_event_that_shows_no_effect_is_written_again(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 2 * PERIOD)
    held.publisher.asleep = True
    session = held.gateway.open(POOL, "anna", PARTITION)
    await until(lambda: count(held, SessionOpened) >= 1)
    held.publisher.lose()
    await until(held.connected)
    held.publisher.asleep = True
    held.gateway.close(session)
    await until(lambda: count(held, SessionEnded) >= 1)
    held.publisher.lose()
    await until(lambda: not held.connected())


async def test_connection_gone_before_it_was_written_is_not_written(held: Held) -> None:
    held.gateway.close(held.gateway.open(POOL, "anna", PARTITION))
    lasting = held.gateway.open(POOL, "anna", PARTITION)
    await until(held.connected)
    assert [event.subject for event in held.publisher.events(SessionOpened)] == [lasting.id]


async def test_stop_ends_every_session(held: Held) -> None:
    for _ in range(3):
        held.gateway.open(POOL, "anna", PARTITION)
    await until(lambda: len(held.sessions()) == 3)
    await held.gateway.stop()
    await until(lambda: not held.sessions())
    assert count(held, SessionEnded) == 3
