"""`python -m bench.engine`: the engine alone, on one core, without Kafka.

The choice of an agent for an arriving contact and of a contact for a freed agent, beside a naive
scan of the same state; the whole step (an input event in, its decisions applied), once alone and
once with JSON in and the journal's JSON out; memory; and how the cost grows with the pool. Per size
a fresh process; a figure is the median of ten parts, in processor time.
"""

import argparse
import gc
import multiprocessing
import statistics
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.engine_floor import Floor
from bench.report import memory_mb, show
from services.router import garbage
from services.router.core import matching
from services.router.core.eligibility import able, has_room
from services.router.core.model import Agent, Contact
from services.router.core.pool import Pool

SIZES = ((100, 1_000), (1_000, 10_000), (10_000, 100_000))
PARTS = 10


def _microseconds(calls: list[Callable[[], object]]) -> float:
    """The median time of a call, over parts of the list."""
    size = max(1, len(calls) // PARTS)
    times = []
    for start in range(0, len(calls), size):
        part = calls[start : start + size]
        begin = time.process_time()
        for call in part:
            call()
        times.append((time.process_time() - begin) / len(part) * 1e6)
    return statistics.median(times)


# The choice, as the engine makes it and by scanning


def _release(pool: Pool, agent: Agent, at: int) -> object:
    return pool.policy.line_for(pool.index.openings(agent), agent, at)


def _naive_release(pool: Pool, agent: Agent, at: int) -> object:
    best, best_key = None, (-1.0, 0, "")
    for contact in pool.contacts.values():
        if contact.state == "queued" and able(agent.skills, contact.required):
            terms = pool.policy.terms_of(pool.index.lines[contact.signature])  # type: ignore[attr-defined]
            x = (at - contact.facts.virtual_start) * terms.inverse
            key = (terms.rates[-1] * terms.phi(x), -contact.facts.virtual_start, contact.id)
            if best is None or key > best_key:
                best, best_key = contact, key
    return best


def _arrival(pool: Pool, contact: Contact, at: int) -> object:
    line = pool.index.lines[contact.signature]
    candidates = matching._candidates(pool, line)  # noqa: SLF001
    return matching._choose(at, pool, line, contact, candidates) if candidates else None  # noqa: SLF001


def _naive_arrival(pool: Pool, contact: Contact, _at: int) -> object:
    name = contact.facts.channel
    channel = pool.config.channels[name]
    return min(
        (
            agent
            for agent in pool.agents.values()
            if agent.present
            and able(agent.skills, contact.required)
            and has_room(agent, name, channel)
        ),
        key=lambda agent: (len(agent.skills), agent.idle_since, agent.id),
        default=None,
    )


def choices(agents: int, waiting: int, share_free: float = 0.15) -> dict[str, float]:
    """Microseconds of a choice: a release where all are busy and `waiting` wait, an arrival where
    that share of the agents is free."""
    floor = Floor(agents)
    floor.fill(waiting)
    pool, at = floor.pool, floor.now + 1_000
    freed = [pool.agents[agent] for _, agent in floor.random.choices(floor.open, k=20_000)]
    for agent in pool.agents.values():
        agent.open_to = tuple(pool.config.channels)  # as if it had just been freed
        pool.index.openings(agent)
    found = {
        "release": _microseconds([lambda a=a: _release(pool, a, at) for a in freed]),  # type: ignore[misc]
        "naive release": _microseconds(
            [lambda a=a: _naive_release(pool, a, at) for a in freed[:PARTS]]  # type: ignore[misc]
        ),
    }
    assert all(_same_contact(pool, agent, at) for agent in freed[:20])
    floor = Floor(agents)
    while len(floor.open) < (1 - share_free) * agents:
        floor.now += 1
        floor.settle(floor.arrive())
    pool = floor.pool
    contacts = [pool.contacts[c] for c in list(pool.contacts)]
    some = floor.random.choices(contacts, k=20_000)
    for contact in contacts:
        pool.index.able_for(pool.index.lines[contact.signature])
    assert all(_arrival(pool, one, at) is _naive_arrival(pool, one, at) for one in some[:20]), (
        "the engine and the scan differ"
    )
    found["arrival"] = _microseconds([lambda c=c: _arrival(pool, c, at) for c in some])  # type: ignore[misc]
    found["naive arrival"] = _microseconds(
        [lambda c=c: _naive_arrival(pool, c, at) for c in some[: 10 * PARTS]]  # type: ignore[misc]
    )
    return found


def _same_contact(pool: Pool, agent: Agent, at: int) -> bool:
    line: Any = _release(pool, agent, at)
    scanned: Any = _naive_release(pool, agent, at)
    return (line is None and scanned is None) or line.head()[3] is scanned


# Whole steps


def steps(agents: int, waiting: int, rounds: int, through_json: bool) -> dict[str, float]:
    """Microseconds per input event, events per second, and what the state takes in memory."""
    gc.collect()
    garbage.tune()  # as a worker does
    before = memory_mb(_pid())
    floor = Floor(agents)
    floor.fill(waiting)
    gc.collect()
    memory = memory_mb(_pid()) - before
    floor.through_json = through_json
    floor.work(rounds // PARTS)
    costs, ratio = [], 0.0
    for _ in range(PARTS):
        floor.spent, done, made = 0.0, floor.steps, floor.events
        floor.work(rounds // PARTS)
        count = floor.steps - done
        ratio = (floor.events - made) / count
        costs.append(floor.spent / count * 1e6)
    cost = statistics.median(costs)
    return {
        "us": cost,
        "best us": min(costs),
        "steps/s": 1e6 / cost,
        "routing events/s": 1e6 / cost * ratio,
        "memory MB": memory,
    }


def traced(agents: int, waiting: int) -> float:
    """What Python says that the state takes, in MB."""
    tracemalloc.start()
    floor = Floor(agents)
    floor.fill(waiting)
    gc.collect()
    return tracemalloc.get_traced_memory()[0] / 1e6


def _pid() -> int:
    return multiprocessing.current_process().pid or 0


def _alone(work: Callable[..., Any], *arguments: Any) -> Any:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def plot(rows: list[dict[str, Any]], out: Path) -> None:
    """Cost of a step and of both choices over the size of the pool, the engine beside the scan."""
    import matplotlib as mpl  # noqa: PLC0415

    mpl.use("svg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, axes = plt.subplots(figsize=(7, 4))
    sizes = [f"{row['agents']:,} agents\n{row['waiting']:,} waiting" for row in rows]
    for name, style in (
        ("step", "o-"),
        ("release", "s-"),
        ("arrival", "^-"),
        ("naive release", "s:"),
        ("naive arrival", "^:"),
    ):
        axes.plot(sizes, [row[f"{name} us"] for row in rows], style, label=name)
    axes.set_yscale("log")
    axes.set_ylabel("microseconds")
    axes.legend()
    axes.grid(alpha=0.3)
    figure.tight_layout()
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out)
    plt.close(figure)


def main() -> None:
    """Measure every size, print beside the bars, write JSON and the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20_000)
    parser.add_argument("--largest", type=int, default=len(SIZES), help="only so many sizes")
    parser.add_argument("--out", type=Path, default=Path("build/bench/engine.json"))
    arguments = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for agents, waiting in SIZES[: arguments.largest]:
        choice = _alone(choices, agents, waiting)
        alone = _alone(steps, agents, waiting, arguments.rounds, False)
        written = _alone(steps, agents, waiting, arguments.rounds, True)
        rows.append(
            {
                "agents": agents,
                "waiting": waiting,
                **{f"{name} us": value for name, value in choice.items()},
                "step us": alone["us"],
                "best step us": alone["best us"],
                "steps/s": alone["steps/s"],
                "routing events/s": alone["routing events/s"],
                "with JSON us": written["us"],
                "memory MB": alone["memory MB"],
            }
        )
    largest = rows[-1]
    python_mb = _alone(traced, largest["agents"], largest["waiting"])
    plot(rows, arguments.out.with_suffix(".svg"))
    bars = [
        ("choice at an arrival, us", largest["arrival us"], "at most 2"),
        ("choice at a release, us", largest["release us"], "at most 8"),
        ("events in a second, decided and applied", largest["steps/s"], "30,000; aim 60,000"),
        ("routing events out a second", largest["routing events/s"], ""),
        ("memory, MB resident", largest["memory MB"], "at most 400"),
        ("memory, MB by tracemalloc", python_mb, ""),
        ("step against the smallest pool", largest["step us"] / rows[0]["step us"], "at most 2"),
        (
            "scan against the choice, arrival",
            largest["naive arrival us"] / largest["arrival us"],
            "",
        ),
        (
            "scan against the choice, release",
            largest["naive release us"] / largest["release us"],
            "",
        ),
    ]
    table = [{"figure": name, "measured": float(value), "bar": bar} for name, value, bar in bars]
    title = f"{largest['agents']:,} agents, 300 signatures, {largest['waiting']:,} waiting"
    show(title, table, arguments.out)
    sizes = {f"{row['agents']:,} / {row['waiting']:,}": row for row in rows}
    grown = [
        {"by agents / waiting": name, **{size: float(row[name]) for size, row in sizes.items()}}
        for name in rows[0]
        if name not in ("agents", "waiting")
    ]
    show("How it grows", grown, arguments.out.with_name("engine_sizes.json"))


if __name__ == "__main__":
    main()
