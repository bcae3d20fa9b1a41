"""Ports: the fixed ones of the local stack, who holds a taken one, and free ones for tests."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

from deploy.local.errors import LocalError

HOST = "127.0.0.1"
DEFAULTS: Mapping[str, int] = {
    "api": 8001,
    "conversations": 8002,
    "chat": 8003,
    "forms": 8004,
    "email": 8005,
    "bot": 8006,
    "follower": 8007,
    "router": 8010,
    "smtp": 8025,
    "smtp_out": 8026,
    "redis": 16379,
    "kafka": 19092,
    "controller": 19093,
}
# Below the kernel's range for outgoing connections (from 32768), so that none is taken by chance.
TEST_RANGE = range(20000, 30000)


def is_free(port: int) -> bool:
    """Whether a server could listen on it now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def whole_number(environment: Mapping[str, str], name: str, default: int) -> int:
    """A setting of the local stack; a sentence when it is not a number."""
    text = environment.get(name, str(default))
    try:
        return int(text)
    except ValueError:
        raise LocalError(f"{name} must be a whole number, not {text!r}.") from None


def ports_from(environment: Mapping[str, str], names: Iterable[str]) -> dict[str, int]:
    """The ports of these names: the defaults, moved by `JONOTON_PORT_OFFSET`.

    A further router worker, `router-N`, has the N-th port from the router's.
    """
    offset = whole_number(environment, "JONOTON_PORT_OFFSET", 0)
    ports = {name: _default(name) + offset for name in names}
    if not all(1024 <= port <= 65535 for port in ports.values()):
        raise LocalError(f"JONOTON_PORT_OFFSET={offset} moves a port out of 1024 to 65535.")
    return ports


def _default(name: str) -> int:
    base, _, number = name.partition("-")
    return DEFAULTS[base] + (int(number) - 1 if number else 0)


def check_free(ports: Mapping[str, int]) -> None:
    """Raise one sentence that names every taken port, and its holder if that can be seen."""
    taken = [
        f"{port} (for {name}{_held_by(port)})" for name, port in ports.items() if not is_free(port)
    ]
    if taken:
        noun, verb = ("Port", "is") if len(taken) == 1 else ("Ports", "are")
        raise LocalError(
            f"{noun} {', '.join(taken)} {verb} taken; nothing was started. Free what is taken or "
            "move all ports, for example with JONOTON_PORT_OFFSET=1000."
        )


def _held_by(port: int) -> str:
    holder = holder_of(port)
    return "" if holder is None else f", held by {holder}"


def holder_of(port: int) -> str | None:
    """`name, pid N` of the process that listens on the port; None where it cannot be seen."""
    inodes = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    if not inodes:
        return None
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        with contextlib.suppress(OSError):
            if any(_target(link) in inodes for link in (folder / "fd").iterdir()):
                name = (folder / "comm").read_text(encoding="utf-8").strip()
                return f"{name}, pid {folder.name}"
    return None


def _target(link: Path) -> str:
    """Where the link points; nowhere when it was closed meanwhile."""
    try:
        return str(link.readlink())
    except OSError:
        return ""


def _listening_inodes(port: int) -> Iterable[str]:
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            listening = fields[3] == "0A"
            if listening and int(fields[1].rpartition(":")[2], 16) == port:
                yield fields[9]


@dataclass(frozen=True, slots=True)
class Reservation:
    """A port that no other test session on this machine takes while this object lives."""

    port: int
    _lock: TextIOWrapper

    def release(self) -> None:
        """Give it back."""
        self._lock.close()


def reserve() -> Reservation:
    """A free port, held against other sessions by a lock that the kernel drops with the process."""
    folder = Path(tempfile.gettempdir()) / f"jonoton-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    first = int.from_bytes(os.urandom(4), "big") % len(TEST_RANGE)
    for step in range(len(TEST_RANGE)):
        port = TEST_RANGE[(first + step) % len(TEST_RANGE)]
        lock = (folder / str(port)).open("w", encoding="ascii")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            continue
        if is_free(port):
            return Reservation(port, lock)
        lock.close()
    raise LocalError(f"No port from {TEST_RANGE.start} to {TEST_RANGE.stop - 1} is free.")
