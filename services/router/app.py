"""The router worker's composition root: journal writer, owners, Faust app, a small HTTP app."""

import asyncio
import contextlib
import logging
import os
import signal

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from fastapi import FastAPI

from services.kit import tasks
from services.kit.app import create_app as create_http_app
from services.kit.clock import SystemClock, new_id
from services.kit.metrics import Metrics
from services.kit.serve import Served, running
from services.kit.topics import provision
from services.router.assignment import Assignment
from services.router.journal import JournalWriter
from services.router.owner import Owner
from services.router.owners import Owners
from services.router.settings import RouterSettings
from services.router.stream import attach
from services.router.worker import create_worker

log = logging.getLogger(__name__)


class Router:
    """One worker process."""

    name = "partitions"

    def __init__(self, settings: RouterSettings) -> None:
        self._settings = settings
        self._clock = SystemClock()
        self.metrics = Metrics("router")
        self._writer = JournalWriter(
            settings, self._clock, self.metrics, f"{os.uname().nodename}-{os.getpid()}-{new_id()}"
        )
        self._topic_id = ""
        self._assignment = Assignment()
        self._owners = Owners(self._assignment, self._owner, self.metrics)

    def _owner(self, number: int) -> Owner:
        return Owner(
            number,
            settings=self._settings,
            writer=self._writer,
            assignment=self._assignment,
            topic_id=self._topic_id,
            clock=self._clock,
            metrics=self.metrics,
        )

    async def start(self) -> None:
        """A part of the HTTP app: nothing to start with it."""

    async def stop(self) -> None:
        """A part of the HTTP app: nothing to stop with it."""

    def trouble(self) -> str | None:
        """Ready when every partition assigned to this worker is active."""
        if self._assignment.number == 0:
            return "no assignment yet"
        if waiting := self._owners.waiting():
            return f"taking over partitions {waiting}"
        return None

    async def run(self) -> None:
        """Until SIGTERM or SIGINT. Raises `RefusedToStart` and `Unavailable`."""
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, ended.set)
        ids = await asyncio.to_thread(provision, self._settings)
        self._topic_id = ids["contact-events"]
        await self._writer.start()
        worker = create_worker(self._settings, self._owners)
        attach(worker, self._owners)
        served = Served(self.http(), self._settings.host, self._settings.router_port)
        watchdog = tasks.start("watchdog", self._watch_assignment())
        async with running(served):
            await worker.start()
            log.info("the router runs", extra={"writer": self._writer.name})
            await ended.wait()
            await tasks.stop(watchdog)
            with contextlib.suppress(asyncio.TimeoutError):
                async with asyncio.timeout(10):
                    await worker.stop()
            await self._owners.stop()
            await self._writer.stop()

    def http(self) -> FastAPI:
        """`/healthz`, `/readyz`, `/metrics`."""
        return create_http_app("Jonoton router", metrics=self.metrics, parts=[self])

    async def _watch_assignment(self) -> None:
        """After a broker restart the group's leader may assign nothing to anybody for minutes:
        no partition for `router_patience` seconds, although the group has no more members than
        partitions and the broker answers → end; the supervisor starts a worker that rejoins."""
        idle = 0
        while True:
            await asyncio.sleep(1.0)
            idle = 0 if self._assignment.partitions else idle + 1
            if idle < self._settings.router_patience:
                continue
            idle = 0
            members = await self._members()
            if members is not None and members <= self._settings.partitions:
                tasks.die(f"no partition assigned, though the group has {members} members")

    async def _members(self) -> int | None:
        """Members of the group; None while the broker does not answer."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self._settings.kafka, request_timeout_ms=3000)
        try:
            await admin.start()
            described = await admin.describe_consumer_groups([self._settings.router_group])
            return len(described[0].groups[0][5])
        except (KafkaError, OSError, IndexError):
            return None
        finally:
            await admin.close()
