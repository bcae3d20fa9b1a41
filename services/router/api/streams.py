"""What agents' sockets are told: a snapshot, then every event that touches the agent, numbered by
the agent's revision, without gaps and in the same words for all sockets of the agent."""

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from services.contracts.journal import Record
from services.contracts.routing_events import RoutingEvent, TimersRenewed
from services.kit.metrics import Metrics
from services.router.api.replica import Replica
from services.router.core import queries
from services.router.core.partition import Partition

Key = tuple[str, str]
"""(pool, agent id)."""
_encoder = msgspec.json.Encoder()


class Stream:
    """The frames of one socket. Whoever pushes never waits: what does not fit is replaced by a
    snapshot, taken when the socket is ready for it."""

    def __init__(self, key: Key, max_frames: int) -> None:
        self.key = key
        self._stale = True
        self._frames: deque[str] = deque()
        self._max_frames = max_frames
        self._some = asyncio.Event()
        self._some.set()

    def push(self, frame: str) -> None:
        """One more event."""
        if len(self._frames) >= self._max_frames:
            self.resync()
            return
        self._frames.append(frame)
        self._some.set()

    def resync(self) -> None:
        """A snapshot is due instead of what was pushed."""
        self._frames.clear()
        self._stale = True
        self._some.set()

    async def ready(self) -> None:
        """Wait until there is something to send."""
        await self._some.wait()

    def take(self, snapshot: Callable[[], str | None]) -> list[str]:
        """All frames that wait, oldest first, or the snapshot of now if one is due: nothing lies
        between it and what follows."""
        self._some.clear()
        frames = list(self._frames)
        self._frames.clear()
        if not self._stale:
            return frames
        taken = snapshot()
        self._stale = taken is None
        return [] if taken is None else [taken]


class Streams:
    """Every socket's stream, by agent. `before` and `after` hear the journal."""

    def __init__(self, replica: Replica, metrics: Metrics, *, max_frames: int) -> None:
        self._replica = replica
        self._metrics = metrics
        self._max_frames = max_frames
        self._of: dict[Key, list[Stream]] = {}
        self._count = 0
        self._touched: dict[Key, int] = {}

    def subscribe(self, pool: str, agent_id: str) -> Stream:
        """A new stream, which begins with a snapshot. End it with `unsubscribe`."""
        stream = Stream((pool, agent_id), self._max_frames)
        self._of.setdefault(stream.key, []).append(stream)
        self._counted(1)
        return stream

    def unsubscribe(self, stream: Stream) -> None:
        """The socket is gone."""
        streams = self._of[stream.key]
        streams.remove(stream)
        if not streams:
            del self._of[stream.key]
        self._counted(-1)

    def sockets_of(self, pool: str, agent_id: str) -> int:
        """How many streams the agent has."""
        return len(self._of.get((pool, agent_id), ()))

    async def next_frames(self, stream: Stream) -> list[str]:
        """What to send next, oldest first. Waits until there is something."""
        while True:
            await stream.ready()
            if frames := stream.take(partial(self.snapshot, *stream.key)):
                return frames

    def snapshot(self, pool: str, agent_id: str) -> str | None:
        """The snapshot frame of now; None for an agent that nobody has provisioned."""
        found = self._replica.find_pool(pool)
        view = queries.agent_view(found[0], pool, agent_id) if found else None
        if view is None:
            return None
        frame: dict[str, Any] = {
            "type": "snapshot",
            "revision": view["revision"],
            "offers": view.pop("offers"),
            "assignments": view.pop("assignments"),
            "agent": view,
        }
        return _encoder.encode(frame).decode()

    def before(self, partition: Partition, record: Record) -> None:
        """Note the revisions of the agents whom the record may touch."""
        self._touched = {}
        if not self._of:
            return
        for event in record.events:
            if isinstance(event, TimersRenewed):
                for key in self._of:
                    self._note(partition, key)
            elif (key := _key(event)) in self._of:
                self._note(partition, key)

    def after(self, partition: Partition, record: Record) -> None:
        """Tell the agents' sockets. An agent whose revision does not agree with the events (the
        timers of open offers were renewed) gets a snapshot."""
        for key, before in self._touched.items():
            events = [event for event in record.events if _key(event) == key]
            if before + len(events) != _revision(partition, key):
                for stream in self._of[key]:
                    stream.resync()
                continue
            for revision, event in enumerate(events, before + 1):
                frame = {"type": "event", "revision": revision, "event": event}
                text = _encoder.encode(frame).decode()
                for stream in self._of[key]:
                    stream.push(text)

    def _note(self, partition: Partition, key: Key) -> None:
        if key[0] in partition.pools:
            self._touched[key] = _revision(partition, key)

    def _counted(self, change: int) -> None:
        self._count += change
        self._metrics.set("api_agent_sockets", self._count)


def _key(event: object) -> Key:
    if not isinstance(event, RoutingEvent):
        return ("", "")
    return (event.pool, getattr(event, "agent", ""))


def _revision(partition: Partition, key: Key) -> int:
    agent = partition.pools[key[0]].agents.get(key[1])
    return agent.revision if agent else 0
