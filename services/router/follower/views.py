"""Keeping the views in Redis as new as the journal, whatever Redis does.

Redis away: what changes is remembered by name (a bounded number of names) and written when Redis
is back. Views gone (`FLUSHALL`, a restart) or older than they were: written anew. Views newer than
this process: another follower is ahead, and this one changes nothing until it has read as far,
unless they are newer than the journal itself: then they are of another journal and are replaced.
"""

import asyncio
import logging

from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.contracts.topics import ROUTING_JOURNAL
from services.contracts.views import queues as queues_key
from services.kit import tasks
from services.kit.clock import Clock
from services.kit.errors import Unavailable
from services.kit.log_ends import LogEnds
from services.kit.metrics import Metrics
from services.router.follower import documents
from services.router.follower.follow import Follow, Followed
from services.router.follower.redis_views import RedisViews

log = logging.getLogger(__name__)
_GATHER = 0.1
"""Seconds in which changes gather before they are written: a write costs what many changes do."""
_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0)


class Views:
    """A part. `check` is how often, in seconds, it looks whether the views are still there:
    nothing else would tell while the journal is silent."""

    name = "views"

    def __init__(
        self,
        redis: Redis,
        follow: Follow,
        ends: LogEnds,
        metrics: Metrics,
        clock: Clock,
        *,
        check: float,
    ) -> None:
        self._redis = redis
        self._views = RedisViews(redis)
        self._follow = follow
        self._ends = ends
        self._metrics = metrics
        self._clock = clock
        self._check = check
        self._written = [_Written(followed) for followed in follow.followed]
        self._away: str | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin, as soon as the journal's past has been read."""
        self._task = tasks.start("views", self._run())

    async def stop(self) -> None:
        """End."""
        await tasks.stop(self._task)
        await self._redis.aclose()

    def trouble(self) -> str | None:
        """Why the views are not written, or None."""
        return self._away

    async def _run(self) -> None:
        await self._follow.until_live()
        failures, next_check = 0, self._clock.monotonic()
        while True:
            self._follow.moved.clear()
            try:
                if self._clock.monotonic() >= next_check:
                    await self._look()
                    next_check = self._clock.monotonic() + self._check
                for written in self._written:
                    await self._bring(written)
            except RedisError as error:
                if not failures:
                    log.warning("Redis is away", extra={"cause": repr(error)})
                self._away = "Redis is away: the views are old"
                await asyncio.sleep(_PAUSES[min(failures, len(_PAUSES) - 1)])
                failures, next_check = failures + 1, self._clock.monotonic()
                continue
            failures, self._away = 0, None
            await self._wait(next_check - self._clock.monotonic())
            await asyncio.sleep(_GATHER)

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self._follow.moved.wait()
        except TimeoutError:
            return

    async def _look(self) -> None:
        """Whether the views of quiet partitions are still what they were."""
        there = [written for written in self._written if written.shown is not None]
        applied = await self._views.applied(w.number for w in there) if there else {}
        for written in there:
            if applied[written.number] != written.shown:
                await self._disagree(written, applied[written.number])
        for written in self._written:
            lag = written.followed.position - (written.shown or 0)
            self._metrics.set("views_lag_records", lag, partition=str(written.number))

    async def _bring(self, written: "_Written") -> None:
        """Bring a partition's views to where the journal has been read."""
        followed = written.followed
        if written.shown is None and followed.position >= 0:
            await self._write_anew(written, "start")
        elif followed.dirty.everything:
            await self._write_anew(written, "overflow")
        elif followed.dirty or written.shown not in {None, followed.position}:
            await self._write(written)

    async def _write(self, written: "_Written") -> None:
        followed, position = written.followed, written.followed.position
        taken = followed.dirty.take()
        changes = documents.changed(followed.partition, taken, written.queues)
        done = False
        try:
            done = await self._views.write(written.number, written.shown or 0, position, changes)
        finally:
            if not done:
                followed.dirty.put_back(taken)
        if done:
            written.shown = position
            written.note_queues(changes)
        else:
            await self._disagree(
                written, (await self._views.applied([written.number]))[written.number]
            )

    async def _disagree(self, written: "_Written", applied: int | None) -> None:
        """The views are not where this process left them."""
        shown, position = written.shown or 0, written.followed.position
        if applied is None:
            await self._write_anew(written, "lost")
        elif applied < shown:
            await self._write_anew(written, "older")
        elif applied <= position:
            # Another follower wrote them from the same journal: go on from there.
            written.shown = applied
        elif await self._is_foreign(written.number, applied):
            await self._write_anew(written, "foreign")

    async def _write_anew(self, written: "_Written", reason: str) -> None:
        followed, number = written.followed, written.number
        seen = (await self._views.applied([number]))[number]
        position = followed.position
        if seen is not None and seen > position and not await self._is_foreign(number, seen):
            return  # another follower is ahead
        followed.dirty.take()
        done = False
        try:
            aside = self._views.aside(number)
            written.queues.clear()
            for key, fields in documents.everything(followed.partition):
                await aside.add(key, fields)
                written.note_queues({key: fields})
            done = await self._views.put_in_place(aside, number, seen, position)
        finally:
            if not done:
                followed.dirty.forget_names()
        if done:
            written.shown = position
            self._metrics.count("views_rebuilt_total", reason=reason)
            log.info("views written anew", extra={"partition": number, "reason": reason})

    async def _is_foreign(self, number: int, applied: int) -> bool:
        """Whether the views show what the journal does not hold."""
        try:
            return applied >= await self._ends.end(ROUTING_JOURNAL, number)
        except Unavailable:
            return False


class _Written:
    """What is in Redis of one partition, as far as this process knows: `shown` is `applied` as it
    was left (None: nothing written yet), `queues` the queues' fields."""

    def __init__(self, followed: Followed) -> None:
        self.followed = followed
        self.number = followed.partition.number
        self.shown: int | None = None
        self.queues: set[str] = set()

    def note_queues(self, changes: dict[str, documents.Fields]) -> None:
        """Fields have been written."""
        for field, document in changes.get(queues_key(self.number), {}).items():
            if document:
                self.queues.add(field)
            else:
                self.queues.discard(field)
