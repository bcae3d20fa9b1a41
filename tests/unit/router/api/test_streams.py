"""Agents' streams: numbers without gaps, bounded, the same for all sockets of an agent."""

import asyncio
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.kit.metrics import Metrics
from services.kit.settings import Settings
from services.router.api.replica import Replica
from services.router.api.streams import Stream, Streams
from services.router.core import queries
from tests.unit.router.core.test_properties import AGENTS, Driver
from tests.unit.router.core.world import PARTITION, POOL, World, config

pytestmark = pytest.mark.anyio


class Watched:
    """A replica that follows a world's journal, with streams."""

    def __init__(self, world: World, *, max_frames: int = 100) -> None:
        self.world = world
        self.replica = Replica(Settings(data=Path()))
        self.streams = Streams(self.replica, Metrics("test"), max_frames=max_frames)
        self.replica.listen(self.streams.after, before=self.streams.before)
        self.replica.become_live()
        self._done = 0
        self.follow()

    def follow(self) -> None:
        """Take what the world has journalled since."""
        for record in self.world.journal[self._done :]:
            self.replica.take(PARTITION, record)
        self._done = len(self.world.journal)

    async def frames(self, stream: Stream) -> list[dict[str, Any]]:
        """What the stream has to send now."""
        async with asyncio.timeout(5):
            return [json.loads(text) for text in await self.streams.next_frames(stream)]

    def waiting(self, stream: Stream) -> list[dict[str, Any]]:
        """What waits to be sent, without waiting for it."""
        taken = stream.take(partial(self.streams.snapshot, *stream.key))
        return [json.loads(text) for text in taken]


@pytest.fixture
def world() -> World:
    made = World()
    made.agent("anna", billing=3, de=1)
    return made


async def test_stream_begins_with_a_snapshot_of_what_is_in_hand(world: World) -> None:
    world.opened("c1")
    world.opened("c2")
    world.accept("c1")
    watched = Watched(world)
    (snapshot,) = await watched.frames(watched.streams.subscribe(POOL, "anna"))
    assert snapshot["type"] == "snapshot"
    assert [offer["contact_id"] for offer in snapshot["offers"]] == ["c2"]
    assert [one["contact_id"] for one in snapshot["assignments"]] == ["c1"]
    assert snapshot["agent"]["agent_id"] == "anna"
    assert snapshot["revision"] == world.view("anna")["revision"]


async def test_events_after_the_snapshot_are_numbered_without_gaps(world: World) -> None:
    watched = Watched(world)
    stream = watched.streams.subscribe(POOL, "anna")
    (snapshot,) = await watched.frames(stream)
    world.opened("c1")
    world.accept("c1")
    world.wrap_up("c1")
    watched.follow()
    frames = await watched.frames(stream)
    numbers = [frame["revision"] for frame in frames]
    assert numbers == [snapshot["revision"] + 1 + n for n in range(len(frames))]
    kinds = [frame["event"]["type"] for frame in frames]
    assert kinds[:2] == ["offer.made", "assignment.started"]
    assert numbers[-1] == world.view("anna")["revision"]


async def test_all_sockets_of_an_agent_get_the_same_frames(world: World) -> None:
    watched = Watched(world)
    streams = [watched.streams.subscribe(POOL, "anna") for _ in range(2)]
    for stream in streams:
        await watched.frames(stream)
    world.opened("c1")
    watched.follow()
    first, second = [await watched.frames(stream) for stream in streams]
    assert first == second != []


async def test_others_hear_nothing(world: World) -> None:
    world.agent("bertil", de=1)
    watched = Watched(world)
    stream = watched.streams.subscribe(POOL, "bertil")
    await watched.frames(stream)
    world.opened("c1", topic="billing")
    watched.follow()
    assert world.agent_of("c1") == "anna"
    assert watched.waiting(stream) == []


async def test_slow_socket_gets_a_snapshot_instead_of_what_did_not_fit(world: World) -> None:
    watched = Watched(world, max_frames=3)
    slow, quick = (watched.streams.subscribe(POOL, "anna") for _ in range(2))
    for stream in (slow, quick):
        await watched.frames(stream)
    for number in range(10):
        world.presence("anna", "break" if number % 2 == 0 else "available")
        watched.follow()
        (frame,) = await watched.frames(quick)
        assert frame["type"] == "event"
    (frame,) = await watched.frames(slow)
    assert frame["type"] == "snapshot"
    assert frame["revision"] == world.view("anna")["revision"]
    world.presence("anna", "break")
    watched.follow()
    (after,) = await watched.frames(slow)
    assert (after["type"], after["revision"]) == ("event", frame["revision"] + 1)


async def test_renewed_timers_bring_a_snapshot_with_the_new_expiry(world: World) -> None:
    world.opened("c1")
    watched = Watched(world)
    stream = watched.streams.subscribe(POOL, "anna")
    (before,) = await watched.frames(stream)
    world.now += 5_000
    world.tick(renew=True)
    watched.follow()
    (after,) = await watched.frames(stream)
    assert after["type"] == "snapshot"
    assert after["offers"][0]["expires_at"] == before["offers"][0]["expires_at"] + 5_000


async def test_socket_that_is_gone_is_told_nothing(world: World) -> None:
    watched = Watched(world)
    stream = watched.streams.subscribe(POOL, "anna")
    await watched.frames(stream)
    watched.streams.unsubscribe(stream)
    assert watched.streams.sockets_of(POOL, "anna") == 0
    world.opened("c1")
    watched.follow()
    assert watched.waiting(stream) == []


@settings(max_examples=40, deadline=None)
@given(script=st.binary(min_size=50, max_size=400), lazy=st.integers(1, 40))
def test_whatever_happens_snapshots_and_events_together_tell_each_revision(
    script: bytes, lazy: int
) -> None:
    """A client that applies numbers blindly is never wrong, however slowly it reads."""
    driver = Driver(script)
    driver.run()
    watched = Watched(World(config()))
    watched.world.journal[:] = driver.world.journal
    partition = watched.replica.partitions[PARTITION]
    seen: dict[str, int] = {}
    streams: dict[str, Stream] = {}
    for number, record in enumerate(driver.world.journal[1:]):
        watched.replica.take(PARTITION, record)
        for agent in AGENTS:
            view = queries.agent_view(partition, POOL, agent)
            if view is None or (number + len(agent)) % lazy:
                continue
            if agent not in streams:
                streams[agent] = watched.streams.subscribe(POOL, agent)
            for frame in watched.waiting(streams[agent]):
                wanted = view if frame["type"] == "snapshot" else {"revision": seen[agent] + 1}
                assert frame["revision"] == wanted["revision"]
                seen[agent] = frame["revision"]
            assert seen[agent] == view["revision"]
