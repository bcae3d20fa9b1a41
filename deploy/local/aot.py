"""Prepares the broker's classes once, so that every later start takes half as long.

Java loads and links some 8,000 classes at each start of the broker. One training run (about 15 s)
writes them to an ahead-of-time cache beside the jars; Java itself refuses a cache that does not fit
and then starts as slowly as without.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from deploy.local.broker import Broker, cache_file
from deploy.local.errors import LocalError
from deploy.local.ports import reserve

TRAINING_STOP = 120.0


def train(jars: Path) -> None:
    """Run a broker in a folder that is thrown away, and keep what Java learnt from it."""
    output = cache_file(jars)
    part = output.with_suffix(".part")
    ports = reserve(), reserve()
    with tempfile.TemporaryDirectory(prefix="jonoton-aot-") as folder:
        broker = Broker(
            Path(folder),
            ports[0].port,
            ports[1].port,
            jars=jars,
            java_options=[f"-XX:AOTCacheOutput={part}"],
            stop_timeout=TRAINING_STOP,
        )
        try:
            broker.start()
        finally:
            broker.stop()
    for port in ports:
        port.release()
    for old in jars.glob("*.aot"):
        old.unlink()
    if part.exists():
        part.replace(output)


def prepare(jars: Path) -> None:
    """Train, and say so; a failure costs speed only, so it is told and set-up goes on."""
    print("Preparing the broker for quick starts …", file=sys.stderr, flush=True)
    try:
        train(jars)
    except LocalError as error:
        print(f"The broker will start slowly: {error}", file=sys.stderr)
