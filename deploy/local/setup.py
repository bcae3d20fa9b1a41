"""What set-up does beyond Python's packages: the broker's jars and its prepared classes."""

from __future__ import annotations

import fcntl
import os
import sys
from pathlib import Path

from deploy.local import dotenv
from deploy.local.broker import cache_file
from deploy.local.errors import LocalError
from deploy.local.jars import ensure_jars, locked_jars, missing
from deploy.local.paths import ROOT, Places


def bring(jars: Path) -> None:
    """Fetch and prepare; a second set-up in the same folder waits for the first."""
    from deploy.local.aot import prepare  # noqa: PLC0415 - only the first time

    jars.mkdir(parents=True, exist_ok=True)
    with (jars / "lock").open("w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ensure_jars(jars)
        if not cache_file(jars).exists():
            prepare(jars)


def main() -> int:
    """Bring what is missing; quick and without network when nothing is."""
    jars = Places().jars
    try:
        dotenv.load(ROOT / ".env", os.environ)
        if missing(locked_jars(), jars) or not cache_file(jars).exists():
            bring(jars)
    except LocalError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Set-up interrupted; what was fetched is kept.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
