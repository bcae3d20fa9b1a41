"""Expected waits: what a waiting contact may be told, as ranges that keep their promise.

A forecast blends, on a logarithmic scale, the delay of the head of the line, the delay of the
last who entered service (both after Ibrahim & Whitt, "Real-time delay estimation based on delay
history", M&SOM 2009) and place times the time between two starts. The weights are learned per
line by normalised least mean squares. What remains unexplained is learned per queue and place as
quantiles of the logarithm of realised over forecast, by stochastic approximation (Robbins & Monro
1951): a quantile that is missed too often moves until it is not. So the ranges are calibrated by
construction, for those who are served; who gives up before is not counted.

Pure arithmetic on what events say: a replay learns the same.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import islice
from math import exp, log, sqrt

from services.contracts.base import Millis, Name
from services.router.core.class_key import ClassKey

TAUS = (0.05, 0.25, 0.5, 0.75, 0.95)
"""The quantiles kept: 90 % lie between the first and the last, 50 % between their neighbours."""
ENOUGH = 30
"""Waits that a queue must have seen before it says anything."""
KEEP_LINES = 10_000
"""So many lines of a pool are known; those that have taught nothing are forgotten first."""
_SPREAD = (-1.9, -0.75, -0.1, 0.55, 1.2)
_PRIOR = (0.0, 0.3, 0.1, 0.6)
_BINS = 6
_UNREST = 0.3
_FIRST_GAP = 30.0

Seen = tuple[ClassKey, int, float, float, float]
"""At arrival: (line, place from 1, the head's delay, the last one's delay, gap), in seconds."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """Whole waits from their beginning on, in ms: the median, the middle half, the middle 90 %."""

    median: int
    half: tuple[int, int]
    most: tuple[int, int]


@dataclass(slots=True)
class Line:
    """What one line has taught. `gap` is the mean time between two starts while others waited."""

    weights: list[float] = field(default_factory=lambda: list(_PRIOR))
    learned: int = 0
    last_delay: float = -1.0
    gap: float = -1.0
    started_at: Millis = 0
    backlog: bool = False


@dataclass(slots=True)
class Spread:
    """The quantiles of log(realised / forecast) at similar places of one queue."""

    quantiles: list[float]
    scale: float
    learned: int = 0

    def learn(self, residual: float) -> None:
        """One more wait is over."""
        self.learned += 1
        self.scale += (abs(residual) - self.scale) * max(0.01, 1 / (self.learned + 1))
        # Small steps: waits come in good and bad hours, and a range must hold through both.
        step = 2 * max(0.01, 1 / (self.learned + 3)) * max(self.scale, 0.05)
        floor = float("-inf")
        for number, tau in enumerate(TAUS):
            moved = self.quantiles[number] + step * (tau - (residual <= self.quantiles[number]))
            floor = self.quantiles[number] = max(floor, moved)


@dataclass(slots=True)
class Waits:
    """All that a pool has learned about waiting. Times in seconds inside, ms outside."""

    lines: dict[ClassKey, Line] = field(default_factory=dict)
    queues: dict[Name, list[Spread]] = field(default_factory=dict)

    def arrived(self, key: ClassKey, place: int, head_ms: int) -> Seen:
        """A contact waits at `place`; the first of its line has waited `head_ms`."""
        line = self._line(key)
        return _seen(key, line, place, head_ms)

    def started(
        self, key: ClassKey, seen: Seen | None, at: Millis, waited_ms: int, others: int
    ) -> None:
        """A contact that had to wait was answered; `others` of its line wait on. `seen` is what
        `arrived` gave, None if the wait says nothing (an offer was declined in between)."""
        line = self._line(key)
        if line.backlog:
            gap = (at - line.started_at) / 1000
            line.gap = gap if line.gap < 0 else line.gap + 0.05 * (gap - line.gap)
        line.started_at, line.backlog = at, others > 0
        waited = waited_ms / 1000
        if seen is not None:
            inputs = _inputs(seen)
            residual = log(waited + 1) - _blend(line.weights, inputs)
            self._spread(key[1], seen[1]).learn(residual)
            line.learned += 1
            step = max(0.01, 0.2 / (1 + line.learned / 50)) * max(-1.5, min(1.5, residual))
            step /= 1 + sum(value * value for value in inputs)
            for number, value in enumerate(inputs):
                line.weights[number] += step * value
        line.last_delay = waited

    def forecast(
        self, key: ClassKey, place: int, size: int, head_ms: int, waited_ms: int
    ) -> Forecast | None:
        """The whole wait of who is at `place` of `size` and has waited `waited_ms`; None where
        too little was seen to be honest. Never below what has been waited already."""
        spreads = self.queues.get(key[1])
        line = self.lines.get(key)
        if line is None or not spreads or sum(one.learned for one in spreads) < ENOUGH:
            return None
        # Who joined later stands as a newcomer would whose line were so much shorter.
        head = head_ms * min(1.0, place / max(1, size))
        blend = _blend(line.weights, _inputs(_seen(key, line, place, round(head))))
        rest = [
            waited_ms + max(0, round(1000 * (exp(min(blend + quantile, 16.0)) - 1)))
            for quantile in self._spread(key[1], place).quantiles
        ]
        return Forecast(rest[2], (rest[1], rest[3]), (rest[0], rest[4]))

    def keep(self, queues: Collection[Name]) -> None:
        """Forget the queues that are gone."""
        self.lines = {key: line for key, line in self.lines.items() if key[1] in queues}
        self.queues = {name: one for name, one in self.queues.items() if name in queues}

    def plain(self) -> tuple[object, ...]:
        """Everything, comparable."""
        return (
            {
                key: (
                    (tuple(one.weights), one.learned, one.last_delay, one.gap),
                    (one.started_at, one.backlog),
                )
                for key, one in self.lines.items()
            },
            {
                queue: [(tuple(one.quantiles), one.scale, one.learned) for one in spreads]
                for queue, spreads in self.queues.items()
            },
        )

    def _line(self, key: ClassKey) -> Line:
        line = self.lines.get(key)
        if line is None:
            if len(self.lines) >= KEEP_LINES:
                nothing = [key for key, one in self.lines.items() if not one.learned]
                for old in nothing or list(islice(self.lines, KEEP_LINES // 4)):
                    del self.lines[old]
            line = self.lines[key] = Line()
        return line

    def _spread(self, queue: Name, place: int) -> Spread:
        spreads = self.queues.get(queue)
        if spreads is None:
            # A sum of `place` exponential times has a relative variance of 1/place; how fast the
            # line moves varies, too. Begin wide: a range that is too narrow breaks its promise.
            wide = [sqrt(1 / (1 << number) + _UNREST) for number in range(_BINS)]
            spreads = self.queues[queue] = [Spread([z * one for z in _SPREAD], one) for one in wide]
        return spreads[min(_BINS - 1, place.bit_length() - 1)]


def _seen(key: ClassKey, line: Line, place: int, head_ms: int) -> Seen:
    head = head_ms / 1000
    last = line.last_delay if line.last_delay >= 0 else head
    return (key, place, head, last, line.gap if line.gap >= 0 else _FIRST_GAP)


def _inputs(seen: Seen) -> tuple[float, float, float, float]:
    _, place, head, last, gap = seen
    return (1.0, log(head + 1), log(last + 1), log(place * gap + 1))


def _blend(weights: list[float], inputs: tuple[float, float, float, float]) -> float:
    base, head, last, place = weights
    return base * inputs[0] + head * inputs[1] + last * inputs[2] + place * inputs[3]
