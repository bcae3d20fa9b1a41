"""One child process of the local stack: its own group, its own log, and never an orphan.

Promises: a child dies with the process that started it, even when that one is killed with -9
(Linux); `stop` leaves nothing of the child's process group behind.
"""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deploy.local.errors import LocalError

CHILD = Path(__file__).with_name("child.py")
LOG_LIMIT = 10 * 1024**2
POLL = 0.02
TAIL = 15


@functools.cache
def _starter() -> ThreadPoolExecutor:
    """A thread that lives as long as this process, to start children from (see `child`)."""
    return ThreadPoolExecutor(1, "starter")


def mortal(argv: Sequence[str]) -> list[str]:
    """The command that runs `argv` so that it dies with this process."""
    return [sys.executable, "-I", "-S", str(CHILD), str(os.getpid()), *argv]


def wait_until(condition: Callable[[], bool], timeout: float) -> bool:
    """Ask again and again until the condition holds; False when the time in seconds is over."""
    deadline = time.monotonic() + timeout
    pause = threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            return False
        pause.wait(POLL)
    return True


def tail(log: Path, lines: int = TAIL) -> str:
    """The last lines of a log, for a person to read; empty when there is none."""
    try:
        text = log.read_bytes()[-16384:].decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


class Managed:
    """A program that can be started, asked whether it is ready, paused, killed and stopped.

    `ready` is asked without blocking for long; without one, running counts as ready.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        ready: Callable[[], bool] | None = None,
        stop_timeout: float = 10.0,
    ) -> None:
        self.name = name
        self.argv = list(argv)
        self.log = log
        self.env = dict(env or {})
        self._cwd = cwd
        self._ready = ready
        self._stop_timeout = stop_timeout
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._popen.pid if self._popen is not None and self.running else None

    @property
    def running(self) -> bool:
        """Whether the process exists (a paused one does)."""
        return self._popen is not None and self._popen.poll() is None

    @property
    def exit_code(self) -> int | None:
        """How it ended last time; negative is the signal's number."""
        return None if self._popen is None else self._popen.poll()

    @property
    def ready(self) -> bool:
        """Whether it does its work now."""
        return self.running and (self._ready is None or self._ready())

    def prepare(self) -> None:
        """What has to be on disk before a launch; done again before each."""

    def launch(self) -> None:
        """Start without waiting; whatever the last run left in its group is killed first."""
        if self.running:
            return
        self._kill_group()
        self.prepare()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.replace(self.log.with_name(f"{self.log.name}.1"))
        if threading.current_thread() is threading.main_thread():
            self._popen = self._spawn()
        else:
            self._popen = _starter().submit(self._spawn).result()

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as out:
            return subprocess.Popen(
                mortal(self.argv),
                env={**os.environ, **self.env},
                cwd=self._cwd,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                process_group=0,
            )

    def start(self, timeout: float = 60.0) -> None:
        """Launch and wait until ready; raises `LocalError` with the end of its log."""
        self.launch()
        self.wait_ready(timeout)

    def wait_ready(self, timeout: float = 60.0) -> None:
        """Wait until it does its work; raises `LocalError` when it ends or takes too long."""
        if wait_until(lambda: not self.running or self.ready, timeout) and self.running:
            return
        what = f"is not ready after {timeout:.0f} s" if self.running else self.how_it_ended()
        raise LocalError(f"{self.name} {what}. The end of {self.log.name}:\n{tail(self.log)}")

    def how_it_ended(self) -> str:
        """For the console: by which signal or with which code."""
        code = self.exit_code
        if code is not None and code < 0:
            return f"was ended by {signal.Signals(-code).name}"
        return f"ended with exit code {code}"

    def terminate(self) -> None:
        """Ask it to end; does not wait."""
        if self._popen is not None and self.running:
            with contextlib.suppress(ProcessLookupError):
                self._popen.send_signal(signal.SIGCONT)
                self._popen.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """Ask it to end, wait, and kill what is left of its group."""
        self.terminate()
        if self._popen is not None:
            wait_until(lambda: not self.running, self._stop_timeout)
        self.kill()

    def kill(self) -> None:
        """End the whole group at once, as `kill -9` does."""
        self._kill_group()
        if self._popen is not None:
            self._popen.wait()

    def restart(self, timeout: float = 60.0) -> None:
        """Start again after `kill` or `stop` (or replace the running one) and wait until ready."""
        self.stop()
        self.start(timeout)

    def pause(self) -> None:
        """Freeze the group: it holds its connections and says nothing."""
        self._signal_group(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._signal_group(signal.SIGCONT)

    def _kill_group(self) -> None:
        self._signal_group(signal.SIGKILL)

    def _signal_group(self, number: signal.Signals) -> None:
        if self._popen is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._popen.pid, number)
