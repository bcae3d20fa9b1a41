"""Models whose figures are known exactly. Times are in minutes, every run begins empty and is
looked at after a warm-up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from services.contracts.base import Level, Name
from services.contracts.policy import PolicyConfig
from services.contracts.pool import ChannelConfig, PoolConfig, QueueConfig, Rule
from services.router.simulator import exact
from services.router.simulator.draw import MINUTE_MS, patience_ms, poisson_times
from services.router.simulator.floor import Floor, Kind, Person
from services.router.simulator.run import ABANDONED, BLOCKED, Day, Outcome, Prefer, Site, simulate
from services.router.simulator.validate import Experiment, Target, exactly

CALL = "call"


def pool(
    queues: Mapping[Name, QueueConfig], channel: ChannelConfig, skills: Sequence[Name] = ()
) -> PoolConfig:
    """A pool with a queue per topic, in the order of arrival, longest idle first."""
    return PoolConfig(
        pool="simulator/model",
        partition=0,
        channels={CALL: channel},
        queues=dict(queues),
        fallback_queue=next(iter(queues)),
        skills=tuple(skills),
        rules=tuple(Rule(queue=name, when={"topic": name}) for name in queues),
        policy=PolicyConfig(rule="longest_idle"),
    )


@dataclass(frozen=True, slots=True)
class Stationary:
    """Calls of equal types at a constant rate in all. Contacts that come between `warm_up` and
    `until` count. `leaving` is the rate at which those who wait give up."""

    site: Site
    arrivals: float
    until: float
    warm_up: float
    leaving: float = 0.0

    def run(self, rng: Generator) -> tuple[Day, Outcome, NDArray[np.bool_]]:
        """The day, its outcome and which contacts count (as a mask)."""
        times = poisson_times(rng, self.until, np.array([self.arrivals]))
        count = len(times)
        patience = (
            rng.exponential(size=count) / self.leaving if self.leaving else np.full(count, np.inf)
        )
        day = Day(
            arrival=np.round(times * MINUTE_MS).astype(np.int64),
            kind=rng.integers(0, len(self.site.kinds), size=count),
            work=rng.exponential(size=count),
            patience=patience_ms(patience),
        )
        return day, simulate(self.site, day), times >= self.warm_up


def _figures(model: Stationary, rng: Generator, late: float | None = None) -> dict[str, float]:
    _, outcome, counts = model.run(rng)
    fate = outcome.fate[counts]
    let_in = fate != BLOCKED
    wait = outcome.wait[counts][let_in] / MINUTE_MS
    figures = {
        "blocked": float((~let_in).mean()),
        "abandoned": float((fate == ABANDONED).mean()),
        "delayed": float((wait > 0).mean()),
        "mean wait, min": float(wait.mean()),
        "mean stay, min": float(outcome.stay[counts][let_in].mean() / MINUTE_MS),
    }
    if late is not None:
        figures[f"wait > {late:g} min"] = float((wait > late).mean())
    return figures


def _alike(agents: int, service: float, capacity: int | None = None) -> Site:
    # Beyond the capacity the router itself refuses: its queue's longest length is what is left.
    limit = None if capacity is None else capacity - agents
    calls = QueueConfig(max_length=limit)
    return Site(
        config=pool({"calls": calls}, ChannelConfig(cost=100, auto_accept=True)),
        people=[Person(f"a{number:03d}", 0, {}) for number in range(agents)],
        kinds=[Kind(CALL, topic="calls")],
        means=np.array([[MINUTE_MS / service]]),
    )


def _queue(
    name: str, model: Stationary, targets: Mapping[str, float], late: float | None = None
) -> Experiment:
    return Experiment(
        name,
        lambda rng: _figures(model, rng, late),
        {figure: exactly(value) for figure, value in targets.items()},
    )


def _erlang_b() -> Experiment:
    model = Stationary(_alike(10, 1.0, capacity=10), 8.0, until=650, warm_up=25)
    return _queue("Erlang B, M/M/10/10, 8 erlang", model, {"blocked": exact.erlang_b(10, 8)})


def _erlang_c() -> Experiment:
    model = Stationary(_alike(10, 1.0), 8.0, until=650, warm_up=50)
    found = exact.mmc(10, 8, 1)
    targets = {
        "delayed": found.delayed,
        "mean wait, min": found.wait,
        "wait > 0.5 min": exact.mmc_wait_above(10, 8, 1, 0.5),
    }
    return _queue("Erlang C, M/M/10, 8 erlang", model, targets, 0.5)


def _limited() -> Experiment:
    model = Stationary(_alike(5, 1.0, capacity=9), 4.5, until=1150, warm_up=25)
    found = exact.mmck(5, 9, 4.5, 1)
    targets = {"blocked": found.blocked, "delayed": found.delayed, "mean wait, min": found.wait}
    return _queue("M/M/5/9, 4.5 erlang", model, targets)


def _erlang_a() -> Experiment:
    model = Stationary(_alike(10, 1.0), 12.0, until=425, warm_up=15, leaving=0.5)
    found = exact.erlang_a(10, 12, 1, 0.5)
    targets = {
        "abandoned": found.abandoned,
        "mean wait, min": found.wait,
        "wait > 0.5 min": exact.erlang_a_wait_above(10, 12, 1, 0.5, 0.5),
    }
    return _queue("Erlang A, λ 12, μ 1, 10 agents, θ .5", model, targets, 0.5)


_LINES = 120
_WARM_UP, _UNTIL = 150, 1_350


def _ninety() -> Experiment:
    model = Stationary(_alike(90, 0.1, capacity=_LINES), 8.4, until=_UNTIL, warm_up=_WARM_UP)
    found = exact.mmck(90, _LINES, 8.4, 0.1)
    targets = {
        "blocked": found.blocked,
        "mean wait, min": found.wait,
        "wait > 0.5 min": exact.mmck_wait_above(90, _LINES, 8.4, 0.1, 0.5),
    }
    return _queue("M/M/90/30, 84 erlang (Wallace–Whitt: all skills)", model, targets, 0.5)


TYPES = 6


def _skilled(people: Sequence[Person]) -> Site:
    # Level 2 is the primary skill: preferred, as in the paper's routing.
    names = [f"type-{number}" for number in range(TYPES)]
    queues = {name: QueueConfig(required={name: 1}, preferred={name: 2}) for name in names}
    return Site(
        config=pool(queues, ChannelConfig(cost=100, auto_accept=True), names),
        people=people,
        kinds=[Kind(CALL, topic=name) for name in names],
        means=np.full((TYPES, 1), 10.0 * MINUTE_MS),
        lines=_LINES,
    )


def _pooling(skills: int) -> Stationary:
    people: list[Person] = []
    for number in range(90):
        primary, turn = number % TYPES, number // TYPES
        able: dict[Name, Level] = {f"type-{primary}": 2}
        if skills == 2:
            # Each of the thirty ordered pairs three times.
            able[f"type-{(primary + 1 + turn % (TYPES - 1)) % TYPES}"] = 1
        people.append(Person(f"a{number:03d}", 0, able))
    return Stationary(_skilled(people), 8.4, until=_UNTIL, warm_up=_WARM_UP)


def _one_skill() -> Experiment:
    found = exact.apart(TYPES, 15, _LINES, 1.4, 0.1)
    targets = {"blocked": found.blocked, "mean wait, min": found.wait}
    return _queue("Wallace–Whitt, 90 agents, one skill", _pooling(1), targets)


def _two_skills() -> Experiment:
    model = _pooling(2)
    return Experiment(
        "Wallace–Whitt, 90 agents, two skills",
        lambda rng: _figures(model, rng),
        {"mean wait, min": Target(0.56, 0.60, source="Wallace and Whitt 2005")},
        note="one skill has an exact answer (3.05; the paper's simulation 3.06); a range is "
        "published for two",
    )


_SPEEDS = (1.0, 0.7, 0.5)


def _sharing() -> Experiment:
    site = Site(
        config=pool({"chats": QueueConfig()}, ChannelConfig(cost=33, max=3, auto_accept=True)),
        people=[Person("a0", 0, {})],
        kinds=[Kind(CALL, topic="chats")],
        means=np.array([[5.0 * MINUTE_MS]]),
        speeds=_SPEEDS,
    )
    model = Stationary(site, 0.2, until=26_000, warm_up=1_000)
    found = exact.shared(_SPEEDS, 0.2, 0.2)
    targets = {
        "delayed": found.delayed,
        "mean wait, min": found.wait,
        "mean stay, min": found.sojourn,
    }
    return _queue("Limited processor sharing, 3 chats at 1/.7/.5", model, targets)


_UNLIKE = ((6, 2.0), (8, 0.5))


def any_free(rng: Generator) -> Prefer:
    """Each contact asks for one of the free agents, drawn at random: the router gives it what it
    asks for, and so chooses at random without any chance of its own."""

    def prefer(floor: Floor, _kind: int) -> str:
        free = floor.free()
        return free[int(rng.integers(len(free)))] if free else ""

    return prefer


def _unlike(name: str, *, at_random: bool) -> Experiment:
    counts, services = [n for n, _ in _UNLIKE], [mu for _, mu in _UNLIKE]
    arrivals, until, warm_up = 12.5, 430.0, 30.0
    site = Site(
        config=pool({"calls": QueueConfig()}, ChannelConfig(cost=100, auto_accept=True)),
        people=[
            Person(f"a{group}-{number}", group, {})
            for group, count in enumerate(counts)
            for number in range(count)
        ],
        kinds=[Kind(CALL, topic="calls")],
        means=np.array([[MINUTE_MS / service for service in services]]),
    )
    queue, _ = exact.unlike_servers(counts, services, arrivals)
    model = Stationary(site, arrivals, until=until, warm_up=warm_up)
    return Experiment(
        name,
        lambda rng: _with_shares(
            replace(model, site=replace(site, prefer=any_free(rng))) if at_random else model, rng
        ),
        {
            "delayed": exactly(queue.delayed),
            "mean wait, min": exactly(queue.wait),
            "served by the slow": exactly(_slow_share(counts, services, arrivals)),
        },
        note="expected is the closed form for a random choice, which longest idle must equal "
        "(arXiv 1305.6249); for a random choice the simulated contacts ask for one of the free",
    )


def _slow_share(counts: Sequence[int], services: Sequence[float], arrivals: float) -> float:
    _, occupancies = exact.unlike_servers(counts, services, arrivals)
    return counts[1] * services[1] * occupancies[1] / arrivals


def _with_shares(model: Stationary, rng: Generator) -> dict[str, float]:
    _, outcome, counts = model.run(rng)
    wait = outcome.wait[counts] / MINUTE_MS
    return {
        "delayed": float((wait > 0).mean()),
        "mean wait, min": float(wait.mean()),
        "served by the slow": float((outcome.group[counts] == 1).mean()),
    }


ALL = (
    _erlang_b(),
    _erlang_c(),
    _limited(),
    _erlang_a(),
    _ninety(),
    _one_skill(),
    _two_skills(),
    _sharing(),
    _unlike("Longest idle, 6 fast and 8 slow agents", at_random=False),
    _unlike("Random choice, 6 fast and 8 slow agents", at_random=True),
)
