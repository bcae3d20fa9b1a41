"""Models of the literature whose figures were simulated by others and published with intervals.

They are examples of Université de Montréal's ContactCenters (github.com/umontreal-simul/
contactcenters, doc/examples: parameters from the listings, intervals from the .res files, 1,000
days each). Times are in minutes unless a name says otherwise.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from msgspec import structs
from numpy.random import Generator

from services.contracts import routing_events as ev
from services.contracts.base import Millis
from services.contracts.policy import (
    Plan,
    PlanClass,
    PlanGroup,
    PlanPair,
    PolicyConfig,
    Urgency,
)
from services.contracts.pool import ChannelConfig, QueueConfig
from services.router.simulator.draw import MINUTE_MS, patience_ms
from services.router.simulator.experiments_theory import CALL, any_free, pool
from services.router.simulator.floor import START, Floor, Kind, Person
from services.router.simulator.plans import told
from services.router.simulator.run import (
    ABANDONED,
    BLOCKED,
    SERVED,
    Action,
    Day,
    Floats,
    Ints,
    Site,
    simulate,
)
from services.router.simulator.validate import Experiment, published

_T95, _T90 = 1.9623, 1.6464
"""Student's quantiles of 999 degrees of freedom."""
_SOURCE = "ContactCenters"


def _staff(group: int, number: int) -> Action:
    def act(floor: Floor, now: Millis) -> Sequence[ev.AnyRoutingEvent]:
        return floor.staff(group, number, now)

    return act


def _periods(rng: Generator, per_minute: Floats, minutes: float) -> tuple[Floats, Ints]:
    """Poisson arrivals with a constant rate in each period: times and periods."""
    counts = rng.poisson(per_minute * minutes)
    period = np.repeat(np.arange(len(counts)), counts)
    return (period + rng.uniform(size=len(period))) * minutes, period


def _merged(
    parts: Sequence[tuple[Floats, Floats, Floats]], acts: Sequence[tuple[int, Action]]
) -> Day:
    """A day of several kinds: (times, work, patience) of each."""
    times = np.concatenate([part[0] for part in parts])
    kind = np.concatenate([np.full(len(part[0]), number) for number, part in enumerate(parts)])
    order = np.argsort(times, kind="stable")
    return Day(
        arrival=np.round(times[order] * MINUTE_MS).astype(np.int64),
        kind=kind[order].astype(np.int64),
        work=np.concatenate([part[1] for part in parts])[order],
        patience=patience_ms(np.concatenate([part[2] for part in parts])[order]),
        acts=acts,
    )


def _groups(counts: Sequence[int], skills: Sequence[dict[str, int]]) -> list[Person]:
    return [
        Person(f"g{group}-{number:02d}", group, skills[group])
        for group, count in enumerate(counts)
        for number in range(count)
    ]


# SimpleMSK: three types, two groups, three periods; a random busyness of the day.

_MSK_PERIOD = 120.0
_MSK_RATES = np.array([[4.2, 5.3, 3.2], [5.1, 4.3, 4.8], [6.3, 5.2, 4.8]])
_MSK_SERVICE = np.array([0.5, 0.6, 0.4])
_MSK_LEAVING = np.array([0.3, 0.4, 0.2])
_MSK_AGENTS = ((12, 18, 9), (15, 20, 11))
_MSK_BUSYNESS = 28.7
_MSK_AWT_MS = 20_000


def _msk_site() -> Site:
    # Type 1 is for both groups and tries the first one first; the oldest of all is served first.
    queues = {
        "type-0": QueueConfig(required={"type-0": 1}),
        "type-1": QueueConfig(required={"type-1": 1}, preferred={"first": 1}),
        "type-2": QueueConfig(required={"type-2": 1}),
    }
    skills = [{"type-0": 1, "type-1": 1, "first": 1}, {"type-1": 1, "type-2": 1}]
    config = pool(queues, ChannelConfig(cost=100, auto_accept=True), [*queues, "first"])
    return Site(
        config=config,
        people=_groups([max(numbers) for numbers in _MSK_AGENTS], skills),
        kinds=[Kind(CALL, topic=name) for name in queues],
        means=np.full((3, 2), float(MINUTE_MS)),
    )


def _msk(rng: Generator) -> dict[str, float]:
    busyness = rng.gamma(_MSK_BUSYNESS, 1 / _MSK_BUSYNESS)
    parts = []
    for rates in _MSK_RATES:
        times, period = _periods(rng, rates * busyness, _MSK_PERIOD)
        work = rng.exponential(size=len(times)) / _MSK_SERVICE[period]
        leaving = rng.exponential(size=len(times)) / _MSK_LEAVING[period]
        parts.append((times, work, leaving))
    acts = [
        (round(period * _MSK_PERIOD * MINUTE_MS), _staff(group, number))
        for group, numbers in enumerate(_MSK_AGENTS)
        for period, number in enumerate(numbers)
    ]
    day = _merged(parts, acts)
    outcome = simulate(_msk_site(), day)
    served = outcome.fate == SERVED
    good = served & (outcome.wait < _MSK_AWT_MS)
    left_late = (outcome.fate == ABANDONED) & (outcome.wait >= _MSK_AWT_MS)
    second = day.arrival // round(_MSK_PERIOD * MINUTE_MS) == 1
    return {
        "served a day": float(served.sum()),
        "abandoned a day": float((outcome.fate == ABANDONED).sum()),
        "good of type 0, period 2": float((good & second & (day.kind == 0)).sum()),
        "good of type 1, period 2": float((good & second & (day.kind == 1)).sum()),
        "good of type 2, period 2": float((good & second & (day.kind == 2)).sum()),
        "good less .501 of those that count": float(
            good.sum() - 0.501 * (served.sum() + left_late.sum())
        )
        / 4_800,
    }


# CallCC: one type, one group, thirteen hours; busyness; some callers never wait.

_CC_HOUR = 60.0
_CC_AGENTS = (4, 6, 8, 8, 8, 7, 8, 8, 6, 6, 4, 4, 4)
_CC_RATES = np.array([100, 150, 150, 180, 200, 150, 150, 150, 120, 100, 80, 70, 60]) / _CC_HOUR
_CC_EXPECTED = 1660.0
_CC_BUSYNESS = 10.0
_CC_NEVER_WAIT = 0.1
_CC_PATIENCE = 1_000 / 60
_CC_SERVICE = 100 / 60
_CC_LATE_MS = 20_000


def _cc_site() -> Site:
    return Site(
        config=pool({"calls": QueueConfig()}, ChannelConfig(cost=100, auto_accept=True)),
        people=_groups([max(_CC_AGENTS)], [{}]),
        kinds=[Kind(CALL, topic="calls")],
        means=np.array([[float(MINUTE_MS)]]),
    )


def _cc(rng: Generator) -> dict[str, float]:
    busyness = rng.gamma(_CC_BUSYNESS, 1 / _CC_BUSYNESS)
    times, _ = _periods(rng, _CC_RATES * busyness, _CC_HOUR)
    count = len(times)
    waits = rng.uniform(size=count) >= _CC_NEVER_WAIT
    patience = np.where(waits, rng.exponential(size=count) * _CC_PATIENCE, 0.0)
    work = rng.exponential(size=count) * _CC_SERVICE
    acts = [
        (round(period * _CC_HOUR * MINUTE_MS), _staff(0, number))
        for period, number in enumerate(_CC_AGENTS)
    ]
    outcome = simulate(_cc_site(), _merged([(times, work, patience)], acts))
    return {
        "arrivals a day": float(count),
        "waiting time, s": float(outcome.wait.sum()) / 1000 / _CC_EXPECTED,
        "waited < 20 s": float((outcome.wait < _CC_LATE_MS).sum()) / _CC_EXPECTED,
        "lost": float((outcome.fate == ABANDONED).sum()) / _CC_EXPECTED,
    }


# Bank: three types, two groups of specialists, fifteen lines, five days of nine hours.

_BANK_DAYS, _BANK_HOURS = 5, 9
_BANK_FIRST = np.array([4.0, 40.0, 100.0]) / 60
_BANK_LATER = np.array([2.0, 20.0, 50.0]) / 60
_BANK_SERVICE = np.array([[5 * 0.75, 5.0], [5.0, 5 * 0.75], [1.0, 1.0]])
_BANK_PATIENCE = ((3.0, 5.0), (3.0, 5.0), (2.5, 3.5))
_BANK_AWT_MS = np.array([60_000, 90_000, 30_000])
_BANK_AGENTS = (3, 4)
_BANK_TYPES = ("savings", "checking", "balance")
_BANK_SKILLS = [{"savings": 1}, {"checking": 1}]
_BANK_PLAN = Plan(
    made_at=START,
    rho=0.5,
    classes=tuple(PlanClass(queue=name, channel=CALL) for name in _BANK_TYPES),
    groups=tuple(PlanGroup(skills=dict(skills)) for skills in _BANK_SKILLS),
    pairs=tuple(PlanPair(k, g, 60.0, 1.0 if k == g else 0.05) for k in range(3) for g in range(2)),
)


def _bank_site(rng: Generator) -> Site:
    # Specialists serve their own first, then whoever is oldest. With constant urgency but for a
    # hundredth of each second waited, and an advantage of 20 to 1, the default policy does that.
    queues = {name: QueueConfig(target=1.0) for name in _BANK_TYPES}
    config = pool(queues, ChannelConfig(cost=100, auto_accept=True), _BANK_TYPES[:2])
    policy = PolicyConfig(rule="jonoton", live=Urgency(b=1.0, p=1.0, eps=0.01))
    anybody = any_free(rng)
    return Site(
        config=structs.replace(config, policy=policy),
        people=_groups(_BANK_AGENTS, _BANK_SKILLS),
        prefer=lambda floor, kind: anybody(floor, kind) if kind == 2 else "",
        kinds=[Kind(CALL, topic=name) for name in queues],
        means=_BANK_SERVICE * MINUTE_MS,
        lines=15,
    )


def _bank(rng: Generator) -> dict[str, float]:
    arrived, good, blocked = np.zeros(3), np.zeros(3), np.zeros(3)
    waited, busy = np.zeros(3), np.zeros(2)
    close = 60.0 * _BANK_HOURS
    site = _bank_site(rng)
    acts = told(site.config, _BANK_PLAN, close + 60)
    for _ in range(_BANK_DAYS):
        parts = []
        for kind, (low, high) in enumerate(_BANK_PATIENCE):
            rates = np.array([_BANK_FIRST[kind]] + [_BANK_LATER[kind]] * (_BANK_HOURS - 1))
            times, _ = _periods(rng, rates, 60.0)
            count = len(times)
            patience = np.minimum(rng.uniform(low, high, size=count), close - times)
            parts.append((times, rng.exponential(size=count), patience))
        day = _merged(parts, acts)
        outcome = simulate(site, day)
        busy += outcome.busy_ms.sum(axis=0)
        for kind in range(3):
            mine = day.kind == kind
            in_time = (outcome.fate == SERVED) & (outcome.wait < _BANK_AWT_MS[kind])
            arrived[kind] += mine.sum()
            good[kind] += (mine & in_time).sum()
            blocked[kind] += (mine & (outcome.fate == BLOCKED)).sum()
            served = mine & (outcome.fate == SERVED)
            waited[kind] += outcome.wait[served].sum() / MINUTE_MS
    minutes = np.array(_BANK_AGENTS) * close * _BANK_DAYS * MINUTE_MS
    return {
        "blocked, checking": blocked[1],
        "blocked, balance": blocked[2],
        "in time, savings %": 100 * good[0] / arrived[0],
        "in time, checking %": 100 * good[1] / arrived[1],
        "in time, balance %": 100 * good[2] / arrived[2],
        "mean wait, balance, min": waited[2] / arrived[2],
        "occupancy, savings %": 100 * busy[0] / minutes[0],
        "occupancy, checking %": 100 * busy[1] / minutes[1],
    }


def _experiment(
    name: str,
    replicate: Callable[[Generator], dict[str, float]],
    level_factor: float,
    intervals: dict[str, tuple[float, float]],
    **more: Any,
) -> Experiment:
    targets = {
        figure: published(low, high, level_factor, _SOURCE)
        for figure, (low, high) in intervals.items()
    }
    return Experiment(name, replicate, targets, **more)


ALL = (
    _experiment(
        "SimpleMSK",
        _msk,
        _T95,
        {
            "served a day": (4270.150, 4324.460),
            "abandoned a day": (876.133, 944.537),
            "good of type 0, period 2": (594.159, 604.509),
            "good of type 1, period 2": (506.276, 517.020),
            "good of type 2, period 2": (607.586, 619.878),
            "good less .501 of those that count": (-0.007, 0.008),
        },
        replications=100,
    ),
    _experiment(
        "CallCC",
        _cc,
        _T90,
        {
            "arrivals a day": (1612.789, 1666.225),
            "waiting time, s": (10.060, 13.608),
            "waited < 20 s": (0.844, 0.862),
            "lost": (0.0311, 0.0374),
        },
        replications=100,
    ),
    _experiment(
        "Bank",
        _bank,
        _T95,
        {
            "blocked, checking": (0.683, 0.829),
            "blocked, balance": (1.687, 1.965),
            "in time, savings %": (99.172, 99.295),
            "in time, checking %": (99.431, 99.491),
            "in time, balance %": (97.237, 97.365),
            "mean wait, balance, min": (0.035, 0.037),
            "occupancy, savings %": (25.281, 25.425),
            "occupancy, checking %": (43.014, 43.172),
        },
        replications=60,
    ),
)
