"""Independent pieces of work on all cores, with a progress bar."""

import gc
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

Task = TypeVar("Task")
Result = TypeVar("Result")


def run_all(
    work: Callable[[Task], Result],
    tasks: Sequence[Task],
    title: str,
    *,
    processes: int | None = None,
) -> list[Result]:
    """`work` of every task, in the order of the tasks. Work and tasks must be picklable: the
    processes are started afresh, so that nothing of the parent's state can matter. With one
    process all runs in this one."""
    count = min(processes or os.cpu_count() or 1, len(tasks))
    with _progress() as progress:
        bar = progress.add_task(title, total=len(tasks))
        if count <= 1:
            results = []
            for task in tasks:
                results.append(work(task))
                progress.advance(bar)
            return results
        with ProcessPoolExecutor(
            count, mp_context=get_context("spawn"), initializer=_prepare
        ) as pool:
            futures = [pool.submit(work, task) for task in tasks]
            for _ in as_completed(futures):
                progress.advance(bar)
            return [future.result() for future in futures]


def _prepare() -> None:
    # A day allocates much that lives until its end: look for garbage seldom.
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
