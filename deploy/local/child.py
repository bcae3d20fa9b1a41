"""Becomes another program that dies with its starter: `python child.py STARTER PROGRAM ARGS…`.

The kernel is asked (Linux) to kill this process when the thread that started it ends. A program of
its own rather than a hook between fork and exec: such a hook is unsafe beside threads.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with(starter: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Ask for the signal at the end of the starter; end now if that has already happened."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)
    if os.getppid() != starter:
        os.kill(os.getpid(), number)


def main(arguments: list[str]) -> None:
    """Bind this process to its starter and become the program."""
    die_with(int(arguments[0]))
    try:
        os.execvp(arguments[1], arguments[1:])
    except OSError as error:
        sys.exit(f"{arguments[1]} cannot be run: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
