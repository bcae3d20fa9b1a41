"""The planner beside the follower: weighs every pool from time to time and proposes a plan.

It plans by the replica that its process follows anyway. Several may run: a pool takes the newest
plan, and one as good as another. Where nobody plans, the router decides without.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from services.contracts.contact_events import PlanProposed, ProposedPlan
from services.contracts.journal import Record
from services.contracts.policy import Plan
from services.contracts.routing_events import RoutingEvent
from services.contracts.topics import CONTACT_EVENTS
from services.kit import tasks
from services.kit.clock import Clock, new_id, to_datetime
from services.kit.errors import Unavailable
from services.kit.publisher import Publisher
from services.router.core.partition import Partition
from services.router.planner.estimates import Estimates
from services.router.planner.problem import problem_of

log = logging.getLogger(__name__)
PLANNING = frozenset({"jonoton", "static_cmu"})
"""The rules that make use of a plan."""


class Journal(Protocol):
    """What the planner follows."""

    async def until_live(self) -> None:
        """Wait until the journal's past has been read."""


class Planner:
    """A part. `note` is called with every record that counts, before it is applied."""

    name = "planner"

    def __init__(
        self,
        journal: Journal,
        partitions: Sequence[Partition],
        publisher: Publisher,
        clock: Clock,
        *,
        period: float,
    ) -> None:
        self._journal = journal
        self._partitions = partitions
        self._publisher = publisher
        self._clock = clock
        self._period = period
        self._estimates: dict[str, Estimates] = {}
        self._task: asyncio.Task[None] | None = None

    def note(self, partition: Partition, record: Record) -> None:
        """Learn from what happened."""
        for event in record.events:
            if isinstance(event, RoutingEvent):
                estimates = self._estimates.get(event.pool)
                if estimates is None:
                    estimates = self._estimates[event.pool] = Estimates()
                estimates.note(partition.pools.get(event.pool), event, record.at)

    async def start(self) -> None:
        """Begin."""
        self._task = tasks.start("planner", self._run())

    async def stop(self) -> None:
        """End."""
        await tasks.stop(self._task)

    def trouble(self) -> str | None:
        """Never: nothing stops without plans."""
        return None

    async def _run(self) -> None:
        await self._journal.until_live()
        while True:
            await self.plan()
            await asyncio.sleep(self._period)

    async def plan(self) -> None:
        """Propose a plan to every pool that has work, agents and a rule that makes use of it."""
        for partition in self._partitions:
            for name, pool in list(partition.pools.items()):
                if pool.config.policy.rule not in PLANNING or name not in self._estimates:
                    continue
                now = self._clock.now_ms()
                problem = problem_of(pool, self._estimates[name], now)
                if problem is not None:
                    plan = await asyncio.to_thread(problem.plan, now)
                    await self._propose(partition.number, name, plan)

    async def _propose(self, partition: int, pool: str, plan: Plan) -> None:
        event = PlanProposed(
            id=new_id(),
            source="planner",
            time=to_datetime(plan.made_at),
            subject=pool,
            data=ProposedPlan(pool=pool, plan=plan),
        )
        try:
            await self._publisher.publish(CONTACT_EVENTS, event, key=pool, partition=partition)
        except Unavailable as error:
            log.warning("a plan was not proposed", extra={"pool": pool, "cause": str(error)})
