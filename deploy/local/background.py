"""The stack in the background: brought up by a detached supervisor, ended through its pid."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable

from deploy.local.errors import LocalError
from deploy.local.paths import ROOT, Places
from deploy.local.process import tail, wait_until
from deploy.local.state import State, StateFile

UP_TIMEOUT = 300.0
STOP_TIMEOUT = 45.0


def up(only: str | None, say: Callable[[str], None]) -> State:
    """The running stack once it is ready; starts one unless one runs."""
    places = Places()
    state_file = StateFile(places.run)
    supervisor: subprocess.Popen[bytes] | None = None
    log = places.logs / "supervisor.log"
    if not state_file.is_held():
        say("Starting the local platform …")
        log.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "deploy.local", "serve"]
        with log.open("wb") as out:
            supervisor = subprocess.Popen(
                command + ([] if only is None else ["--only", only]),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def settled() -> bool:
        if supervisor is not None and supervisor.poll() is not None:
            return True
        state = state_file.read()
        ours = supervisor is None or (state is not None and state.pid == supervisor.pid)
        return ours and state is not None and state.ready

    try:
        wait_until(settled, UP_TIMEOUT)
    except KeyboardInterrupt:
        stop_running(say)
        raise
    state = state_file.read()
    if state is None or not state.ready:
        raise LocalError(_sentence(tail(log, 60)) or "The local platform did not get ready.")
    return state


def _sentence(text: str) -> str:
    """What the supervisor said last, without what came before it."""
    said = re.search(r"^error: (.*)", text, re.DOTALL | re.MULTILINE)
    return said[1] if said else text


def stop_running(say: Callable[[str], None]) -> None:
    """End the running stack, wait until nothing of it is left; says so when nothing ran."""
    state_file = StateFile(Places().run)
    state = state_file.read()
    if state is None and not state_file.is_held():
        say("The local platform is not running.")
        return
    if not wait_until(lambda: state_file.read() is not None or not state_file.is_held(), 5.0):
        raise LocalError("A supervisor is running but does not say which; see .local/run.")
    state = state_file.read()
    if state is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(state.pid, signal.SIGTERM)
        if not wait_until(lambda: not state_file.is_held(), STOP_TIMEOUT):
            # Its children die with it: the kernel sees to that.
            with contextlib.suppress(ProcessLookupError):
                os.kill(state.pid, signal.SIGKILL)
    say("Stopped; the data is kept in .local.")
