"""`world`: a configured pool whose journal is replayed after each test: no rule holds only live."""

from collections.abc import Iterator

import pytest

from tests.unit.router.core.world import World


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    assert world.replayed().fingerprint() == world.partition.fingerprint()
