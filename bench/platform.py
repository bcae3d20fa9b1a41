"""A whole platform of the benchmark's own: broker, Redis, router, services, on free ports."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.stack import Servers, Stack


@contextmanager
def running_platform(routers: int = 1) -> Iterator[Stack]:
    """Ready when entered, stopped and removed at the end."""
    with tempfile.TemporaryDirectory(prefix="jonoton-bench-") as name:
        folder = Path(name)
        servers = Servers(folder)
        try:
            servers.redis.launch()
            servers.broker.start()
            servers.redis.wait_ready()
            with Stack(folder, servers.broker, servers.redis, routers=routers) as stack:
                yield stack
        finally:
            servers.release()
