"""How a long download shows itself: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

LINES = 5


class Progress:
    """Told from many threads what has arrived; prints a line for every fifth of the files."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._lock = threading.Lock()
        self._files = 0
        self._done = 0
        self._bytes = 0

    @contextmanager
    def counting(self, files: int) -> Iterator[None]:
        """Around the whole download of so many files."""
        self._files = files
        print(f"Fetching {files} jars of the Kafka broker …", file=self._out, flush=True)
        yield

    def received(self, size: int) -> None:
        """So many bytes more."""
        with self._lock:
            self._bytes += size

    def finished(self, name: str) -> None:
        """This file is complete and verified."""
        with self._lock:
            self._done += 1
            if self._done == self._files or self._done % max(1, self._files // LINES) == 0:
                size = self._bytes / 1e6
                print(
                    f"  {self._done} of {self._files} ({size:.0f} MB), last {name}",
                    file=self._out,
                    flush=True,
                )


class BarProgress(Progress):
    """The same as a moving bar; rich is imported only when there is something to show."""

    @contextmanager
    def counting(self, files: int) -> Iterator[None]:
        """Show the bar while the download lasts."""
        from rich import progress  # noqa: PLC0415 - slow, and only needed for a bar
        from rich.console import Console  # noqa: PLC0415

        columns = (
            progress.TextColumn("Kafka broker"),
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TextColumn("jars, {task.fields[size]:.0f} MB"),
            progress.TimeElapsedColumn(),
        )
        with progress.Progress(*columns, console=Console(file=self._out)) as bar:
            self._bar = bar
            self._task = bar.add_task("", total=files, size=0.0)
            yield

    def received(self, size: int) -> None:
        """Count the bytes and show them."""
        super().received(size)
        self._bar.update(self._task, size=self._bytes / 1e6)

    def finished(self, name: str) -> None:  # noqa: ARG002 - the bar shows no names
        """Move the bar on by one file."""
        self._bar.advance(self._task)


def progress_for(out: TextIO) -> Progress:
    """A bar where somebody can see it move, else lines."""
    return BarProgress(out) if out.isatty() else Progress(out)
