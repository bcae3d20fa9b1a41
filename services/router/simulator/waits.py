"""Are expected waits honest? What was announced on arrival, against what came to pass."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from rich.console import Console
from rich.table import Table

from services.contracts.policy import PolicyConfig
from services.router.core import forecasts
from services.router.core.expected import TAUS, Forecast
from services.router.simulator import plots
from services.router.simulator.centres import Centre
from services.router.simulator.draw import MINUTE_MS, draw
from services.router.simulator.floor import Floor
from services.router.simulator.run import SERVED, Day, Ints, simulate
from services.router.simulator.sites import site_of

COVERED = (0.87, 0.93)
"""The 90 % range must cover this share of the realised waits."""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """Some days of one centre at one load, one after the other: what was learned stays."""

    centre: Centre
    number: int
    rho: float
    seed: int
    days: int


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """Of the contacts that had to wait and were served: `quantiles[i]` are the announced ones
    (ms), `head` the delay of the head of the line on arrival, `waited` the truth. `silent`: how
    many of them were told "unknown"."""

    rho: float
    silent: int
    waited: list[int]
    head: list[int]
    quantiles: list[tuple[int, ...]]


def play(task: Task) -> Told:
    """Run the task."""
    day = _joined(
        [draw(task.centre, task.rho, (task.seed, task.number, one)) for one in range(task.days)],
        round(task.centre.day_minutes * MINUTE_MS),
    )
    outcome = simulate(site_of(task.centre, PolicyConfig()), day, announce=_announce)
    told: list[tuple[int, int, tuple[int, ...]]] = []
    silent = 0
    for contact, (head, said) in outcome.announced.items():
        if outcome.fate[contact] != SERVED:
            continue
        if said is None:
            silent += 1
        else:
            told.append((int(outcome.wait[contact]), head, _quantiles(said)))
    return Told(
        rho=task.rho,
        silent=silent,
        waited=[one[0] for one in told],
        head=[one[1] for one in told],
        quantiles=[one[2] for one in told],
    )


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """`below[i]`: the share of waits at or below the announced quantile `TAUS[i]`. Errors are the
    medians of |announced - realised| in seconds, of the announced median and of the head's delay.
    """

    rho: float
    contacts: int
    unknown: float
    below: tuple[float, ...]
    most: float
    half: float
    error: float
    error_of_head: float

    @property
    def kept(self) -> bool:
        """Whether the 90 % range covers what it should and the median beats the head's delay."""
        return COVERED[0] <= self.most <= COVERED[1] and self.error < self.error_of_head


def calibration(rho: float, told: Sequence[Told]) -> Calibration:
    """All contacts of a load together."""
    told = [one for one in told if one.rho == rho]
    waited = np.array([wait for one in told for wait in one.waited])
    head = np.array([delay for one in told for delay in one.head])
    quantiles = np.array([row for one in told for row in one.quantiles])
    silent = sum(one.silent for one in told)
    within = [
        (quantiles[:, low] <= waited) & (waited <= quantiles[:, high])
        for low, high in ((0, 4), (1, 3))
    ]
    return Calibration(
        rho=rho,
        contacts=len(waited),
        unknown=silent / (silent + len(waited)),
        below=tuple(float(np.mean(waited <= quantiles[:, one])) for one in range(len(TAUS))),
        most=float(np.mean(within[0])),
        half=float(np.mean(within[1])),
        error=float(np.median(np.abs(quantiles[:, 2] - waited))) / 1000,
        error_of_head=float(np.median(np.abs(head - waited))) / 1000,
    )


def show(found: Sequence[Calibration], console: Console) -> None:
    """The table."""
    table = Table(title="Expected waits, announced on arrival to those who had to wait")
    for column in ("load", "contacts", "unknown", "in 90 %", "in 50 %", "error", "head's", "kept"):
        table.add_column(column, justify="right")
    for one in found:
        table.add_row(
            f"{one.rho:g}",
            f"{one.contacts}",
            f"{100 * one.unknown:.1f} %",
            f"{100 * one.most:.1f} %",
            f"{100 * one.half:.1f} %",
            f"{one.error:.1f} s",
            f"{one.error_of_head:.1f} s",
            "yes" if one.kept else "NO",
        )
    console.print(table)
    console.print(
        "error: median of |announced median - realised|; head's: of the delay of the head of the "
        f"line. Kept: {COVERED[0]:.0%} to {COVERED[1]:.0%} inside the 90 % range, and the smaller "
        "error. Contacts that were not served are not counted."
    )


def draw_reliability(found: Sequence[Calibration], out: Path) -> None:
    """Announced against realised: on the diagonal, a range keeps its promise."""
    with plots.figure(out) as (axes,):
        axes.plot([0, 1], [0, 1], "k:", label="as announced")
        for one in found:
            axes.plot(TAUS, one.below, marker="o", label=f"load {one.rho:g}")
        axes.set_xlabel("announced: share of waits at or below")
        axes.set_ylabel("realised share")
        axes.set_title("expected waits")
        axes.legend(fontsize=7)


def document(found: Sequence[Calibration]) -> dict[str, Any]:
    """For `--json`."""
    return {"taus": TAUS, "loads": [msgspec.to_builtins(one) for one in found]}


def _announce(floor: Floor, name: str) -> tuple[int, Forecast | None]:
    pool, now = floor.pool, floor.partition.at
    contact = pool.contacts[name]
    head = contact.seen[2] if contact.seen is not None else 0.0
    return round(1000 * head), forecasts.of_contact(pool, contact, now)


def _quantiles(said: Forecast) -> tuple[int, ...]:
    return (said.most[0], said.half[0], said.median, said.half[1], said.most[1])


def _joined(days: Sequence[Day], length: int) -> Day:
    shifts: list[Ints] = [day.arrival + number * length for number, day in enumerate(days)]
    return Day(
        arrival=np.concatenate(shifts),
        kind=np.concatenate([day.kind for day in days]),
        work=np.concatenate([day.work for day in days]),
        patience=np.concatenate([day.patience for day in days]),
    )
