"""What if two more who speak Finnish were there? A pool as it is configured, a day as described,
before and after a change, on the same contacts."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.random import default_rng
from rich.console import Console
from rich.table import Table

from services.contracts.policy import Plan, PlanClass, PlanGroup
from services.contracts.pool import PoolConfig
from services.router.core.classify import classify
from services.router.core.eligibility import able
from services.router.core.model import CAPACITY
from services.router.planner.propose import propose
from services.router.simulator import plots
from services.router.simulator.arrivals import Arrivals, Traffic
from services.router.simulator.draw import MINUTE_MS, Part, day_of, poisson_times
from services.router.simulator.floor import START, Kind, Person
from services.router.simulator.plans import told
from services.router.simulator.run import ABANDONED, SERVED, Day, Site, simulate
from services.router.simulator.statistics import Interval, interval, paired

ALL = "all"
FIGURES = ("in_time", "wait", "abandoned")


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One day under each of the staffings in `plans`: the same contacts for all."""

    config: PoolConfig
    plans: tuple[Arrivals, ...]
    seed: int
    number: int


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Of one kind of contacts on one day: how many came, how many % were answered within their
    queue's target, their mean wait in seconds, how many % gave up."""

    contacts: int
    in_time: float
    wait: float
    abandoned: float


def site_of(config: PoolConfig, arrivals: Arrivals) -> Site:
    """The pool with its people. It is always open: the arrivals say when the day is."""
    queues = {
        name: msgspec.structs.replace(queue, calendar=None) for name, queue in config.queues.items()
    }
    handling = np.array([one.handling for one in arrivals.contacts]) * MINUTE_MS
    speeds = np.array([team.speed for team in arrivals.teams])
    return Site(
        config=msgspec.structs.replace(config, queues=queues, calendars={}),
        people=[
            Person(f"{team.name}-{number:04d}", group, team.skills, team.limits)
            for group, team in enumerate(arrivals.teams)
            for number in range(team.number)
        ],
        kinds=[
            Kind(one.channel, topic=one.topic, language=one.language, tier=one.tier)
            for one in arrivals.contacts
        ],
        means=handling[:, None] / speeds[None, :],
        speeds=arrivals.speeds,
        answer_ms=round(arrivals.answer * 1000),
    )


def plan_of(config: PoolConfig, arrivals: Arrivals) -> Plan:
    """What the planner would propose after it had seen such days: contacts of one queue, channel
    and requirement are one class, teams of the same skills one group; a contact takes its share of
    an agent's capacity for the time of its handling."""
    classes: dict[str, PlanClass] = {}
    rates: dict[str, float] = {}
    work: dict[str, float] = {}
    for one in arrivals.contacts:
        found = classify(config, _Facts(one))
        kind = PlanClass(queue=found.queue, channel=one.channel, required=found.required)
        key = f"{kind}"
        classes[key] = kind
        rate = one.per_hour / 3600
        share = config.channels[one.channel].cost / CAPACITY
        rates[key] = rates.get(key, 0.0) + rate
        work[key] = work.get(key, 0.0) + rate * 60 * one.handling * share
    groups: dict[str, PlanGroup] = {}
    numbers: dict[str, float] = {}
    speeds: dict[str, float] = {}
    for team in arrivals.teams:
        key = f"{sorted(team.skills.items())}"
        groups[key] = PlanGroup(skills=team.skills)
        numbers[key] = numbers.get(key, 0.0) + team.number
        speeds[key] = speeds.get(key, 0.0) + team.number * team.speed
    handling = [
        [
            work[key] / rates[key] * numbers[group] / speeds[group]
            if numbers[group] and able(one.skills or {}, kind.required)
            else None
            for group, one in groups.items()
        ]
        for key, kind in classes.items()
    ]
    return propose(
        START,
        list(classes.values()),
        list(groups.values()),
        arrivals=list(rates.values()),
        handling=handling,
        agents=list(numbers.values()),
    )


def draw(arrivals: Arrivals, seed: int, number: int) -> Day:
    """One day's contacts. Who is there makes no difference to them."""
    profile = np.array(arrivals.profile or [1.0] * int(np.ceil(arrivals.hours)))
    parts: list[Part] = []
    for kind, one in enumerate(arrivals.contacts):
        rng = default_rng([seed, number, kind])
        shape = np.ones_like(profile) if one.evenly else profile
        times = poisson_times(rng, 60, shape * one.per_hour / 60, 60 * arrivals.hours)
        count = len(times)
        work, leaving = rng.exponential(size=count), rng.exponential(size=count)
        parts.append((times, np.full(count, kind), work, leaving * (one.patience or np.inf)))
    return day_of(parts)


def play(task: Task) -> list[dict[str, Figures]]:
    """The day under each staffing: figures by kind of contacts, and of all together."""
    day = draw(task.plans[0], task.seed, task.number)
    targets = np.array(
        [1000 * target(task.config, one) for one in task.plans[0].contacts], dtype=float
    )[day.kind]
    results: list[dict[str, Figures]] = []
    for plan in task.plans:
        site = site_of(task.config, plan)
        acts = told(task.config, plan_of(task.config, plan), 120 * plan.hours)
        outcome = simulate(site, replace(day, acts=acts))
        good = (outcome.fate == SERVED) & (outcome.wait <= targets)
        found: dict[str, Figures] = {}
        for kind, one in enumerate((*plan.contacts, None)):
            mine = day.kind == kind if one else np.ones(len(day.kind), dtype=bool)
            count = int(mine.sum())
            found[one.name if one else ALL] = Figures(
                contacts=count,
                in_time=100 * float(good[mine].sum()) / max(1, count),
                wait=float(outcome.wait[mine].sum()) / 1000 / max(1, count),
                abandoned=100 * float((outcome.fate[mine] == ABANDONED).sum()) / max(1, count),
            )
        results.append(found)
    return results


def target(config: PoolConfig, traffic: Traffic) -> float:
    """The promise to these contacts, in seconds: their queue's."""
    return config.queues[classify(config, _Facts(traffic)).queue].target


class _Facts:
    def __init__(self, traffic: Traffic) -> None:
        self.channel = traffic.channel
        self.language = traffic.language
        self.topic = traffic.topic
        self.tier = traffic.tier
        self.fields: dict[str, str] = {}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of contacts: each figure before, after, and their difference day by day (95 %
    intervals). Without a change `after` and `change` are empty."""

    name: str
    contacts: float
    before: dict[str, Interval]
    after: dict[str, Interval]
    change: dict[str, Interval]


def lines(days: Sequence[Sequence[dict[str, Figures]]]) -> list[Line]:
    """The days put together, one line for each kind of contacts, all together last."""
    found: list[Line] = []
    for name in days[0][0]:
        values = [
            {
                figure: [float(getattr(day[plan][name], figure)) for day in days]
                for figure in FIGURES
            }
            for plan in range(len(days[0]))
        ]
        before, after = values[0], values[1] if len(values) > 1 else {}
        found.append(
            Line(
                name=name,
                contacts=float(np.mean([day[0][name].contacts for day in days])),
                before={figure: interval(before[figure]) for figure in before},
                after={figure: interval(after[figure]) for figure in after},
                change={figure: paired(after[figure], before[figure]) for figure in after},
            )
        )
    return found


def show(found: Sequence[Line], config: PoolConfig, title: str, console: Console) -> None:
    """The table: before, after and the difference where there is one."""
    console.width = max(console.width, 120)
    table = Table(title=title)
    table.add_column("contacts")
    table.add_column("a day", justify="right")
    for name in ("in time %", "mean wait s", "gave up %"):
        table.add_column(name, justify="right")
        if found[0].change:
            table.add_column("change", justify="right")
    for one in found:
        cells: list[str] = []
        for figure in FIGURES:
            before = one.before[figure].mean
            if one.change:
                change = one.change[figure]
                cells += [
                    f"{before:.1f} → {one.after[figure].mean:.1f}",
                    f"{change.mean:+.1f} ± {change.half:.1f}",
                ]
            else:
                cells.append(f"{before:.1f} ± {one.before[figure].half:.1f}")
        table.add_row(one.name, f"{one.contacts:.0f}", *cells)
    console.print(table)
    console.print(
        f"{config.pool}, policy {config.policy.rule}. In time: answered within the target of their "
        "queue. ±: 95 % intervals over days; the same contacts before and after."
    )


def document(found: Sequence[Line], options: dict[str, Any]) -> dict[str, Any]:
    """Everything, for `--json`."""
    return {
        "title": "What if",
        "options": options,
        "lines": [msgspec.to_builtins(one) for one in found],
    }


def draw_plot(found: Sequence[Line], out: Path) -> None:
    """Before and after, side by side."""
    places = np.arange(len(found))
    titles = {"in_time": "in time, %", "wait": "mean wait, s", "abandoned": "gave up, %"}
    with plots.figure(out, len(FIGURES), height=1.5 + 0.4 * len(found)) as panels:
        for axes, figure in zip(panels, FIGURES, strict=True):
            sides = ("before", "after") if found[0].after else ("before",)
            for number, side in enumerate(sides):
                values = [getattr(one, side)[figure] for one in found]
                axes.barh(
                    places + 0.4 * number,
                    [value.mean for value in values],
                    xerr=[value.half for value in values],
                    height=0.38,
                    label=side,
                )
            axes.set_yticks(places + 0.2 * (len(sides) - 1), [one.name for one in found])
            axes.invert_yaxis()
            axes.set_title(titles[figure])
        panels[0].legend(fontsize=7)
