"""The state file and the lock: who runs here, as seen by others."""

import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.errors import LocalError
from deploy.local.paths import ROOT
from deploy.local.state import State, StateFile

STATE = State(pid=4711, ready=True, processes={"broker": 4712}, ports={"kafka": 19092})


def test_nothing_runs_in_a_new_folder(tmp_path: Path) -> None:
    assert StateFile(tmp_path / "run").read() is None
    assert not StateFile(tmp_path / "run").is_held()


def test_others_read_what_the_holder_wrote(tmp_path: Path) -> None:
    holder = StateFile(tmp_path)
    holder.acquire()
    holder.write(STATE)
    assert StateFile(tmp_path).read() == STATE
    holder.release()
    assert StateFile(tmp_path).read() is None
    assert not (tmp_path / "state.json").exists()


def test_second_supervisor_is_told_of_the_first(tmp_path: Path) -> None:
    holder = StateFile(tmp_path)
    holder.acquire()
    holder.write(STATE)
    with pytest.raises(LocalError, match=r"already running \(pid 4711\).*make stop"):
        StateFile(tmp_path).acquire()
    holder.release()


def test_what_a_killed_supervisor_left_behind_counts_for_nothing(tmp_path: Path) -> None:
    code = f"""
import os, signal
from pathlib import Path
from deploy.local.state import State, StateFile
file = StateFile(Path({str(tmp_path)!r}))
file.acquire()
file.write(State(os.getpid(), ready=True))
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    assert (tmp_path / "state.json").exists()
    assert StateFile(tmp_path).read() is None
    heir = StateFile(tmp_path)
    heir.acquire()
    assert StateFile(tmp_path).read() is None
    heir.release()


def test_half_a_file_is_no_state(tmp_path: Path) -> None:
    holder = StateFile(tmp_path)
    holder.acquire()
    (tmp_path / "state.json").write_text('{"pid": 1', encoding="utf-8")
    assert StateFile(tmp_path).read() is None
    holder.release()
