"""The program: options, signals, view, report."""

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import uvloop
from rich.console import Console

from demo.door import GaveUp, Refused
from demo.numbers import failures
from demo.options import Options, parse
from demo.places import find_places
from demo.run import Demo
from demo.view.scene import Scenes
from demo.view.show import save_picture, show_live, show_plain
from services.kit.errors import RefusedToStart

FAILED, CANNOT, INTERRUPTED = 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0: nothing was lost, doubled or above capacity; 1: something was; 2: the
    platform could not be used."""
    options = parse(arguments)
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    for noisy in ("aiokafka", "mail.log"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_main(options))
    except (GaveUp, Refused, RefusedToStart) as error:
        print(f"The demo cannot run: {error}", file=sys.stderr)
        return CANNOT
    except asyncio.CancelledError:
        return INTERRUPTED


async def _main(options: Options) -> int:
    console = Console()
    stop = asyncio.Event()
    demo = Demo(
        options,
        find_places(os.environ),
        lambda text: console.print(text, highlight=False, markup=False),
    )
    _stop_on_signals(demo, stop)
    scenes = Scenes(demo)
    watching = console.is_terminal and not options.headless and options.picture is None
    view = asyncio.create_task(_show(demo, scenes, console, watching))
    try:
        numbers = await demo.run(stop)
    finally:
        view.cancel()
        with suppress(asyncio.CancelledError):
            await view
    if options.picture is not None:
        save_picture(scenes, options.picture)
        console.print(f"The picture is in {options.picture}.", highlight=False)
    return _conclude(options, numbers, console)


async def _show(demo: Demo, scenes: Scenes, console: Console, watching: bool) -> None:
    for name, address in demo.places.pages.items():
        console.print(f"{name:>5}  {address}", highlight=False, soft_wrap=True)
    await demo.connected.wait()
    await (show_live(scenes, console) if watching else show_plain(scenes, console))


def _stop_on_signals(demo: Demo, stop: asyncio.Event) -> None:
    """The first signal asks for the end, which is quick before the doors are open; the second
    does not wait for it."""
    loop = asyncio.get_running_loop()
    main_task = asyncio.current_task()

    def came() -> None:
        if (stop.is_set() or demo.stage != "open") and main_task is not None:
            main_task.cancel()
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, came)


def _conclude(options: Options, numbers: dict[str, Any], console: Console) -> int:
    text = json.dumps(numbers, indent=2, ensure_ascii=False)
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(text + "\n", encoding="utf-8")
    if options.headless:
        print(text)
        wrong = failures(numbers)
    else:
        console.print(
            f"{numbers['contacts_in']} contacts came, {numbers['contacts_completed']} were "
            f"answered by agents, {numbers['contacts_withdrawn'].get('solved', 0)} solved by the "
            "bot.",
            highlight=False,
        )
        # Interrupted in the middle, some are of course still waiting.
        wrong = [f for f in failures(numbers) if not f.startswith(_UNFINISHED)]
    if wrong:
        print(f"NOT in order: {', '.join(wrong)}.", file=sys.stderr)
        for finding in numbers["findings"][:20]:
            print(f"  {finding}", file=sys.stderr)
        return FAILED
    return 0


_UNFINISHED = ("lost", "left_waiting", "answers_missing", "no contact")
