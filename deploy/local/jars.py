"""The broker's jars: pinned in `jars.lock`, fetched once, verified before they get their names."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import LocalError
from deploy.local.paths import JARS_LOCK


@dataclass(frozen=True, slots=True)
class Jar:
    """One pinned Maven artifact."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        """Its name in the jars folder, the one that Maven gives it."""
        return f"{self.artifact}-{self.version}.jar"

    @property
    def url_path(self) -> str:
        """Its path below a Maven repository's address."""
        return f"{self.group.replace('.', '/')}/{self.artifact}/{self.version}/{self.file_name}"

    def __str__(self) -> str:
        return f"{self.group}:{self.artifact}:{self.version}"


def read_lock(text: str) -> tuple[Jar, ...]:
    """Parse lines of `group:artifact:version sha256`; blank lines and `#` comments are skipped."""
    jars = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.partition("#")[0].strip()
        if not line:
            continue
        coordinate, _, digest = line.partition(" ")
        parts = coordinate.split(":")
        digest = digest.strip()
        if len(parts) != 3 or not all(parts) or not _is_sha256(digest):
            raise LocalError(
                f"Line {number} of jars.lock is not `group:artifact:version sha256`: {line!r}."
            )
        jars.append(Jar(parts[0], parts[1], parts[2], digest))
    return tuple(jars)


def _is_sha256(text: str) -> bool:
    return len(text) == 64 and set(text) <= set("0123456789abcdef")


def locked_jars() -> tuple[Jar, ...]:
    """The jars that the repository pins."""
    return read_lock(JARS_LOCK.read_text(encoding="utf-8"))


def missing(jars: Iterable[Jar], folder: Path) -> list[Jar]:
    """Those that are not in the folder yet."""
    return [jar for jar in jars if not (folder / jar.file_name).exists()]


def class_path(folder: Path, jars: Sequence[Jar] | None = None) -> str:
    """Java's class path of exactly the pinned jars; says what to run when one is missing."""
    wanted = locked_jars() if jars is None else jars
    absent = missing(wanted, folder)
    if absent:
        raise LocalError(
            f"{len(absent)} of the broker's {len(wanted)} jars are not there: run `make setup`."
        )
    return os.pathsep.join(str(folder / jar.file_name) for jar in wanted)


def ensure_jars(folder: Path) -> None:
    """Fetch what is missing; asks no network when nothing is."""
    absent = missing(locked_jars(), folder)
    if absent:
        # The network's modules are slow to import and wanted only here.
        from deploy.local.fetch import Fetcher, repository_url  # noqa: PLC0415
        from deploy.local.progress import progress_for  # noqa: PLC0415

        Fetcher(folder, repository_url(), progress=progress_for(sys.stderr)).fetch(absent)
