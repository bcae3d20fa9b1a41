"""Set-up: what it refuses, when it has nothing to do, and what it does with half a state."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from deploy.local import bootstrap
from deploy.local.bootstrap import SetupError

PLENTY = 1 << 40


@pytest.fixture
def venv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with locks and a finished environment."""
    folder = tmp_path / ".venv"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").write_text("", encoding="utf-8")
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "VENV", folder)
    monkeypatch.setattr(bootstrap, "PYTHON", folder / "bin" / "python")
    monkeypatch.setattr(bootstrap, "STAMP", folder / "stamp")
    for name in ("BOOTSTRAP_LOCK", "DEV_LOCK"):
        (tmp_path / name).write_text(name, encoding="utf-8")
        monkeypatch.setattr(bootstrap, name, tmp_path / name)
    bootstrap.STAMP.write_text(bootstrap.wanted_stamp(), encoding="utf-8")
    return folder


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The steps that were taken, instead of taking them."""
    taken: list[str] = []
    monkeypatch.setattr(bootstrap, "create_venv", lambda: taken.append("create"))
    monkeypatch.setattr(bootstrap, "sync", lambda: taken.append("sync"))
    monkeypatch.setattr(bootstrap, "check_machine", lambda *_: None)
    return taken


def test_small_disk_is_refused_with_the_numbers() -> None:
    with pytest.raises(SetupError, match=r"needs 2 GB of free disk .* only 1\.0 GB"):
        bootstrap.check_machine(1 << 30, PLENTY)


def test_little_memory_is_refused_with_the_numbers() -> None:
    with pytest.raises(SetupError, match=r"needs 1\.5 GB of free memory, but only 0\.5 GB"):
        bootstrap.check_machine(PLENTY, 1 << 29)


def test_memory_that_cannot_be_seen_is_no_reason_to_refuse() -> None:
    bootstrap.check_machine(PLENTY, None)


def test_old_python_without_a_newer_one_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "OLDEST", (99, 0))
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(SetupError, match=r"needs Python 3\.11 or newer, but python3 here is"):
        bootstrap.use_a_new_enough_python()


def test_old_python_hands_over_to_a_newer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(bootstrap, "OLDEST", (99, 0))
    monkeypatch.setattr(shutil, "which", lambda name: f"/opt/{name}")
    monkeypatch.setattr(os, "execv", lambda _, argv: started.append(argv))
    monkeypatch.setattr(sys, "argv", ["bootstrap.py"])
    with pytest.raises(SetupError):  # the real execv does not come back
        bootstrap.use_a_new_enough_python()
    assert started[0] == ["/opt/python3.13", "bootstrap.py"]


@pytest.mark.usefixtures("venv")
def test_finished_environment_is_left_alone(steps: list[str]) -> None:
    bootstrap.set_up()
    assert steps == []


@pytest.mark.usefixtures("venv")
def test_changed_lock_is_synchronised_into_the_same_environment(steps: list[str]) -> None:
    (bootstrap.VENV / "bin" / "uv").write_text("", encoding="utf-8")
    bootstrap.DEV_LOCK.write_text("changed", encoding="utf-8")
    bootstrap.set_up()
    assert steps == ["sync"]
    assert bootstrap.is_complete()


@pytest.mark.usefixtures("venv")
def test_environment_without_a_stamp_is_built_anew(steps: list[str]) -> None:
    bootstrap.STAMP.unlink()
    bootstrap.set_up()
    assert steps == ["create", "sync"]
    assert bootstrap.is_complete()


def test_python_that_has_moved_means_a_new_environment(venv: Path, steps: list[str]) -> None:
    (venv / "bin" / "uv").write_text("", encoding="utf-8")
    moved = venv / "bin" / "python3.99"
    (venv / "bin" / "python").rename(moved)
    (venv / "bin" / "python").symlink_to(moved)
    bootstrap.set_up()
    assert steps == ["create", "sync"]


@pytest.mark.usefixtures("venv")
def test_interrupted_step_leaves_no_stamp(
    steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    (bootstrap.VENV / "bin" / "uv").write_text("", encoding="utf-8")
    bootstrap.DEV_LOCK.write_text("changed", encoding="utf-8")
    monkeypatch.setattr(bootstrap, "sync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        bootstrap.set_up()
    assert not bootstrap.STAMP.exists()
    monkeypatch.setattr(bootstrap, "sync", lambda: steps.append("sync"))
    bootstrap.set_up()
    assert steps == ["create", "sync"]


def test_registry_out_of_reach_is_told_apart_from_other_failures(tmp_path: Path) -> None:
    script = tmp_path / "step"
    for output, sentence in (
        ("error: Failed to fetch: dns error", "could not be reached"),
        ("error: hash mismatch", "failed with exit code 7"),
    ):
        script.write_text(f"#!/bin/sh\necho '{output}'\nexit 7\n", encoding="utf-8")
        script.chmod(0o755)
        with pytest.raises(SetupError, match=sentence):
            bootstrap.run("Installing packages", [str(script)], {})
