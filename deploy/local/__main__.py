"""`python -m deploy.local run|up|stop|status|demo`: the platform on this machine.

`run` stays in the foreground until Ctrl-C, with the demo's customers and agents; `up` returns when
the platform is ready; `stop` ends it; `demo` measures for a while on the running stack or on one of
its own, and its exit code is the demo's.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType

from deploy.local import dotenv
from deploy.local.background import stop_running, up
from deploy.local.child import die_with
from deploy.local.demo import DemoRun
from deploy.local.errors import LocalError
from deploy.local.paths import ROOT, Places
from deploy.local.process import wait_until
from deploy.local.stack import LocalStack, Stopped
from deploy.local.state import StateFile
from deploy.local.summary import ready_lines, status_lines

INTERRUPTED = 130
NOT_RUNNING = 3


class Signals:
    """Counts SIGINT, SIGTERM and SIGHUP: the first asks for the end, the second for it at once."""

    def __init__(self) -> None:
        self.count = 0
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._came)

    def _came(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1

    def stopping(self) -> bool:
        """Whether the end was asked for."""
        return self.count > 0

    def impatient(self) -> bool:
        """Whether it was asked for twice."""
        return self.count > 1


def say(text: str) -> None:
    """One line on the console."""
    print(text, flush=True)


def supervise(
    only: str | None, *, work: Callable[[LocalStack, Signals], int], background: bool = False
) -> int:
    """Bring a stack up, do the work on it in this process, and take it down.

    In the foreground of a `make`, the end of make is the end of this, too.
    """
    signals = Signals()
    if "MAKELEVEL" in os.environ and not background:
        die_with(os.getppid(), signal.SIGTERM)
    parts = None if only is None else only.split(",")
    stack = LocalStack(os.environ, say=say, stopping=signals.stopping, only=parts)
    try:
        stack.start()
    except Stopped:
        return INTERRUPTED
    try:
        code = work(stack, signals)
    finally:
        stack.stop(impatient=signals.impatient)
    return INTERRUPTED if signals.stopping() and code == 0 else code


def run(only: str | None) -> int:
    """In the foreground, with the demo to be watched until Ctrl-C."""
    say("Starting the local platform …")

    def work(stack: LocalStack, signals: Signals) -> int:
        for line in ready_lines(stack.ports, only):
            say(line)
        say("Ctrl-C stops everything.")
        if only is None:
            play = DemoRun([], stack.env)
            stack.run(until=lambda: play.over)
            code = play.end(impatient=signals.impatient)
            if not signals.stopping():
                say(f"The demo ended with exit code {code}; the platform goes on.")
        stack.run()
        say("Stopping …")
        return 0

    code = supervise(only, work=work)
    say("Stopped; the data is kept in .local.")
    return 0 if code == INTERRUPTED else code


def serve(only: str | None) -> int:
    """What `up` starts in the background."""

    def work(stack: LocalStack, _signals: Signals) -> int:
        stack.run()
        return 0

    code = supervise(only, work=work, background=True)
    return 0 if code == INTERRUPTED else code


def demo(arguments: list[str]) -> int:
    """Run `python -m demo` with these arguments against the running stack, or against its own."""
    if StateFile(Places().run).read() is not None:
        state = up(None, say)
        signals = Signals()
        play = DemoRun(arguments, state.env)
        while not wait_until(lambda: play.over or signals.stopping(), 3600.0):
            pass
        return play.end(impatient=signals.impatient)

    def work(stack: LocalStack, signals: Signals) -> int:
        play = DemoRun(arguments, stack.env)
        stack.run(until=lambda: play.over)
        return play.end(impatient=signals.impatient)

    say("No platform is running: starting one for the demo …")
    return supervise(None, work=work)


def status() -> int:
    """Print what runs; 0 when it is ready."""
    state = StateFile(Places().run).read()
    for line in status_lines(state):
        say(line)
    return 0 if state is not None and state.ready else NOT_RUNNING


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("run", "up", "serve"):
        command = commands.add_parser(name)
        command.add_argument("--only", help="parts to start, with commas: broker,redis,topics,…")
    commands.add_parser("stop")
    commands.add_parser("status")
    commands.add_parser("demo", help="everything after it goes to `python -m demo`")
    options, rest = parser.parse_known_args(arguments)
    if rest and options.command != "demo":
        parser.error(f"what is {' '.join(rest)}?")
    options.rest = rest
    return options


def main(arguments: list[str]) -> int:
    """Carry the command out; errors are one sentence on standard error."""
    options = parse(arguments)
    try:
        dotenv.load(ROOT / ".env", os.environ)
        match options.command:
            case "run":
                return run(options.only)
            case "serve":
                return serve(options.only)
            case "up":
                for line in ready_lines(up(options.only, say).ports, options.only):
                    say(line)
                return 0
            case "stop":
                stop_running(say)
                return 0
            case "status":
                return status()
            case _:
                return demo(options.rest)
    except LocalError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
