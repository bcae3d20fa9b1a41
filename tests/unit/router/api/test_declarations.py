"""What `settings` says about pools follows the journal."""

import asyncio
from typing import cast

import pytest

from services.contracts.pool import PoolConfig
from services.contracts.settings_events import PoolDeclared
from services.kit.clock import SystemClock
from services.kit.pools import PoolDirectory
from services.router.api import declarations as module
from services.router.api.declarations import Declarations
from tests.support.fakes import FakePools
from tests.unit.router.api.routed import RoutedPublisher, until
from tests.unit.router.core.world import POOL, World, config

pytestmark = pytest.mark.anyio


class Site:
    """Declarations of a routed world whose directory is empty."""

    def __init__(self) -> None:
        self.world = World()
        self.publisher = RoutedPublisher(self.world)
        self.pools = FakePools()
        self.declarations = Declarations(
            self.publisher.real,
            self.publisher.replica,
            cast("PoolDirectory", self.pools),
            SystemClock(),
        )
        self.publisher.replica.listen(self.declarations.after)

    def declared(self) -> list[PoolConfig]:
        events = [one.event for one in self.publisher.written]
        return [event.data.config for event in events if isinstance(event, PoolDeclared)]

    def configure(self, changed: PoolConfig) -> None:
        self.world.configure(changed)
        self.publisher.take(self.world.journal[-1])


async def test_pool_that_the_journal_knows_and_settings_do_not_is_declared() -> None:
    site = Site()
    await site.declarations.start()
    await until(site.declared)
    assert site.declared() == [config()]
    assert [one.key for one in site.publisher.written] == [f"pool/{POOL}"]
    await site.declarations.stop()


async def test_change_is_declared_when_it_is_journalled_and_only_then() -> None:
    site = Site()
    site.pools.pools = {POOL: config()}
    await site.declarations.start()
    changed = config(languages=("de",))
    site.configure(changed)
    await until(site.declared)
    assert site.declared() == [changed]
    await site.declarations.stop()


async def test_whoever_waits_and_the_loop_declare_once_together() -> None:
    site = Site()
    await asyncio.gather(*(site.declarations.declare(config()) for _ in range(3)))
    await site.declarations.start()
    changed = config(languages=("de",))
    site.configure(changed)
    await until(lambda: site.declared()[-1] == changed)
    assert site.declared() == [config(), changed]
    await site.declarations.stop()


async def test_what_kafka_did_not_take_is_declared_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAUSE", 0.01)
    site = Site()
    site.publisher.away = {"settings"}
    await site.declarations.start()
    await until(lambda: site.publisher.attempts >= 2)
    site.publisher.away = set()
    await until(site.declared)
    await site.declarations.stop()
