"""The comparison as tables for people and as JSON for machines."""

from collections.abc import Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from services.router.simulator import bars
from services.router.simulator.compare import Row, standings
from services.router.simulator.statistics import Interval, interval

_COLUMNS = (
    ("weighted_misses", "missed %"),
    ("abandoned", "abandoned %"),
    ("live_wait", "wait s"),
    ("live_wait_p99", "p99 s"),
    ("live_level", "in time: live %"),
    ("deferred_level", "deferred %"),
)
_WIDTH = 124


def show(rows: Sequence[Row], console: Console) -> None:
    """One table per load: policies, then bounds, then what the default policy must reach."""
    console.width = max(console.width, _WIDTH)
    for rho in sorted({row.rho for row in rows}):
        at = [row for row in rows if row.rho == rho]
        found = standings(at, rho)
        table = Table(title=f"rho {rho:g}, {len(at)} centres, means over centres (95 % intervals)")
        table.add_column("policy", no_wrap=True)
        for _, title in _COLUMNS:
            table.add_column(title, justify="right")
        table.add_column("regret", justify="right")
        table.add_column("missed against longest idle", justify="right")
        for one in found:
            difference = one.differences.get("weighted_misses")
            table.add_row(
                one.policy,
                *(f"{one.means[figure].mean:.2f}" for figure, _ in _COLUMNS),
                f"{one.regret.mean:.2f}",
                _signed(difference) if difference else "",
            )
        for name in ("pooled", "fluid"):
            mean = interval([getattr(row.bounds, name) for row in at]).mean
            table.add_row(f"bound: {name}", f"{mean:.2f}")
        console.print(table)
        for check in bars.checks(found):
            sign = "met" if check.met else "NOT met"
            half = f" ± {check.half:.2f}" if check.half else ""
            console.print(
                f"  {check.what}: {check.found:.2f}{half}, at most {check.limit:.2f}: {sign}"
            )
    console.print(
        "missed: weight of contacts not served within their target; abandoned and waits: of live "
        "contacts; regret: missed above the better of the centre's two bounds"
    )


def document(rows: Sequence[Row], options: dict[str, Any]) -> dict[str, Any]:
    """Everything, for `--json`."""
    loads = sorted({row.rho for row in rows})
    by_load = {rho: standings(rows, rho) for rho in loads}
    return {
        "title": "Routing policies compared",
        "options": options,
        "standings": [msgspec.to_builtins(one) for rho in loads for one in by_load[rho]],
        "checks": [
            {
                "rho": check.rho,
                "what": check.what,
                "limit": check.limit,
                "found": check.found,
                "half": check.half,
                "met": check.met,
            }
            for rho in loads
            for check in bars.checks(by_load[rho])
        ],
        "centres": [msgspec.to_builtins(row) for row in rows],
    }


def _signed(found: Interval) -> str:
    return f"{found.mean:+.2f} ± {found.half:.2f}"
