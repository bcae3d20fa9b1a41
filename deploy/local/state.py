"""`run/state.json`: what runs, where, and whether it is ready; and the lock of who may run.

The lock is the truth about "is it running": the kernel drops it with the supervisor, however that
one ends. The file only says what the holder of the lock wants others to know.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from io import TextIOWrapper
from pathlib import Path

from deploy.local.errors import LocalError
from deploy.local.process import wait_until

LOCK_PATIENCE = 0.5


@dataclass(frozen=True, slots=True)
class State:
    """A running stack: the supervisor's pid, pids and ports by name, and the settings that reach
    it (`env`), for whoever wants to talk to it."""

    pid: int
    ready: bool = False
    processes: Mapping[str, int] = field(default_factory=dict)
    ports: Mapping[str, int] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)


class StateFile:
    """The state and the lock in one folder."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "state.json"
        self._lock_file = folder / "lock"
        self._lock: TextIOWrapper | None = None

    def acquire(self) -> None:
        """Become the one supervisor here, or say who is."""
        self._lock_file.parent.mkdir(parents=True, exist_ok=True)
        lock = self._lock_file.open("w", encoding="ascii")
        if not wait_until(lambda: _try(lock, fcntl.LOCK_EX), LOCK_PATIENCE):
            lock.close()
            state = self._read()
            who = "" if state is None else f" (pid {state.pid})"
            raise LocalError(f"The local platform is already running{who}: `make stop` stops it.")
        self._file.unlink(missing_ok=True)  # of one that was killed
        self._lock = lock

    def release(self) -> None:
        """Say that nothing runs any more."""
        self._file.unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def write(self, state: State) -> None:
        """Replace the file; a reader sees the old one or the new one."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(state), indent=2) + "\n", encoding="utf-8")
        fresh.replace(self._file)

    def is_held(self) -> bool:
        """Whether a supervisor lives."""
        try:
            with self._lock_file.open("r", encoding="ascii") as lock:
                return not _try(lock, fcntl.LOCK_SH)
        except FileNotFoundError:
            return False

    def read(self) -> State | None:
        """What runs now; None when nothing does, whatever a dead supervisor left behind."""
        return self._read() if self.is_held() else None

    def _read(self) -> State | None:
        try:
            return State(**json.loads(self._file.read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return None


def _try(lock: TextIOWrapper, mode: int) -> bool:
    try:
        fcntl.flock(lock, mode | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
