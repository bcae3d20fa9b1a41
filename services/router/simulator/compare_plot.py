"""The comparison as a picture: what each policy misses as the load grows."""

from collections.abc import Sequence
from pathlib import Path

from services.router.simulator import plots
from services.router.simulator.compare import Row, standings

_PANELS = (
    ("weighted_misses", "weighted misses, %"),
    ("abandoned", "live contacts abandoned, %"),
    ("live_wait_p99", "p99 of the live wait, s"),
)


def draw(rows: Sequence[Row], out: Path) -> None:
    """Write the picture to `out`."""
    loads = sorted({row.rho for row in rows})
    by_load = [standings(rows, rho) for rho in loads]
    with plots.figure(out, len(_PANELS)) as panels:
        for axes, (figure, title) in zip(panels, _PANELS, strict=True):
            for place, one in enumerate(by_load[0]):
                means = [found[place].means[figure] for found in by_load]
                axes.errorbar(
                    loads,
                    [mean.mean for mean in means],
                    yerr=[mean.half for mean in means],
                    label=one.policy,
                    marker="o",
                    capsize=2,
                )
            if figure == "weighted_misses":
                best = [
                    sum(row.bounds.best for row in rows if row.rho == rho)
                    / sum(row.rho == rho for row in rows)
                    for rho in loads
                ]
                axes.plot(loads, best, "k:", label="better bound")
                axes.legend(fontsize=7)
            axes.set_xlabel("load (planning LP)")
            axes.set_title(title)
            axes.set_ylim(bottom=0)
