"""Background tasks that must not die silently."""

import asyncio
import logging
import os
from collections.abc import Coroutine
from typing import Any

log = logging.getLogger(__name__)


def die(reason: str, error: BaseException | None = None) -> None:
    """End the process at once, uncommitted; a supervisor starts it again."""
    log.critical("the process ends: %s", reason, exc_info=error)
    logging.shutdown()
    os._exit(70)


def start(name: str, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
    """Run `work` beside everything else; if it raises, the process dies."""
    task = asyncio.create_task(work, name=name)

    def ended(done: "asyncio.Task[None]") -> None:
        if not done.cancelled() and (error := done.exception()) is not None:
            die(f"task {name} failed", error)

    task.add_done_callback(ended)
    return task


async def stop(task: "asyncio.Task[Any] | None") -> None:
    """Cancel the task and wait until it is done.

    Not `asyncio.wait_for`: around a cancelled task it loses the cancel on Python 3.11.
    """
    if task is None or task.done():
        return
    task.cancel()
    await asyncio.wait([task])
