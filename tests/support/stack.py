"""Fixtures that start real servers and the real platform, on free ports, in a temporary folder.

A test folder's conftest imports what it wants: `broker`, `redis_server` and `stack` live as long as
the session; `new_stack` makes stacks of the test's own, stopped at its end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import pytest

from deploy.local.broker import Broker
from deploy.local.errors import LocalError
from deploy.local.ports import Reservation, reserve
from deploy.local.process import Managed, tail, wait_until
from deploy.local.processes import TOPICS, Spec, environment, platform, port_names, url
from deploy.local.redis import Redis

TOPICS_TIMEOUT = 60.0
READY_TIMEOUT = 60.0


class Servers:
    """A broker and a Redis of one's own, with their ports."""

    def __init__(self, folder: Path) -> None:
        self._reserved = [reserve() for _ in range(3)]
        kafka, controller, redis = (reserved.port for reserved in self._reserved)
        self.broker = Broker(folder / "kafka", kafka, controller)
        self.redis = Redis(folder / "redis", redis)

    def release(self) -> None:
        """Stop what still runs and give the ports back."""
        for server in (self.broker, self.redis):
            server.stop()
        for reserved in self._reserved:
            reserved.release()


class Stack:
    """The platform's processes against a broker and a Redis, as `deploy.local` starts them.

    `env` is what every process is given, `url("api")` the address of a service, `processes` every
    process by name, `broker` and `redis` among them: `.kill()`, `.restart()`, `.pause()`,
    `.resume()`. Nothing is restarted by itself: the test is the supervisor.
    """

    def __init__(
        self,
        folder: Path,
        broker: Broker,
        redis: Redis,
        *,
        routers: int = 1,
        env: Mapping[str, str] | None = None,
    ) -> None:
        servers = {"kafka": broker.port, "controller": broker.controller_port, "redis": redis.port}
        names = [name for name in port_names(routers) if name not in servers]
        self._reserved: dict[str, Reservation] = {name: reserve() for name in names}
        ports = servers | {name: reserved.port for name, reserved in self._reserved.items()}
        self.ports: Mapping[str, int] = ports
        self.logs = folder / "logs"
        data = folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        self.env: Mapping[str, str] = environment(ports, data) | dict(env or {})
        specs = platform(ports, routers)
        self._programs = [spec.managed(self.env, self.logs) for spec in specs]
        self.processes: Mapping[str, Managed] = {
            process.name: process for process in (broker, redis, *self._programs)
        }

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def url(self, name: str, path: str = "") -> str:
        """The address of a service: `api`, `conversations`, `chat`, `forms`, `email` …"""
        return url(self.ports, name, path)

    def log(self, name: str) -> str:
        """The end of a process's log, for a failing test's message."""
        return tail(self.processes[name].log, 50)

    def start(self) -> None:
        """Create the topics, start every process that does not run, wait until all are ready."""
        try:
            self.create_topics()
            for program in self._programs:
                program.launch()
            for program in self._programs:
                program.wait_ready(READY_TIMEOUT)
        except BaseException:
            self.stop()
            raise

    def create_topics(self) -> None:
        """Idempotent."""
        topics = Spec("topics", TOPICS).managed(self.env, self.logs)
        topics.launch()
        try:
            ended = wait_until(lambda: not topics.running, TOPICS_TIMEOUT)
            if not ended or topics.exit_code != 0:
                raise LocalError(f"The topics could not be created:\n{tail(topics.log)}")
        finally:
            topics.kill()

    def stop(self) -> None:
        """Stop the platform's processes; broker and Redis go on for whoever else uses them."""
        for program in self._programs:
            program.terminate()
        for program in self._programs:
            program.stop()
        for reserved in self._reserved.values():
            reserved.release()


@pytest.fixture(scope="session")
def _servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    servers = Servers(tmp_path_factory.mktemp("servers"))
    try:
        servers.redis.launch()
        servers.broker.start()
        servers.redis.wait_ready()
        yield servers
    finally:
        servers.release()


@pytest.fixture(scope="session")
def broker(_servers: Servers) -> Broker:
    """A real broker for the whole session; a test that breaks it mends it."""
    return _servers.broker


@pytest.fixture(scope="session")
def redis_server(_servers: Servers) -> Redis:
    """A real Redis for the whole session."""
    return _servers.redis


@pytest.fixture(scope="session")
def stack(
    broker: Broker, redis_server: Redis, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """The platform with one router worker, ready, for the whole session."""
    with Stack(tmp_path_factory.mktemp("stack"), broker, redis_server) as running:
        yield running


@pytest.fixture
def new_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Stack]]:
    """Makes a ready stack with a broker and a Redis of its own: `new_stack(routers=3, env={…})`."""
    with ExitStack() as ends:

        def make(*, routers: int = 1, env: Mapping[str, str] | None = None) -> Stack:
            folder = tmp_path_factory.mktemp("own-stack")
            servers = Servers(folder)
            ends.callback(servers.release)
            servers.redis.launch()
            servers.broker.start()
            servers.redis.wait_ready()
            made = Stack(folder, servers.broker, servers.redis, routers=routers, env=env)
            return ends.enter_context(made)

        yield make
