"""`world`: a configured pool whose journal is replayed after each test: no rule holds only live,
nor only without a snapshot."""

from collections.abc import Iterator

import pytest

from services.router.core.snapshot import dump, load
from tests.unit.router.core.world import World


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    state = world.partition.fingerprint()
    assert world.replayed().fingerprint() == state
    assert load(dump(world.partition)).fingerprint() == state
