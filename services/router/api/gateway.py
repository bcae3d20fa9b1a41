"""This process as a gateway: it holds agents' connections, and presence is a lease through it.

What should be (the sockets held here) is compared with what is (the sessions that the journal
shows for this gateway) at every heartbeat: a session that the router does not have is opened
again, one that nobody holds any more is ended. So no lost, late or doubled event leaves an agent
present who is away, or away who is present.
"""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from services.contracts.base import Event
from services.contracts.contact_events import (
    GatewayHeartbeat,
    HeartbeatData,
    SessionData,
    SessionEnded,
    SessionOpened,
)
from services.contracts.journal import Record
from services.contracts.routing_events import GatewayExpired
from services.contracts.topics import CONTACT_EVENTS
from services.kit import tasks
from services.kit.clock import Clock, new_id, to_datetime
from services.kit.errors import Unavailable
from services.kit.publisher import Publisher
from services.router.api.replica import Replica
from services.router.core.partition import Partition

log = logging.getLogger(__name__)
PATIENCE = 10.0
"""Seconds until a session event that has shown no effect is written again."""
CHUNK = 500

Key = tuple[str, str, str]
"""(pool, agent id, session id), as the engine names a session."""


@dataclass(slots=True, eq=False)
class Session:
    """One socket of one agent. `asked`: when its opening was last written (monotonic)."""

    id: str
    pool: str
    agent_id: str
    partition: int
    asked: float | None = None

    @property
    def key(self) -> Key:
        """What it is known by."""
        return self.pool, self.agent_id, self.id


class Gateway:
    """A part; `after` hears the journal. One per process, with a new id."""

    name = "gateway"

    def __init__(
        self, publisher: Publisher, replica: Replica, clock: Clock, *, period: float
    ) -> None:
        self.id = new_id("gw-")
        self._publisher = publisher
        self._replica = replica
        self._clock = clock
        self._period = period
        self._sessions: dict[Key, Session] = {}
        self._new: list[Session] = []
        self._gone: list[Session] = []
        self._ended: dict[Key, float] = {}
        self._expired = False
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to hold sessions."""
        self._task = tasks.start("gateway", self._run())

    async def stop(self) -> None:
        """End all sessions: their agents are not kept waiting for the lease's end."""
        await tasks.stop(self._task)
        left = [*self._gone, *self._sessions.values()]
        self._sessions.clear()
        await self._end(left, self._clock.monotonic())

    def trouble(self) -> str | None:
        """None: without Kafka it waits, and the publisher says so."""
        return None

    def open(self, pool: str, agent_id: str, partition: int) -> Session:
        """An agent has connected. Returns at once; the session lives when it is journalled."""
        session = Session(new_id("s-"), pool, agent_id, partition)
        self._sessions[session.key] = session
        self._new.append(session)
        self._wake.set()
        return session

    def close(self, session: Session) -> None:
        """The connection is gone. Returns at once."""
        if self._sessions.pop(session.key, None) is not None:
            self._gone.append(session)
            self._wake.set()

    def after(self, partition: Partition, record: Record) -> None:
        """The router has given this gateway up: open its sessions again, now."""
        for event in record.events:
            if isinstance(event, GatewayExpired) and event.gateway == self.id:
                for session in self._sessions.values():
                    if session.partition == partition.number:
                        session.asked = None
                self._expired = True
                self._wake.set()

    async def _run(self) -> None:
        beat = self._clock.monotonic()
        while True:
            self._wake.clear()
            now = self._clock.monotonic()
            new, self._new = self._new, []
            gone, self._gone = self._gone, []
            await self._open([session for session in new if session.key in self._sessions], now)
            await self._end(gone, now)
            if now >= beat or self._expired:
                self._expired = False
                beat = now + self._period
                await self._beat()
                await self._compare(now)
            wait = max(0.0, beat - self._clock.monotonic())
            try:
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _beat(self) -> None:
        await self._publish(
            (
                GatewayHeartbeat(
                    **self._head(self.id),
                    data=HeartbeatData(gateway=self.id, period=self._period),
                ),
                self.id,
                number,
            )
            for number in {session.partition for session in self._sessions.values()}
        )

    async def _compare(self, now: float) -> None:
        """Ask again for what is not as it should be."""
        if self._replica.trouble() is not None:
            return
        attached: dict[Key, int] = {}
        for partition in self._replica.partitions:
            if (gateway := partition.gateways.get(self.id)) is not None:
                attached |= dict.fromkeys(gateway.sessions, partition.number)
        await self._open(
            [
                session
                for key, session in self._sessions.items()
                if key not in attached and not _recent(session.asked, now)
            ],
            now,
        )
        await self._end(
            [
                Session(key[2], key[0], key[1], attached[key])
                for key in attached.keys() - self._sessions.keys()
                if not _recent(self._ended.get(key), now)
            ],
            now,
        )
        self._ended = {key: at for key, at in self._ended.items() if _recent(at, now)}

    async def _open(self, sessions: list[Session], now: float) -> None:
        for session in sessions:
            session.asked = now
        failed = await self._publish(
            (
                SessionOpened(**self._head(session.id), data=self._data(session)),
                session.pool,
                session.partition,
            )
            for session in sessions
        )
        for number in failed:
            sessions[number].asked = None

    async def _end(self, sessions: list[Session], now: float) -> None:
        for session in sessions:
            self._ended[session.key] = now
        failed = await self._publish(
            (
                SessionEnded(**self._head(session.id), data=self._data(session)),
                session.pool,
                session.partition,
            )
            for session in sessions
        )
        for number in failed:
            self._ended.pop(sessions[number].key, None)

    async def _publish(self, items: Iterable[tuple[Event, str, int]]) -> list[int]:
        """Write them, in order; returns the numbers of those that were not acknowledged."""
        left = list(items)
        failed: list[int] = []
        for start in range(0, len(left), CHUNK):
            results = await asyncio.gather(
                *(
                    self._publisher.publish(CONTACT_EVENTS, event, key=key, partition=partition)
                    for event, key, partition in left[start : start + CHUNK]
                ),
                return_exceptions=True,
            )
            for number, result in enumerate(results, start):
                if isinstance(result, Unavailable):
                    failed.append(number)
                elif isinstance(result, BaseException):
                    raise result
        if failed:
            log.warning("sessions not written", extra={"events": len(failed)})
        return failed

    def _head(self, subject: str) -> dict[str, Any]:
        return {
            "id": new_id(),
            "source": "routing-api",
            "time": to_datetime(self._clock.now_ms()),
            "subject": subject,
        }

    def _data(self, session: Session) -> SessionData:
        return SessionData(
            pool=session.pool,
            agent_id=session.agent_id,
            session_id=session.id,
            gateway=self.id,
        )


def _recent(at: float | None, now: float) -> bool:
    return at is not None and now - at < PATIENCE
