"""The dashboards' numbers, from the journal alone: how many routers there are and which of them
decided makes no difference. Counters begin at zero with the process and never recount the past."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import get_args

from services.contracts import routing_events as ev
from services.contracts.journal import Record
from services.kit import tasks
from services.kit.clock import Clock
from services.kit.metrics import Metrics
from services.router.core import queries
from services.router.core.model import Agent
from services.router.core.partition import Partition
from services.router.core.pool import Pool

AGENT_STATES = ("available", "busy", "paused", "break", "wrap_up", "draining", "offline")
_SENT_ON = frozenset(get_args(ev.OverflowReason))
_NOWHERE = ("unknown", "unknown")


class Counters:
    """Counts what records say; `count` is called before the record is applied."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        # Where contacts are that the record itself has brought or moved: it is not applied yet.
        self._here: dict[str, tuple[str, str]] = {}

    def count_void(self, number: int) -> None:
        """Records that did not count."""
        if number:
            self._metrics.count("journal_void_total", number)

    def count(self, partition: Partition, record: Record) -> None:
        """One record that counts."""
        self._here.clear()
        for event in record.events:
            if isinstance(event, ev.RoutingEvent):
                self._count(partition.pools.get(event.pool), event)

    def _count(self, pool: Pool | None, event: ev.RoutingEvent) -> None:
        name, count = event.pool, self._metrics.count
        match event:
            case ev.ContactQueued(contact=contact):
                self._here[contact.id] = (contact.queue, contact.channel)
                count(
                    "router_contacts_total",
                    pool=name,
                    queue=contact.queue,
                    channel=contact.channel,
                )
            case ev.ContactWithdrawn(contact=contact_id, reason=reason):
                self._ended(pool, name, contact_id, reason)
            case ev.ContactOverflowed(contact=contact_id, reason=reason, action=action):
                self._ended(pool, name, contact_id, "overflowed")
                self._turned_away(pool, name, contact_id, reason, action)
            case ev.ContactParked(contact=contact_id):
                self._turned_away(pool, name, contact_id, "closed", "park")
            case ev.ContactRequeued(contact=contact_id, reason=reason, classified=classified):
                if reason in _SENT_ON:
                    self._turned_away(pool, name, contact_id, reason, "queue")
                if classified is not None:
                    _, channel = self._place(pool, contact_id)
                    self._here[contact_id] = (classified.queue, channel)
            case ev.PromiseSettled(contact=contact_id, result=result):
                queue, _ = self._place(pool, contact_id)
                count("router_promises_total", pool=name, queue=queue, result=result)
            case ev.ContactClosed(contact=contact_id):
                self._ended(pool, name, contact_id, "served")
            case ev.ContactHandedOver(contact=contact_id):
                self._ended(pool, name, contact_id, "handed_over")
            case ev.OfferMade(queue=queue):
                count("router_offers_total", pool=name, queue=queue, result="made")
            case ev.OfferEnded(offer=offer_id, result=result):
                offer = pool.offers.get(offer_id) if pool else None
                queue = offer.queue if offer else _NOWHERE[0]
                count("router_offers_total", pool=name, queue=queue, result=result)
            case ev.AssignmentStarted(queue=queue, channel=channel, waited_ms=waited):
                count("router_offers_total", pool=name, queue=queue, result="accepted")
                labels = {"pool": name, "queue": queue, "channel": channel}
                if not event.from_agent:  # the talk before a transfer is no wait
                    self._metrics.observe("router_wait_seconds", waited / 1000, **labels)

    def _ended(self, pool: Pool | None, name: str, contact_id: str, result: str) -> None:
        queue, channel = self._place(pool, contact_id)
        self._metrics.count(
            "router_contacts_ended_total", pool=name, queue=queue, channel=channel, result=result
        )

    def _turned_away(
        self, pool: Pool | None, name: str, contact_id: str, reason: str, action: str
    ) -> None:
        queue, _ = self._place(pool, contact_id)
        self._metrics.count(
            "router_turned_away_total", pool=name, queue=queue, reason=reason, action=action
        )

    def _place(self, pool: Pool | None, contact_id: str) -> tuple[str, str]:
        if contact_id in self._here:
            return self._here[contact_id]
        contact = pool.contacts.get(contact_id) if pool else None
        return (contact.queue, contact.facts.channel) if contact else _NOWHERE


class Gauges:
    """Takes the gauges every `period` seconds. A part."""

    name = "gauges"

    def __init__(
        self, metrics: Metrics, clock: Clock, partitions: Sequence[Partition], *, period: float
    ) -> None:
        self._metrics = metrics
        self._clock = clock
        self._partitions = partitions
        self._period = period
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin."""
        self._task = tasks.start("gauges", self._run())

    async def stop(self) -> None:
        """End."""
        await tasks.stop(self._task)

    def trouble(self) -> str | None:
        """Never."""
        return None

    async def _run(self) -> None:
        while True:
            self.take()
            await asyncio.sleep(self._period)

    def take(self) -> None:
        """Set every gauge to what is true now; what is gone is not shown any more."""
        metrics, now = self._metrics, self._clock.now_ms()
        for name in (
            "journal_age_seconds",
            "router_waiting",
            "router_parked",
            "router_scheduled",
            "router_queue_open",
            "router_longest_wait_seconds",
            "router_agents",
            "router_assignments_open",
            "router_planned_load",
            "router_overloaded",
        ):
            metrics.clear(name)
        for partition in self._partitions:
            if partition.at:
                age = max(0, now - partition.at) / 1000
                metrics.set("journal_age_seconds", age, partition=str(partition.number))
            for pool in partition.pools.values():
                self._take_pool(partition, pool, now)

    def _take_pool(self, partition: Partition, pool: Pool, now: int) -> None:
        metrics = self._metrics
        for view in queries.queue_views(partition, pool.name):
            labels = {"pool": pool.name, "queue": view["queue"]}
            since = view["longest_wait_since"]
            longest = max(0, now - since) / 1000 if since is not None else 0
            metrics.set("router_waiting", view["waiting"], **labels)
            metrics.set("router_parked", view["parked"], **labels)
            metrics.set("router_scheduled", view["scheduled"], **labels)
            metrics.set("router_queue_open", int(view["open"]), **labels)
            metrics.set("router_longest_wait_seconds", longest, **labels)
        metrics.set("router_overloaded", pool.overloaded, pool=pool.name)
        if pool.plan is not None:
            metrics.set("router_planned_load", pool.plan.rho, pool=pool.name)
        states = Counter(state_of(agent) for agent in pool.agents.values() if agent.known)
        for state in AGENT_STATES:
            metrics.set("router_agents", states[state], pool=pool.name, state=state)
        channels = Counter(assignment.channel for assignment in pool.assignments.values())
        for channel in {*pool.config.channels, *channels}:
            metrics.set(
                "router_assignments_open", channels[channel], pool=pool.name, channel=channel
            )


def state_of(agent: Agent) -> str:
    """One of `AGENT_STATES`: `offline` without a connection, `busy` with something in hand."""
    if not agent.live:
        return "offline"
    if agent.presence == "available" and agent.used:
        return "busy"
    if agent.presence == "available" and agent.paused_until:
        return "paused"
    return agent.presence
