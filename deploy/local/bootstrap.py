"""Makes `.venv` from the locked requirements, with nothing but the system's Python.

Promises: a second run with an unchanged lock asks no network and takes a fraction of a second; an
interrupted run leaves nothing that looks finished (the stamp is written last, and an environment
without a stamp is built anew); what is missing on the machine is said in one sentence.

This file must parse on old versions of Python, so that they too can say what is wanted.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "jonoton-stamp"
BOOTSTRAP_LOCK = ROOT / "requirements" / "bootstrap.txt"
DEV_LOCK = ROOT / "requirements" / "dev.txt"

OLDEST = (3, 11)
OTHER_PYTHONS = ("python3.13", "python3.12", "python3.11")
DISK_WANTED = 2 * 1024**3
MEMORY_WANTED = 1536 * 1024**2


class SetupError(Exception):
    """Set-up cannot go on; the text is one sentence for the person at the terminal."""


def say(text: str) -> None:
    """One line for the person at the terminal."""
    print(text, file=sys.stderr, flush=True)


def use_a_new_enough_python() -> None:
    """Start again under a newer interpreter when this one is too old for the project."""
    if sys.version_info >= OLDEST:
        return
    for name in OTHER_PYTHONS:
        found = shutil.which(name)
        if found:
            os.execv(found, [found, *sys.argv])
    version = ".".join(str(part) for part in sys.version_info[:3])
    raise SetupError(
        f"Jonoton needs Python 3.11 or newer, but python3 here is {version} "
        f"and none of {', '.join(OTHER_PYTHONS)} is on the path."
    )


def check_machine(free_disk: int, free_memory: int | None) -> None:
    """Refuse before anything is written when the machine is too small; sizes in bytes."""
    if free_disk < DISK_WANTED:
        raise SetupError(
            f"Set-up needs {DISK_WANTED / 1024**3:.0f} GB of free disk for {ROOT}, "
            f"but only {free_disk / 1024**3:.1f} GB are free."
        )
    if free_memory is not None and free_memory < MEMORY_WANTED:
        raise SetupError(
            f"The local platform needs {MEMORY_WANTED / 1024**3:.1f} GB of free memory, "
            f"but only {free_memory / 1024**3:.1f} GB are free."
        )


def free_memory() -> int | None:
    """Bytes that a new process could have, or None where the system does not say."""
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None


def wanted_stamp() -> str:
    """What the stamp says when the environment is complete for these locks and interpreter."""
    digest = hashlib.sha256(BOOTSTRAP_LOCK.read_bytes() + DEV_LOCK.read_bytes()).hexdigest()
    return f"{digest} {os.path.realpath(PYTHON)}\n"


def is_complete() -> bool:
    """Whether the environment is finished and belongs to the locks as they are now."""
    try:
        return STAMP.read_text(encoding="utf-8") == wanted_stamp() and PYTHON.exists()
    except OSError:
        return False


def is_whole() -> bool:
    """Whether the environment was finished once, for an older lock, and can be brought up to date.

    False for a half-built one (no stamp) and when the system's Python has moved from under it.
    """
    try:
        interpreter = STAMP.read_text(encoding="utf-8").strip().partition(" ")[2]
    except OSError:
        return False
    return interpreter == os.path.realpath(PYTHON) and PYTHON.exists()


def run(what: str, argv: list[str], env: dict[str, str]) -> None:
    """Run one step; when it fails, show the end of its output and say which step it was."""
    done = subprocess.run(
        argv, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if done.returncode == 0:
        return
    output = done.stdout.decode(errors="replace").strip()
    for line in output.splitlines()[-12:]:
        say(f"  {line}")
    if looks_like_network(output):
        raise SetupError(
            f"{what} failed because the package registry could not be reached: "
            "check the network and proxy settings and run `make setup` again."
        )
    raise SetupError(f"{what} failed with exit code {done.returncode}; the reason is above.")


def looks_like_network(output: str) -> bool:
    """Whether a failed installer's output is about reaching the registry."""
    text = output.lower()
    signs = (
        "failed to fetch",
        "error sending request",
        "dns error",
        "name resolution",
        "connection refused",
        "network is unreachable",
        "newconnectionerror",
        "max retries exceeded",
        "could not fetch url",
        "no matching distribution",
        "timed out",
        "certificate",
    )
    return any(sign in text for sign in signs)


def uv_environment() -> dict[str, str]:
    """The environment for uv: pip's configured index and certificates hold for uv as well."""
    env = dict(os.environ)
    env.pop("VIRTUAL_ENV", None)
    listed = subprocess.run(
        [str(PYTHON), "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    for line in listed.stdout.splitlines():
        key, _, value = line.partition("=")
        setting = key.rpartition(".")[2]
        if setting == "index-url":
            env.setdefault("UV_DEFAULT_INDEX", value.strip("'\""))
        elif setting == "cert":
            env.setdefault("SSL_CERT_FILE", value.strip("'\""))
    return env


def create_venv() -> None:
    """Build `.venv` from nothing, with pip and the locked uv in it."""
    if VENV.exists():
        shutil.rmtree(VENV)
    say(f"Creating .venv with Python {'.'.join(str(n) for n in sys.version_info[:3])} …")
    env = dict(os.environ)
    try:
        run("Creating the virtual environment", [sys.executable, "-m", "venv", str(VENV)], env)
    except SetupError as error:
        raise SetupError(
            f"{error} (On Debian and Ubuntu the package python3-venv has to be installed.)"
        ) from error
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run("Installing uv", [*pip, "--require-hashes", "-r", str(BOOTSTRAP_LOCK)], env)


def sync() -> None:
    """Make the environment hold exactly what the lock lists."""
    say("Installing the locked packages …")
    uv = [str(VENV / "bin" / "uv"), "pip", "sync", "--quiet", "--require-hashes"]
    # Compiled once here: else every start of every process would compile for seconds where
    # Python may not write beside the sources.
    options = ["--compile-bytecode", "--python", str(PYTHON), str(DEV_LOCK)]
    run("Installing packages", [*uv, *options], uv_environment())


def set_up() -> None:
    """Bring `.venv` to the state that the locks describe."""
    if is_complete():
        return
    VENV.parent.joinpath(".local").mkdir(exist_ok=True)
    with (ROOT / ".local" / "setup.lock").open("w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another set-up is running here; waiting for it …")
            fcntl.flock(lock, fcntl.LOCK_EX)
        if is_complete():
            return
        started = time.monotonic()
        check_machine(shutil.disk_usage(ROOT).free, free_memory())
        reusable = is_whole()
        STAMP.unlink(missing_ok=True)
        if not reusable:
            create_venv()
        sync()
        fresh = STAMP.with_suffix(".new")
        fresh.write_text(wanted_stamp(), encoding="utf-8")
        fresh.replace(STAMP)
        say(f"Virtual environment ready in {time.monotonic() - started:.0f} s.")


def main() -> int:
    """Set up; 0 when `.venv` is usable."""
    try:
        use_a_new_enough_python()
        set_up()
    except SetupError as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        say("Set-up interrupted; run `make setup` again.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
