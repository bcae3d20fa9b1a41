"""A service's composition root as a value, and how it is run alone or beside others."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from fastapi import FastAPI

from services.kit import log
from services.kit.errors import RefusedToStart
from services.kit.feeds import Feeds
from services.kit.serve import Served, run
from services.kit.settings import Settings, load

S = TypeVar("S", bound=Settings)


@dataclass(frozen=True, slots=True)
class Service(Generic[S]):
    """`settings`: the class that is read from the environment; `create_app` makes the app from
    them and from what the services of one process share; `port` names the port's setting.
    `urgent`: people wait for what it reads of the journal."""

    name: str
    settings: type[S]
    create_app: Callable[[S, Feeds], FastAPI]
    port: str
    urgent: bool = False

    def served(self, environ: Mapping[str, str], feeds: Feeds | None = None) -> Served:
        """The app and its address. Raises `RefusedToStart`."""
        settings = load(self.settings, environ)
        return Served(
            self.create_app(settings, feeds or Feeds(settings, urgent=self.urgent)),
            settings.host,
            getattr(settings, self.port),
        )


def main(name: str, services: Sequence[Service]) -> int:  # type: ignore[type-arg]
    """Run the services in this process until SIGTERM. Exit status 2 when they refuse to start."""
    try:
        settings = load(Settings, os.environ)
        log.configure(name, settings.log_level)
        feeds = Feeds(settings, urgent=any(service.urgent for service in services))
        served = [service.served(os.environ, feeds) for service in services]
    except RefusedToStart as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 2
    run(*served)
    return 0
