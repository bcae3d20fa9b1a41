"""Pictures. matplotlib is an extra (`plots`) and only asked for here."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any


class NoPlots(Exception):
    """matplotlib is not installed."""


def require() -> None:
    """Raises `NoPlots` with what to do, before a long run rather than after it."""
    if find_spec("matplotlib") is None:
        raise NoPlots("plots need matplotlib: install the extra `plots`")


@contextmanager
def figure(out: Path, columns: int = 1, *, height: float = 4.0) -> Iterator[list[Any]]:
    """Axes side by side, saved to `out` at the end (its suffix says the format)."""
    require()
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    picture = Figure(figsize=(5.2 * columns, height), layout="constrained")
    FigureCanvasAgg(picture)
    axes = picture.subplots(1, columns, squeeze=False)
    yield list(axes[0])
    out.parent.mkdir(parents=True, exist_ok=True)
    # Without the date, the same figures give the same file.
    metadata = {"Date": None} if out.suffix == ".svg" else None
    picture.savefig(out, metadata=metadata)
