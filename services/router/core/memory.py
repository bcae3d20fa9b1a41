"""Forgetting the oldest of what is remembered, in batches: a dict that loses its first key again
and again takes ever longer to say which is the first now."""

from collections.abc import Iterable
from itertools import islice
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")

BATCH = 200
"""Keys that are forgotten at once, or a 64th of what is kept if that is fewer."""


def surplus(remembered: dict[K, V], keep: int) -> Iterable[K]:
    """The oldest keys, those beyond `keep`, once there is a batch of them; none before."""
    more = len(remembered) - keep
    return list(islice(remembered, more)) if more > min(BATCH, keep // 64) else ()


def forget(remembered: dict[K, V], keep: int) -> None:
    """Forget the surplus."""
    for key in surplus(remembered, keep):
        del remembered[key]
