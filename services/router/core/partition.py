"""The state of one partition, and the step from one input record to the next state."""

from dataclasses import dataclass

from services.contracts import routing_events as ev
from services.contracts.base import Millis
from services.contracts.contact_events import InputEvent
from services.contracts.journal import Record, Reply
from services.router.core import apply_agents, apply_silence, due, timers, waiting_due
from services.router.core.apply import CHANGES
from services.router.core.fingerprint import fingerprint_of_pool
from services.router.core.inputs import COMMANDS, handle
from services.router.core.matching import match
from services.router.core.model import Gateway
from services.router.core.pool import Pool
from services.router.core.replies import Replies
from services.router.core.timers import Schedule, Timer
from services.router.core.turn import Turn

MAX_FIRED = 200
"""Timers per step; the rest comes with the next one. It bounds the size of a journal record."""
MAX_OFFERS = 500
"""Offers per step, likewise."""
_SESSION_EVENTS = (ev.SessionAttached, ev.SessionDetached)
LATE_MS = 2_000
"""A timer that fires later than this means that the router was away."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What one input record led to: what the journal's record holds beside epoch and source."""

    at: Millis
    events: tuple[ev.AnyRoutingEvent, ...]
    reply: Reply | None


class Partition:
    """Pools, gateways, replies, timers and time of one partition.

    `at` is the router's time in ms, which never goes back; `last` the offset of the last input
    that was stepped or applied (-1 at the start). `step` decides and applies; `apply` follows what
    another has decided, and leads to the same state.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.at: Millis = 0
        self.last = -1
        self.pools: dict[str, Pool] = {}
        self.gateways: dict[str, Gateway] = {}
        self.replies = Replies()
        self.schedule = Schedule(self._alive)
        self._unmatched: dict[str, Pool] = {}

    def step(self, offset: int, event: InputEvent, now: Millis, *, renew: bool = False) -> Decision:
        """Fire what is due, decide on the event, match; all is applied when this returns.

        `offset` must be above `last` (ValueError). `renew` belongs to the first step after a
        takeover. A command whose id has been answered is answered the same, and changes nothing.
        """
        turn = self._begin(offset, now, renew)
        reply = None
        if type(event) in COMMANDS:
            reply = self.replies.get(event.id)
        if reply is None:
            reply = handle(turn, self.number, event)
        return self._finish(turn, reply)

    def reject(
        self, offset: int, reason: ev.RejectReason, detail: str, now: Millis, *, renew: bool = False
    ) -> Decision:
        """A step for an input record that cannot be read."""
        turn = self._begin(offset, now, renew)
        turn.emit(ev.InputRejected(reason=reason, detail=detail))
        return self._finish(turn, None)

    def apply(self, record: Record) -> None:
        """Follow a valid record of the journal: the same state as after the step it came from."""
        self._advance(record.src.offset, record.at)
        while self.schedule.wake.pop(self.at):
            pass
        for event in record.events:
            self._apply(event)
        if record.reply is not None:
            self.replies.add(record.reply, self.at)
        for pool in self._unmatched.values():
            pool.index.settle()
            pool.tidy()
        self._unmatched.clear()
        self.schedule.earliest(self.at)

    def next_due(self) -> Millis | None:
        """When a step is due even if nothing comes in; not after `at` if work is left over."""
        if self._unmatched:
            return self.at
        return self.schedule.earliest(self.at)

    def answer_to(self, command_id: str) -> Reply | None:
        """The first answer to a command, while it is remembered."""
        return self.replies.get(command_id)

    def fingerprint(self) -> object:
        """The whole state, comparable: two partitions with equal ones behave the same."""
        return {
            "number": self.number,
            "at": self.at,
            "last": self.last,
            "pools": {name: fingerprint_of_pool(pool) for name, pool in self.pools.items()},
            "gateways": {
                name: (gateway.until, gateway.span, frozenset(gateway.sessions))
                for name, gateway in self.gateways.items()
            },
            "replies": self.replies.all(),
            "schedule": self.schedule.living(),
        }

    # One step

    def _begin(self, offset: int, now: Millis, renew: bool) -> Turn:
        if offset <= self.last:
            raise ValueError(f"offset {offset} is not above {self.last}")
        self._advance(offset, now)
        turn = Turn(f"{self.number}-{offset}", self.at, self.pools, self.gateways, self._apply)
        if renew:
            for pool in self.pools.values():
                pool.look_again()
                self._unmatched[pool.name] = pool
        if renew or self.schedule.comes_by(self.at):
            if (renew or self._late()) and self._anything_to_renew():
                turn.emit(ev.TimersRenewed(now=self.at))
            while (timer := self.schedule.wake.pop(self.at)) is not None:
                pool = self.pools[timer[2]]
                pool.index.retry(pool.contacts[timer[3]])
                self._unmatched[pool.name] = pool
            self._fire(turn)
        return turn

    def _finish(self, turn: Turn, reply: Reply | None) -> Decision:
        if self.schedule.comes_by(self.at):
            self._fire(turn)
        budget = MAX_OFFERS
        while self._unmatched and budget:
            name, pool = next(iter(self._unmatched.items()))
            budget = waiting_due.relax_at_once(turn, pool, budget)
            budget = match(turn, pool, budget)
            if budget:
                del self._unmatched[name]
                pool.tidy()
        if reply is not None:
            self.replies.add(reply, self.at)
        return Decision(self.at, tuple(turn.events), reply)

    def _fire(self, turn: Turn) -> None:
        schedule = self.schedule
        while turn.fired < MAX_FIRED:
            timer = (
                schedule.due.pop(self.at)
                or schedule.times.pop(self.at)
                or schedule.next_todo()
                or schedule.forget.pop(self.at)
            )
            if timer is None:
                return
            due.fire(turn, timer)
            turn.fired += 1

    def _late(self) -> bool:
        earliest = self.schedule.due.earliest()
        return earliest is not None and self.at - earliest[0] > LATE_MS

    def _anything_to_renew(self) -> bool:
        return bool(self.gateways) or any(
            pool.offers
            or any(contact.give_up_at for contact in pool.contacts.values())
            or any(
                agent.grace_until or agent.assignment_grace_until for agent in pool.agents.values()
            )
            for pool in self.pools.values()
        )

    # State

    def _advance(self, offset: int, at: Millis) -> None:
        self.at = max(self.at, at)
        self.last = offset
        self.replies.expire(self.at)

    def _alive(self, timer: Timer) -> bool:
        if timer[1] == timers.LEASE:
            gateway = self.gateways.get(timer[3])
            return gateway is not None and gateway.until == timer[0]
        return due.alive(self.pools, timer)

    def _apply(self, event: ev.AnyRoutingEvent) -> None:
        change = CHANGES.get(type(event))
        if change is None:
            self._apply_to_partition(event)
            return
        name: str = event.pool  # type: ignore[union-attr]
        pool = self.pools.get(name)
        if pool is None:
            pool = self.pools[name] = Pool(name, self.schedule)
        self._unmatched[name] = pool
        if isinstance(event, _SESSION_EVENTS):
            self._move_session(pool, event)
        change(pool, event, self.at)

    def _apply_to_partition(self, event: ev.AnyRoutingEvent) -> None:
        if isinstance(event, ev.GatewayRenewed):
            self._gateway_renewed(event.gateway, event.until, event.until - self.at)
        elif isinstance(event, ev.GatewayExpired):
            gateway = self.gateways.pop(event.gateway)
            for name, agent, session in sorted(gateway.sessions):
                apply_agents.orphan(self.pools[name], agent, session, self.at)
        elif isinstance(event, ev.TimersRenewed):
            for name, gateway in self.gateways.items():
                self._gateway_renewed(name, event.now + gateway.span, gateway.span)
            for pool in self.pools.values():
                apply_agents.renew(pool, event.now)
                apply_silence.renew(pool, event.now)

    def _move_session(self, pool: Pool, event: ev.SessionAttached | ev.SessionDetached) -> None:
        key = (event.pool, event.agent, event.session)
        agent = pool.agents.get(event.agent)
        before = agent.sessions.get(event.session) if agent else None
        if before:
            self.gateways[before].sessions.discard(key)
        if isinstance(event, ev.SessionAttached):
            self.gateways[event.gateway].sessions.add(key)

    def _gateway_renewed(self, name: str, until: Millis, span: int) -> None:
        gateway = self.gateways.get(name)
        if gateway is None:
            gateway = self.gateways[name] = Gateway(until, span)
        gateway.until, gateway.span = until, span
        self.schedule.due.push(until, timers.LEASE, "", name)
