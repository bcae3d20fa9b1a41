"""Simulated against exact or published: does the engine, driven as here, behave as it must?"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from numpy.random import Generator
from rich.console import Console
from rich.table import Table

from services.router.simulator.statistics import Interval, inside, interval

_ERRORS = 3.0
_WIDTH = 150


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure must be: `low` to `high` (mostly the same), with a standard `error` of its own
    if it was measured, not computed."""

    low: float
    high: float
    error: float = 0.0
    source: str = "exact"


def exactly(value: float) -> Target:
    """A computed figure."""
    return Target(value, value)


def published(low: float, high: float, level_factor: float, source: str) -> Target:
    """A published confidence interval: its half width is `level_factor` standard errors."""
    middle = (low + high) / 2
    return Target(middle, middle, (high - low) / 2 / level_factor, source)


@dataclass(frozen=True, slots=True)
class Experiment:
    """`replicate` simulates once and gives a value for each of the `targets`; so many independent
    `replications` by default. `note` says what is special."""

    name: str
    replicate: Callable[[Generator], Mapping[str, float]]
    targets: Mapping[str, Target]
    replications: int = 20
    note: str = ""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table."""

    experiment: str
    figure: str
    found: Interval
    low: float
    high: float
    error: float
    source: str
    note: str
    inside: bool


def judge(experiment: Experiment, results: Sequence[Mapping[str, float]]) -> list[Verdict]:
    """Each figure's mean over the replications against its target: inside if no further from it
    than three standard errors, its own and the target's together."""
    verdicts: list[Verdict] = []
    for figure, target in experiment.targets.items():
        found = interval([result[figure] for result in results])
        nearest = min(max(found.mean, target.low), target.high)
        verdicts.append(
            Verdict(
                experiment=experiment.name,
                figure=figure,
                found=found,
                low=target.low,
                high=target.high,
                error=target.error,
                source=target.source,
                note=experiment.note,
                inside=inside(found, nearest, target.error, _ERRORS),
            )
        )
    return verdicts


def show(verdicts: Sequence[Verdict], console: Console) -> None:
    """The table, then the notes."""
    console.width = max(console.width, _WIDTH)
    table = Table(title="The engine in the simulator against theory and literature")
    for column in ("model", "figure"):
        table.add_column(column)
    for column in ("simulated", "3 std. errors", "expected", "± 3 std. errors"):
        table.add_column(column, justify="right")
    table.add_column("from")
    table.add_column("inside")
    before = ""
    for one in verdicts:
        expected = _number(one.low) if one.low == one.high else f"{one.low:g} – {one.high:g}"
        table.add_row(
            one.experiment if one.experiment != before else "",
            one.figure,
            _number(one.found.mean),
            f"± {_number(_ERRORS * one.found.error)}",
            expected,
            f"± {_number(_ERRORS * one.error)}" if one.error else "",
            one.source,
            "yes" if one.inside else "NO",
        )
        before = one.experiment
    console.print(table)
    notes = {one.experiment: one.note for one in verdicts if one.note}
    for name, note in notes.items():
        console.print(f"{name}: {note}")
    missed = sum(not one.inside for one in verdicts)
    console.print(f"{len(verdicts) - missed} of {len(verdicts)} figures inside.")


def document(verdicts: Sequence[Verdict], options: dict[str, Any]) -> dict[str, Any]:
    """Everything, for `--json`."""
    return {
        "title": "The engine in the simulator against theory and literature",
        "options": options,
        "verdicts": [msgspec.to_builtins(one) for one in verdicts],
    }


def _number(value: float) -> str:
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"
