"""Child processes: never an orphan, and a failure that tells why."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from deploy.local.errors import LocalError
from deploy.local.paths import ROOT
from deploy.local.process import CHILD, Managed, wait_until

FOREVER = ["-c", "import signal; print('up', flush=True); signal.pause()"]
DEADLINE = 10.0


def exists(pid: int) -> bool:
    """Whether the process runs; a zombie that nobody has fetched yet does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Callable[[Sequence[str]], Managed]]:
    made: list[Managed] = []

    def make(arguments: Sequence[str]) -> Managed:
        name = f"program-{len(made)}"
        process = Managed(name, [sys.executable, *arguments], log=tmp_path / f"{name}.log")
        made.append(process)
        return process

    yield make
    for process in made:
        process.kill()


def test_child_dies_with_a_starter_that_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = f"""
import sys
from pathlib import Path
from deploy.local.process import Managed
child = Managed("child", [sys.executable, *{FOREVER!r}], log=Path({str(log)!r}))
child.launch()
print(child.pid, flush=True)
sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as starter:
        assert starter.stdout is not None
        child = int(starter.stdout.readline())
        assert wait_until(lambda: b"up" in log.read_bytes(), DEADLINE)
        assert exists(child)
        starter.kill()
    assert wait_until(lambda: not exists(child), DEADLINE)


def test_child_whose_starter_is_gone_already_does_not_begin() -> None:
    nobody = "999999999"
    done = subprocess.run(
        [sys.executable, str(CHILD), nobody, "echo", "begun"], capture_output=True, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert done.stdout == b""


def test_child_outlives_the_thread_that_launched_it(
    program: Callable[[Sequence[str]], Managed],
) -> None:
    child = program(FOREVER)

    def launch() -> None:
        child.launch()
        wait_until(lambda: b"up" in child.log.read_bytes(), DEADLINE)

    thread = threading.Thread(target=launch)
    thread.start()
    thread.join()
    kernels = Path(f"/proc/self/task/{thread.native_id}")
    assert wait_until(lambda: not kernels.exists(), DEADLINE)
    # A child bound to that thread would be killed now; one that lives on hears SIGTERM.
    child.stop()
    assert child.exit_code == -signal.SIGTERM


def test_stop_takes_the_children_of_the_child_along(
    program: Callable[[Sequence[str]], Managed],
) -> None:
    code = (
        "import subprocess, sys;"
        f"p = subprocess.Popen([sys.executable, *{FOREVER!r}], stdout=subprocess.DEVNULL);"
        "print(p.pid, flush=True); import signal; signal.pause()"
    )
    parent = program(["-c", code])
    parent.launch()
    assert wait_until(lambda: parent.log.read_bytes().endswith(b"\n"), DEADLINE)
    grandchild = int(parent.log.read_bytes())
    assert exists(grandchild)
    parent.stop()
    assert not parent.running
    assert wait_until(lambda: not exists(grandchild), DEADLINE)


def test_stop_lets_a_paused_one_end_by_itself(
    program: Callable[[Sequence[str]], Managed],
) -> None:
    handler = (
        "import signal, sys; signal.signal(15, lambda *_: sys.exit(7)); print('up', flush=True)"
    )
    process = program(["-c", f"{handler}\nwhile True: signal.pause()"])
    process.launch()
    assert wait_until(lambda: b"up" in process.log.read_bytes(), DEADLINE)
    process.pause()
    process.stop()
    assert process.exit_code == 7


def test_death_before_ready_shows_the_end_of_the_log(
    program: Callable[[Sequence[str]], Managed],
) -> None:
    process = program(["-c", "import sys; sys.exit('no such pool')"])
    process._ready = lambda: False
    with pytest.raises(LocalError, match=r"(?s)ended with exit code 1.*no such pool"):
        process.start(DEADLINE)


def test_program_that_does_not_exist_is_named(tmp_path: Path) -> None:
    process = Managed("ghost", ["/nowhere/ghost"], log=tmp_path / "log", ready=lambda: False)
    with pytest.raises(LocalError, match=r"(?s)ghost ended.*/nowhere/ghost cannot be run"):
        process.start(DEADLINE)


def test_environment_and_folder_reach_the_program(tmp_path: Path) -> None:
    code = "import os; print(os.environ['JONOTON_X'], os.getcwd())"
    log = tmp_path / "log"
    process = Managed(
        "echo", [sys.executable, "-c", code], env={"JONOTON_X": "7"}, cwd=tmp_path, log=log
    )
    process.launch()
    assert wait_until(lambda: not process.running, DEADLINE)
    assert log.read_text(encoding="utf-8") == f"7 {os.path.realpath(tmp_path)}\n"
