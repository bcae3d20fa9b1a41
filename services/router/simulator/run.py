"""One simulated day: contacts come, lose their patience or are served; the pool decides who."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.contracts import routing_events as ev
from services.contracts.base import Millis
from services.contracts.pool import PoolConfig
from services.router.simulator.floor import HEARTBEAT_MS, START, Floor, Kind, Person
from services.router.simulator.sharing import Sharing

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Action = Callable[[Floor, Millis], Sequence[ev.AnyRoutingEvent]]
Prefer = Callable[[Floor, int], str]
Announce = Callable[[Floor, str], object]
ENDLESS = 2**62
"""The patience of who never leaves, in ms."""
PENDING, SERVED, ABANDONED, BLOCKED = range(4)
_LONGEST_MS = 60 * 86_400_000
_ABANDON, _END, _ACT, _ACCEPT = range(4)


class NobodyComes(Exception):
    """A contact waits for ever: nobody here can serve it."""


@dataclass(frozen=True, slots=True)
class Site:
    """A pool and its people. `means[kind][group]` is how long one unit of work takes, in ms.

    With `speeds`, an agent with n contacts works at each of them at `speeds[n-1]` (of the last
    from there on); without, at full speed. Beyond `lines` contacts in all (served and waiting)
    the simulator turns new ones away: lines are the telephone exchange's, not the router's. Where
    contacts are not accepted automatically, people accept `answer_ms` after the offer. After the
    talk they take the whole wrap-up time of the channel. `prefer` names the agent that a contact
    of a kind asks for on arrival ("": nobody).
    """

    config: PoolConfig
    people: Sequence[Person]
    kinds: Sequence[Kind]
    means: Floats
    speeds: Sequence[float] | None = None
    lines: int | None = None
    answer_ms: int = 2_000
    prefer: Prefer | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """What the world brings, whatever the policy: contacts in the order of `arrival` (ms from the
    start), of which `kind`, how much `work` each is, and how long it is ready to wait (ms).

    `acts` happen at a time (ms): people come and go, plans change.
    """

    arrival: Ints
    kind: Ints
    work: Floats
    patience: Ints
    acts: Sequence[tuple[int, Action]] = ()


@dataclass(slots=True)
class Outcome:
    """What became of each contact: `fate` (`BLOCKED`: turned away by the lines or by its queue),
    `wait` until service or departure and `stay` until it was over (ms), `group` of who served it
    (-1: nobody). `announced[i]` is what `announce` said of contact i when it had arrived and had to
    wait. `busy_ms[kind, group]` is time worked."""

    fate: NDArray[np.int8]
    wait: Ints
    stay: Ints
    group: NDArray[np.int16]
    busy_ms: Floats
    announced: dict[int, Any] = field(default_factory=dict)


def simulate(site: Site, day: Day, *, announce: Announce | None = None) -> Outcome:
    """Let the day happen to the site, until everybody is served or gone.

    Raises `NobodyComes` when somebody waits who never leaves and whom nobody can serve.
    """
    return _Run(site, day, announce).all()


class _Run:
    """Three things come in the order of time: arrivals, what was scheduled (a heap), and what the
    engine itself waits for."""

    def __init__(self, site: Site, day: Day, announce: Announce | None) -> None:
        self.site = site
        self.day = day
        self.announce = announce
        self.floor = Floor(site.config, site.people)
        count = len(day.arrival)
        self.arrival: list[int] = (day.arrival + START).tolist()
        self.kind: list[int] = day.kind.tolist()
        self.work: list[float] = day.work.tolist()
        self.patience: list[int] = day.patience.tolist()
        self.means: list[list[float]] = site.means.tolist()
        self.names = [f"{number:07d}" for number in range(count)]
        self.fate = [PENDING] * count
        self.begun = [0] * count
        self.over = [0] * count
        self.group = [-1] * count
        self.assignment: list[tuple[str, str]] = [("", "")] * count
        channels = site.config.channels
        self.wraps = [
            one.channel in channels and channels[one.channel].wrap_up > 0 for one in site.kinds
        ]
        self.inside = 0
        self.heap: list[tuple[int, int, int, Any]] = []
        self.sequence = 0
        self.sharing = Sharing(site.speeds) if site.speeds is not None else None
        self.busy = [[0.0] * site.means.shape[1] for _ in site.kinds]
        self.announced: dict[int, Any] = {}
        for at, act in day.acts:
            self.push(at + START, _ACT, act)
        self.push(START + HEARTBEAT_MS, _ACT, self.beat)

    def all(self) -> Outcome:
        arrival, heap, partition = self.arrival, self.heap, self.floor.partition
        count, number = len(arrival), 0
        while number < count or self.inside:
            coming = arrival[number] if number < count else ENDLESS
            now = heap[0][0] if heap and heap[0][0] < coming else coming
            due = partition.next_due()
            if due is not None and due < now:
                self.heed(self.floor.tick(due), due)
            elif now == coming:
                self.arrive(number, now)
                number += 1
            else:
                _, _, what, subject = heappop(heap)
                if what == _END:
                    self.end(subject, now)
                elif what == _ABANDON:
                    self.abandon(subject, now)
                elif what == _ACCEPT:
                    offer, agent = subject
                    self.heed(self.floor.accepted(offer, agent, now), now)
                else:
                    self.heed(subject(self.floor, now), now)
                if now > _LONGEST_MS:
                    raise NobodyComes(self.forgotten())
        return self.outcome()

    def forgotten(self) -> str:
        waiting = sorted(
            {
                "/".join(filter(None, (one.channel, one.language, one.topic, one.tier)))
                for kind, fate, group in zip(self.kind, self.fate, self.group, strict=True)
                if fate == PENDING and group < 0
                for one in (self.site.kinds[kind],)
            }
        )
        return f"contacts that nobody here can serve: {', '.join(waiting)}"

    def push(self, at: int, what: int, subject: Any) -> None:
        self.sequence += 1
        heappush(self.heap, (at, self.sequence, what, subject))

    def beat(self, floor: Floor, now: Millis) -> Sequence[ev.AnyRoutingEvent]:
        floor.beat(now)
        self.push(now + 2 * HEARTBEAT_MS, _ACT, self.beat)
        return ()

    def arrive(self, number: int, now: Millis) -> None:
        if self.site.lines is not None and self.inside >= self.site.lines:
            self.fate[number] = BLOCKED
            self.begun[number] = self.over[number] = now
            return
        self.inside += 1
        name = self.names[number]
        prefer = self.site.prefer
        asked = prefer(self.floor, self.kind[number]) if prefer else ""
        kind = self.site.kinds[self.kind[number]]
        self.heed(self.floor.opened(name, kind, now, asked), now)
        if self.group[number] < 0 and self.fate[number] == PENDING:
            patience = self.patience[number]
            if patience < ENDLESS:
                self.push(now + patience, _ABANDON, number)
            if self.announce is not None:
                self.announced[number] = self.announce(self.floor, name)

    def abandon(self, number: int, now: Millis) -> None:
        if self.group[number] < 0 and self.fate[number] == PENDING:
            self.leave(number, ABANDONED, now)
            self.heed(self.floor.abandoned(self.names[number], now), now)

    def end(self, subject: Any, now: Millis) -> None:
        if self.sharing is None:
            number = subject
        else:
            agent, version = subject
            done = self.sharing.done(agent, version, now)
            if done is None:
                return
            number = done
        assignment, agent = self.assignment[number]
        self.over[number] = now
        self.fate[number] = SERVED
        self.inside -= 1
        self.heed(self.floor.ended(assignment, agent, self.wraps[self.kind[number]], now), now)
        if self.sharing is not None:
            self.plan_end(agent, now)

    def leave(self, number: int, fate: int, now: Millis) -> None:
        self.fate[number] = fate
        self.begun[number] = self.over[number] = now
        self.inside -= 1

    def heed(self, events: Sequence[ev.AnyRoutingEvent], now: Millis) -> None:
        offers: list[ev.OfferMade] = []
        for event in events:
            if isinstance(event, ev.AssignmentStarted):
                self.begin(event, now)
            elif isinstance(event, ev.OfferMade):
                offers.append(event)
            elif isinstance(event, ev.ContactWithdrawn | ev.ContactOverflowed):
                number = int(event.contact)
                if self.fate[number] == PENDING:
                    self.leave(number, BLOCKED, now)
        for offer in offers:
            if self.group[int(offer.contact)] < 0:
                self.push(now + self.site.answer_ms, _ACCEPT, (offer.offer, offer.agent))

    def begin(self, event: ev.AssignmentStarted, now: Millis) -> None:
        number = int(event.contact)
        group = self.floor.people[event.agent].group
        kind = self.kind[number]
        work = self.work[number] * self.means[kind][group]
        self.begun[number] = now
        self.group[number] = group
        self.assignment[number] = (event.assignment, event.agent)
        self.busy[kind][group] += work
        if self.sharing is None:
            self.push(now + round(work), _END, number)
        else:
            self.sharing.add(event.agent, number, work, now)
            self.plan_end(event.agent, now)

    def plan_end(self, agent: str, now: Millis) -> None:
        if self.sharing is not None and (found := self.sharing.next_end(agent, now)):
            self.push(found[0], _END, (agent, found[1]))

    def outcome(self) -> Outcome:
        arrival = np.array(self.arrival, dtype=np.int64)
        return Outcome(
            fate=np.array(self.fate, dtype=np.int8),
            wait=np.array(self.begun, dtype=np.int64) - arrival,
            stay=np.array(self.over, dtype=np.int64) - arrival,
            group=np.array(self.group, dtype=np.int16),
            busy_ms=np.array(self.busy),
            announced=self.announced,
        )
