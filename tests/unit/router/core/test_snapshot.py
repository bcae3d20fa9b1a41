"""A state that was saved and loaded goes on like the one it was taken from."""

import pytest

from services.router.core.pool import Pool
from services.router.core.snapshot import UnreadableSnapshot, dump, load
from services.router.core.timers import Schedule
from tests.unit.router.core.world import POOL, World


def busy(world: World) -> None:
    world.agent("ann", billing=3)
    world.agent("ben")
    for number in range(8):
        world.opened(f"c{number}", customer=f"k{number}")
    world.opened("call", "phone")
    world.accept(world_offered(world)[0])
    world.decline(world_offered(world)[0])
    world.wait(3)


def world_offered(world: World) -> list[str]:
    pool = world.partition.pools[POOL]
    return [contact.id for contact in pool.contacts.values() if contact.state == "offered"]


def test_the_next_steps_are_the_same(world: World) -> None:
    busy(world)
    twin = World(configure=False)
    twin.partition = load(dump(world.partition))
    twin.now, twin.offset, twin.commands = world.now, world.offset, world.commands
    for one in (world, twin):
        one.agent("cid", billing=5)
        one.wait(30)
        one.opened("late")
    assert twin.partition.fingerprint() == world.partition.fingerprint()
    assert twin.last.events == world.last.events


def test_a_snapshot_does_not_share_state_with_its_origin(world: World) -> None:
    busy(world)
    copy = load(dump(world.partition))
    before = copy.fingerprint()
    world.wait(40)
    assert copy.fingerprint() == before != world.partition.fingerprint()


def test_every_attribute_of_a_pool_is_kept_or_built_anew() -> None:
    pool = Pool(POOL, Schedule(lambda _timer: True))
    assert vars(pool).keys() - Pool.__annotations__.keys() == {
        "classify",
        "index",
        "policy",
        "schedule",
    }


@pytest.mark.parametrize("raw", [b"", b"\x93\x01\x02\x03", b"{}"])
def test_bytes_that_are_no_snapshot_are_refused(raw: bytes) -> None:
    with pytest.raises(UnreadableSnapshot):
        load(raw)


def test_a_snapshot_of_another_version_is_refused(world: World) -> None:
    raw = dump(world.partition)
    assert raw.count(b"queued_at") == 1
    with pytest.raises(UnreadableSnapshot, match="another version"):
        load(raw.replace(b"queued_at", b"queued_by"))
