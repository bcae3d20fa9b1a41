"""Where the local stack keeps things: all of it under the git-ignored `.local/`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
JARS_LOCK = ROOT / "deploy" / "local" / "jars.lock"


@dataclass(frozen=True, slots=True)
class Places:
    """The folders of one stack; `home` is `.local/` of the repository unless a test says else."""

    home: Path = ROOT / ".local"

    @property
    def jars(self) -> Path:
        """The broker's jars, each verified before it got its name."""
        return self.home / "jars"

    @property
    def kafka(self) -> Path:
        """The broker's configuration, data and logs."""
        return self.home / "kafka"

    @property
    def redis(self) -> Path:
        """Working directory of Redis; nothing in it is needed after a stop."""
        return self.home / "redis"

    @property
    def data(self) -> Path:
        """What the services keep on disk (`JONOTON_DATA`)."""
        return self.home / "data"

    @property
    def logs(self) -> Path:
        """Standard output and error of each process, as `NAME.log`."""
        return self.home / "logs"

    @property
    def run(self) -> Path:
        """`state.json` and the lock of the running supervisor."""
        return self.home / "run"
