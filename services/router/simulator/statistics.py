"""Means with their uncertainty."""

from collections.abc import Sequence
from math import isfinite, sqrt

import msgspec
import numpy as np
from scipy.special import stdtrit


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """A mean, its standard error, and the half width of its confidence interval (Student's t,
    independent replications; NaN of fewer than two)."""

    mean: float
    error: float
    half: float
    count: int

    @property
    def low(self) -> float:
        """The lower end."""
        return self.mean - self.half

    @property
    def high(self) -> float:
        """The upper end."""
        return self.mean + self.half


def interval(values: Sequence[float], level: float = 0.95) -> Interval:
    """The mean of independent values, with its interval at the confidence `level`."""
    count = len(values)
    mean = float(np.mean(values))
    if count < 2:
        return Interval(mean=mean, error=float("nan"), half=float("nan"), count=count)
    error = float(np.std(values, ddof=1)) / sqrt(count)
    half = float(stdtrit(count - 1, (1 + level) / 2)) * error
    return Interval(mean=mean, error=error, half=half, count=count)


def paired(values: Sequence[float], base: Sequence[float], level: float = 0.95) -> Interval:
    """The mean of the differences of pairs: what common random numbers are drawn for."""
    differences = [value - other for value, other in zip(values, base, strict=True)]
    return interval(differences, level)


def inside(found: Interval, expected: float, error: float = 0.0, errors: float = 3.0) -> bool:
    """Whether the mean is within so many standard errors of what is expected, which may have a
    standard `error` of its own."""
    both = sqrt(found.error**2 + error**2) if isfinite(found.error) else error
    return abs(found.mean - expected) <= errors * both
