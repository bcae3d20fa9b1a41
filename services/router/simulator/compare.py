"""Policies side by side on the same days of the same centres."""

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from services.router.simulator.bounds import Bounds, bounds
from services.router.simulator.centres import Centre
from services.router.simulator.draw import Handling, draw
from services.router.simulator.measures import FIGURES, Measures, measure
from services.router.simulator.plans import learned, plan_of, told
from services.router.simulator.policies import BASE, CONTENDERS
from services.router.simulator.run import Action, Day, Outcome, simulate
from services.router.simulator.sites import site_of
from services.router.simulator.statistics import Interval, interval, paired


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """All policies on some days of one centre at one load. `number` is the centre's place, which
    is part of its days' seeds."""

    centre: Centre
    number: int
    rho: float
    policies: tuple[str, ...]
    seed: int
    days: int
    handling: Handling = "exponential"
    scv: float = 1.0
    misestimate: float = 1.0


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a task: the figures of each policy, and the bounds."""

    centre: str
    rho: float
    bounds: Bounds
    measures: dict[str, Measures]


def play(task: Task) -> Row:
    """Run the task: each day is drawn once, and every policy gets the same."""
    days = [
        draw(
            task.centre,
            task.rho,
            (task.seed, task.number, day),
            handling=task.handling,
            scv=task.scv,
        )
        for day in range(task.days)
    ]
    plan = plan_of(
        task.centre, task.rho, misestimate=task.misestimate, seed=(task.seed, task.number)
    )
    measures: dict[str, Measures] = {}
    for name in task.policies:
        contender = CONTENDERS[name]
        site = site_of(task.centre, contender.policy)
        played: list[tuple[Day, Outcome]] = []
        for day in days:
            acts: Sequence[tuple[int, Action]] = ()
            if contender.plan == "known":
                acts = told(site.config, plan, 2 * task.centre.day_minutes)
            elif contender.plan == "learned":
                acts = learned(site.config, 2 * task.centre.day_minutes)
            played.append((day, simulate(site, replace(day, acts=acts))))
        measures[name] = measure(task.centre, played)
    return Row(
        centre=task.centre.name,
        rho=task.rho,
        bounds=bounds(task.centre, task.rho),
        measures=measures,
    )


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A policy at one load: means over centres, differences to longest idle paired by centre
    (95 % intervals), and the regret: weighted misses above the better of the centre's bounds."""

    policy: str
    rho: float
    means: dict[str, Interval]
    differences: dict[str, Interval]
    regret: Interval


def standings(rows: Sequence[Row], rho: float) -> list[Standing]:
    """All policies at the load `rho`, in the order of the first row."""
    rows = [row for row in rows if row.rho == rho]
    found: list[Standing] = []
    for policy in rows[0].measures:
        values = {
            figure: [float(getattr(row.measures[policy], figure)) for row in rows]
            for figure in FIGURES
        }
        base = {
            figure: [float(getattr(row.measures[BASE], figure)) for row in rows]
            for figure in FIGURES
            if BASE in rows[0].measures
        }
        found.append(
            Standing(
                policy=policy,
                rho=rho,
                means={figure: interval(values[figure]) for figure in FIGURES},
                differences={figure: paired(values[figure], base[figure]) for figure in base},
                regret=interval(
                    [
                        value - row.bounds.best
                        for value, row in zip(values["weighted_misses"], rows, strict=True)
                    ]
                ),
            )
        )
    return found
