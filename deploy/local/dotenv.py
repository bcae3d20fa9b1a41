"""Settings of this machine from a git-ignored `.env`, as docker compose reads it, too."""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path

from deploy.local.errors import LocalError


def parse(text: str) -> dict[str, str]:
    """`NAME=value` per line; `#` comments, blank lines and quotes around a value are understood."""
    values = {}
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals or not name.strip().isidentifier():
            raise LocalError(f"Line {number} of .env is not `NAME=value`: {line!r}.")
        value = value.strip()
        quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
        values[name.strip()] = value[1:-1] if quoted else value
    return values


def load(file: Path, environ: MutableMapping[str, str]) -> None:
    """Add what the file says and the environment does not; no file, nothing to do."""
    if file.exists():
        for name, value in parse(file.read_text(encoding="utf-8")).items():
            environ.setdefault(name, value)
