"""Background work that must not die silently."""

import asyncio
import subprocess
import sys

import pytest

from services.kit import tasks

DIES = """
import asyncio, sys
from services.kit import tasks

async def fail():
    raise RuntimeError("a bug")

async def main():
    tasks.start("work", fail())
    await asyncio.sleep(30)
    print("still here")

try:
    asyncio.run(main())
finally:
    print("tidied up")
"""


def test_task_that_fails_ends_the_process_at_once() -> None:
    done = subprocess.run(
        [sys.executable, "-c", DIES], capture_output=True, text=True, timeout=90, check=False
    )
    assert done.returncode == 70
    assert done.stdout == ""


@pytest.mark.anyio
async def test_task_that_is_done_ends_nothing() -> None:
    done = asyncio.Event()

    async def work() -> None:
        done.set()

    task = tasks.start("work", work())
    await task
    assert done.is_set()


@pytest.mark.anyio
async def test_stop_waits_until_the_task_has_tidied_up() -> None:
    notes: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            notes.append("tidied up")

    task = tasks.start("work", work())
    await asyncio.sleep(0)
    await tasks.stop(task)
    assert notes == ["tidied up"]
    await tasks.stop(task)
    await tasks.stop(None)
