"""The whole local stack: broker and Redis, topics, the platform's processes, under one supervisor.

Promises: nothing is started when a port is taken or another stack runs here; `start` returns when
everything answers, or raises one sentence and leaves nothing; nothing is left after `stop`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from threading import Event

from deploy.local.broker import Broker
from deploy.local.errors import LocalError
from deploy.local.paths import ROOT, Places
from deploy.local.ports import check_free, ports_from
from deploy.local.process import Managed, tail, wait_until
from deploy.local.processes import (
    TOPICS,
    Spec,
    environment,
    platform,
    port_names,
    router_count,
)
from deploy.local.redis import Redis
from deploy.local.state import State, StateFile
from deploy.local.supervisor import Supervisor

TICK = 0.05
READY_TIMEOUT = 90.0
TOPICS_TIMEOUT = 60.0
DEATHS_BEFORE_GIVING_UP = 3


class Stopped(Exception):
    """The person asked for the end while something was being started."""


class LocalStack:
    """One stack in one folder. `only` names the parts to start (`broker`, `redis`, `topics` or a
    process); None starts all. `stopping` is asked again and again and ends every wait."""

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        say: Callable[[str], None],
        stopping: Callable[[], bool],
        places: Places | None = None,
        only: Collection[str] | None = None,
    ) -> None:
        self._say = say
        self._stopping = stopping
        self._places = places or Places()
        routers = router_count(environ)
        self.ports = ports_from(environ, port_names(routers))
        self.env = environment(self.ports, self._places.data)
        self._specs = platform(self.ports, routers)
        known = {"broker", "redis", "topics", *(spec.name for spec in self._specs)}
        unknown = set(only or ()) - known
        if unknown:
            raise LocalError(
                f"There is no part named {', '.join(sorted(unknown))}; "
                f"the parts are {', '.join(sorted(known))}."
            )
        self._parts = known if only is None else set(only)
        self._state = StateFile(self._places.run)
        self._ready = False
        self._supervisor = Supervisor(say, changed=self._write_state)

    def start(self) -> None:
        """Bring everything up; raises `LocalError` or `Stopped` with nothing left running."""
        self._state.acquire()
        try:
            check_free(self._own_ports())
            self._places.data.mkdir(parents=True, exist_ok=True)
            servers = self._servers()
            for server in servers:
                self._supervisor.watch(server)
            self._wait_ready(servers)
            if "topics" in self._parts:
                self._create_topics()
            programs = [self._managed(spec) for spec in self._specs if spec.name in self._parts]
            for program in programs:
                self._supervisor.watch(program)
            self._wait_ready(programs)
        except BaseException:
            self.stop()
            raise
        self._ready = True
        self._write_state()

    def run(self, until: Callable[[], bool] = lambda: False) -> None:
        """Supervise until the condition holds or the end is asked for."""
        pause = Event()
        while not until() and not self._stopping():
            self._supervisor.tick()
            pause.wait(TICK)

    def stop(self, *, impatient: Callable[[], bool] = lambda: False) -> None:
        """End every process and give the folder free."""
        self._ready = False
        self._supervisor.stop(impatient=impatient)
        self._state.release()

    def _own_ports(self) -> dict[str, int]:
        """Those that are going to be used: a broker alone does not need Redis's."""
        if self._parts >= {"services"}:
            return self.ports
        names = {"broker": ("kafka", "controller")}
        wanted = {port for part in self._parts for port in names.get(part, (part,))}
        return {name: port for name, port in self.ports.items() if name in wanted}

    def _servers(self) -> list[Managed]:
        """Redis first: it is up while the broker still prepares its folder."""
        servers: list[Managed] = []
        if "redis" in self._parts:
            servers.append(Redis(self._places.redis, self.ports["redis"]))
        if "broker" in self._parts:
            kafka, controller = self.ports["kafka"], self.ports["controller"]
            servers.append(Broker(self._places.kafka, kafka, controller, jars=self._places.jars))
        return servers

    def _managed(self, spec: Spec) -> Managed:
        return spec.managed(self.env, self._places.logs)

    def _wait_ready(self, processes: list[Managed]) -> None:
        waiting = list(processes)
        deadline = time.monotonic() + READY_TIMEOUT
        pause = Event()
        while waiting:
            self._supervisor.tick()
            waiting = [process for process in waiting if not process.ready]
            for process in waiting:
                if self._supervisor.deaths(process) >= DEATHS_BEFORE_GIVING_UP:
                    raise LocalError(_why(process, "keeps dying"))
                if time.monotonic() > deadline:
                    raise LocalError(_why(process, f"is not ready after {READY_TIMEOUT:.0f} s"))
            if self._stopping():
                raise Stopped
            pause.wait(TICK)

    def _create_topics(self) -> None:
        topics = self._managed(Spec("topics", TOPICS))
        topics.launch()
        try:
            ended = wait_until(lambda: self._stopping() or not topics.running, TOPICS_TIMEOUT)
            if self._stopping():
                raise Stopped
            if not ended or topics.exit_code != 0:
                raise LocalError(_why(topics, "could not be created"))
        finally:
            topics.kill()

    def _write_state(self) -> None:
        pids = {p.name: p.pid for p in self._supervisor.processes if p.pid is not None}
        self._state.write(State(os.getpid(), self._ready, pids, self.ports, self.env))


def _why(process: Managed, what: str) -> str:
    return f"{process.name} {what}; its log {_shown(process.log)} ends with:\n{tail(process.log)}"


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
