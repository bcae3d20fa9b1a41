"""What the default policy must reach on the project's sixty centres (exponential handling)."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.router.simulator.compare import Standing
from services.router.simulator.policies import DEFAULT

CMU = "static_cmu"


@dataclass(frozen=True, slots=True)
class Bar:
    """At one load: weighted misses paired against longest idle (points), abandonment (%)."""

    rho: float
    difference: float
    abandoned: float


BARS = (Bar(0.8, -3.5, 4.3), Bar(0.9, -6.5, 7.5), Bar(1.0, -9.2, 11.3), Bar(1.1, -10.5, 15.0))
DEFERRED_MARGIN = 2.0
"""Points of deferred misses that the default policy may have above static c-mu."""


@dataclass(frozen=True, slots=True)
class Check:
    """One requirement, what was found (± the half width of its 95 % interval, if known), and
    whether the mean meets it."""

    rho: float
    what: str
    limit: float
    found: float
    half: float = 0.0

    @property
    def met(self) -> bool:
        """Whether the figure is not above its limit."""
        return self.found <= self.limit


def checks(standings: Sequence[Standing]) -> list[Check]:
    """The requirements at the load of these standings; none for a load without a bar, or when the
    default policy did not run."""
    named = {one.policy: one for one in standings}
    mine, cmu = named.get(DEFAULT), named.get(CMU)
    bar = next((bar for bar in BARS if mine and abs(bar.rho - mine.rho) < 1e-9), None)
    if mine is None or bar is None:
        return []
    found: list[Check] = []
    if mine.differences:
        found.append(
            Check(
                bar.rho,
                "weighted misses against longest idle, points",
                bar.difference,
                mine.differences["weighted_misses"].mean,
                mine.differences["weighted_misses"].half,
            )
        )
    found.append(Check(bar.rho, "live abandonment, %", bar.abandoned, mine.means["abandoned"].mean))
    if cmu is not None:
        p99, deferred = "live_wait_p99", "deferred_misses"
        found.append(
            Check(
                bar.rho, "p99 live wait, s (static c-mu)", cmu.means[p99].mean, mine.means[p99].mean
            )
        )
        found.append(
            Check(
                bar.rho,
                "deferred misses, % (static c-mu + 2)",
                cmu.means[deferred].mean + DEFERRED_MARGIN,
                mine.means[deferred].mean,
            )
        )
    return found
