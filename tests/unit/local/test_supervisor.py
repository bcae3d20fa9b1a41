"""The supervisor: whatever dies comes back, ever more slowly, and stop leaves nothing."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.local.process import Managed, wait_until
from deploy.local.supervisor import Supervisor

DEADLINE = 10.0


class Dummy(Managed):
    """A process of the test's imagination."""

    def __init__(self, name: str) -> None:
        super().__init__(name, [], log=Path(f"{name}.log"))
        self.alive = False
        self.launches = 0

    @property
    def running(self) -> bool:
        return self.alive

    def launch(self) -> None:
        self.alive = True
        self.launches += 1

    def terminate(self) -> None:
        self.alive = False

    def how_it_ended(self) -> str:
        return "ended with exit code 1"


class Scene:
    """A supervisor with a clock that the test turns, and what it said."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.said: list[str] = []
        self.supervisor = Supervisor(self.said.append, clock=lambda: self.now)
        self.process = Dummy("router")
        self.supervisor.watch(self.process)

    def after(self, seconds: float) -> int:
        """Let time pass; how often the process was launched until now."""
        self.now += seconds
        self.supervisor.tick()
        return self.process.launches

    def die(self) -> None:
        self.process.alive = False
        self.supervisor.tick()


def test_dead_process_is_started_again_after_a_short_pause() -> None:
    scene = Scene()
    scene.die()
    assert scene.after(0.19) == 1
    assert scene.after(0.02) == 2
    scene.supervisor.tick()
    assert scene.said == [
        "router ended with exit code 1; starting it again.",
        "router is back, 0.0 s after its start.",
    ]


def test_pauses_double_up_to_five_seconds() -> None:
    scene = Scene()
    for pause in (0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0):
        scene.die()
        launches = scene.process.launches
        assert scene.after(pause - 0.01) == launches
        assert scene.after(0.02) == launches + 1


def test_ten_healthy_seconds_make_the_pause_short_again() -> None:
    scene = Scene()
    for _ in range(6):
        scene.die()
        scene.after(5.0)
    scene.after(10.0)
    scene.die()
    launches = scene.process.launches
    assert scene.after(0.21) == launches + 1


def test_process_that_keeps_dying_is_not_told_for_ever() -> None:
    scene = Scene()
    for _ in range(8):
        scene.die()
        scene.after(5.0)
        scene.after(1.0)
    said = len(scene.said)
    assert "keeps dying" in scene.said[-1]
    for _ in range(50):
        scene.die()
        scene.after(5.0)
        scene.after(1.0)
    assert len(scene.said) == said
    scene.after(10.0)
    assert "is back" in scene.said[-1]


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    made = Supervisor(lambda _: None)
    yield made
    made.stop()


def turning(supervisor: Supervisor, condition: Callable[[], bool]) -> bool:
    """Whether the condition comes true while the supervisor works."""

    def turn() -> bool:
        supervisor.tick()
        return condition()

    return wait_until(turn, DEADLINE)


def test_real_process_comes_back_after_a_kill(supervisor: Supervisor, tmp_path: Path) -> None:
    code = "import signal; signal.pause()"
    process = Managed("sleeper", [sys.executable, "-c", code], log=tmp_path / "log")
    supervisor.watch(process)
    first = process.pid
    process.kill()
    assert turning(supervisor, lambda: process.pid not in (None, first))


def test_real_process_that_crashes_is_tried_again_and_again(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    process = Managed("crasher", [sys.executable, "-c", "print('tried'); exit(3)"], log=log)
    supervisor.watch(process)
    assert turning(supervisor, lambda: log.read_bytes().count(b"tried") >= 3)


def test_stop_leaves_no_process_not_even_a_deaf_one(supervisor: Supervisor, tmp_path: Path) -> None:
    code = "import signal; signal.signal(15, signal.SIG_IGN); print('up', flush=True)\n"
    code += "while True: signal.pause()"
    log = tmp_path / "log"
    process = Managed("deaf", [sys.executable, "-c", code], log=log)
    supervisor.watch(process)
    assert wait_until(lambda: b"up" in log.read_bytes(), DEADLINE)
    supervisor.stop(timeout=0.1)
    assert not process.running
    assert supervisor.processes == []
