"""Chats beside the phone: how many agents to keep wholly free, so that calls find somebody.

Thirty agents take calls (which need a whole agent) and up to three chats; each chat goes on more
slowly, the more an agent has. Chats spread evenly leave nobody free for a call.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.random import default_rng
from rich.console import Console
from rich.table import Table

from services.contracts.policy import PolicyConfig
from services.contracts.pool import ChannelConfig, PoolConfig, QueueConfig, Rule
from services.router.simulator import plots
from services.router.simulator.draw import MINUTE_MS, patience_ms, poisson_times
from services.router.simulator.floor import Kind, Person
from services.router.simulator.run import ABANDONED, Day, Site, simulate
from services.router.simulator.statistics import Interval, interval

AGENTS = 30
SPEEDS = (1.0, 0.85, 0.7)
CHAT, PHONE = 0, 1
RATES = (4.2, 1.8)
HANDLING = (8.0, 6.0)
PATIENCE = (3.0, 2.0)
"""Of chats and calls: arrivals a minute, minutes of handling at full speed, minutes of patience."""
WARM_UP = 60.0
MINUTES = 660.0
RESERVES = (0, 1, 2, 3, 4, 5, 6, 8)
SPREAD = "least loaded"


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One replication: `reserve` None is the least-loaded rule. The number is the seed's."""

    reserve: int | None
    seed: int
    number: int


class Lost(msgspec.Struct, frozen=True, kw_only=True):
    """Of the calls and chats that came after the warm-up, in %: those who gave up."""

    reserve: int | None
    calls: float
    chats: float


def site(reserve: int | None) -> Site:
    """The thirty under the default policy with a reserve, or under the least-loaded rule."""
    policy = (
        PolicyConfig(rule="most_free")
        if reserve is None
        else PolicyConfig(rule="jonoton", reserve=reserve)
    )
    config = PoolConfig(
        pool="simulator/reserve",
        partition=0,
        channels={
            "chat": ChannelConfig(cost=33, max=len(SPEEDS), auto_accept=True),
            "phone": ChannelConfig(cost=100, exclusive=True, auto_accept=True),
        },
        queues={
            "chats": QueueConfig(channels=("chat",), target=60, handling=60 * HANDLING[CHAT]),
            "calls": QueueConfig(channels=("phone",), target=20, handling=60 * HANDLING[PHONE]),
            "other": QueueConfig(),
        },
        fallback_queue="other",
        rules=(
            Rule(queue="chats", when={"channel": "chat"}),
            Rule(queue="calls", when={"channel": "phone"}),
        ),
        policy=policy,
    )
    return Site(
        config=config,
        people=[Person(f"a{number:02d}", 0, {}) for number in range(AGENTS)],
        kinds=[Kind("chat"), Kind("phone")],
        means=np.array([[minutes * MINUTE_MS] for minutes in HANDLING]),
        speeds=SPEEDS,
    )


def play(task: Task) -> Lost:
    """Run one replication; every reserve gets the same contacts."""
    rng = default_rng([task.seed, task.number])
    times, kinds = [], []
    for kind, rate in enumerate(RATES):
        arrivals = poisson_times(rng, MINUTES, np.array([rate]))
        times.append(arrivals)
        kinds.append(np.full(len(arrivals), kind))
    arrival, kind_of = np.concatenate(times), np.concatenate(kinds)
    order = np.argsort(arrival, kind="stable")
    arrival, kind_of = arrival[order], kind_of[order]
    day = Day(
        arrival=np.round(arrival * MINUTE_MS).astype(np.int64),
        kind=kind_of.astype(np.int64),
        work=rng.exponential(size=len(arrival)),
        patience=patience_ms(rng.exponential(size=len(arrival)) * np.array(PATIENCE)[kind_of]),
    )
    outcome = simulate(site(task.reserve), day)
    gone = (outcome.fate == ABANDONED) & (arrival >= WARM_UP)
    counted = arrival >= WARM_UP
    share = [
        100 * float(gone[kind_of == kind].sum()) / float(counted[kind_of == kind].sum())
        for kind in (CHAT, PHONE)
    ]
    return Lost(reserve=task.reserve, chats=share[CHAT], calls=share[PHONE])


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One way of choosing agents, with what it loses (%, 95 % intervals)."""

    reserve: int | None
    calls: Interval
    chats: Interval


def points(lost: Sequence[Lost]) -> list[Point]:
    """The replications put together, in the order in which the reserves appear."""
    reserves = list(dict.fromkeys(one.reserve for one in lost))
    return [
        Point(
            reserve=reserve,
            calls=interval([one.calls for one in lost if one.reserve == reserve]),
            chats=interval([one.chats for one in lost if one.reserve == reserve]),
        )
        for reserve in reserves
    ]


def show(found: Sequence[Point], console: Console) -> None:
    """The table."""
    table = Table(title="Chats beside the phone: who gives up, % (95 % intervals)")
    table.add_column("agents")
    table.add_column("calls", justify="right")
    table.add_column("chats", justify="right")
    for one in found:
        name = SPREAD if one.reserve is None else f"packed, {one.reserve} kept free"
        table.add_row(name, *(f"{i.mean:.1f} ± {i.half:.1f}" for i in (one.calls, one.chats)))
    console.print(table)
    console.print("Measured for the design: calls 28.3 least loaded, 8.8 packed; chats below 0.5.")


def document(found: Sequence[Point], options: dict[str, Any]) -> dict[str, Any]:
    """Everything, for `--json`."""
    return {
        "title": "Chats beside the phone",
        "options": options,
        "points": [msgspec.to_builtins(one) for one in found],
    }


def draw(found: Sequence[Point], out: Path) -> None:
    """The picture: what calls and chats pay for each agent kept free."""
    kept = [one for one in found if one.reserve is not None]
    with plots.figure(out) as (axes,):
        for name, colour in (("calls", "tab:red"), ("chats", "tab:blue")):
            means = [getattr(one, name) for one in kept]
            axes.errorbar(
                [one.reserve for one in kept],
                [mean.mean for mean in means],
                yerr=[mean.half for mean in means],
                label=f"{name}, packed",
                color=colour,
                marker="o",
                capsize=2,
            )
            for one in found:
                if one.reserve is None:
                    level = getattr(one, name).mean
                    axes.axhline(level, color=colour, ls=":", label=f"{name}, {SPREAD}")
        axes.set_xlabel("agents kept free")
        axes.set_ylabel("abandoned, %")
        axes.set_title("chats beside the phone")
        axes.set_ylim(bottom=0)
        axes.legend(fontsize=7)
