"""`python -m bench.time_to_offer`: from a customer's request to the offer on an agent's socket.

A thousand agents hold a WebSocket each; contacts come through the JSON door of the forms service
at steady rates, whatever the answers' pace, and are timed from the moment they were due. Two runs,
each on a platform of its own: agents who accept each offer over HTTP and complete it at once
(`work`: three HTTP requests and three journal records a contact), and a pool that accepts by itself
(`offers`: one of each), so that what the offers cost and what the work costs can be told apart.

Beside it, of the same requests, the time until the door's own 202 (durable in Kafka): what the way
through the router adds is the difference. Agents, customers, broker, Redis, router and all
services share the machine's cores: the second table says how much of a core each one had during
the load, and what had nothing to do with the run (`others`). Clocks are one process's; customers'
connections are kept, as a proxy's are.
"""

import argparse
import asyncio
import contextlib
import gc
import os
import time
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
import uvloop

from bench.platform import running_platform
from bench.report import (
    cpu_seconds,
    machine_cpu_seconds,
    memory_mb,
    percentile,
    show,
    table,
    write,
)
from bench.wire import Http, Socket, open_socket
from deploy.local.ports import HOST
from services.kit.clock import new_id
from tests.support.stack import Stack

Mode = Literal["work", "offers"]
MODES: tuple[Mode, ...] = ("work", "offers")
TENANT, POOL = "bench", "service"
SIGNING_IN = 50
"""Agents at once."""
POOL_FILE = """
pool: {name}
partition: 0
channels:
  form: {channel}
queues:
  all: {{}}
fallback_queue: all
"""
CHANNELS: dict[Mode, str] = {
    "work": "{cost: 50, max: 2, offer_timeout: 30}",
    # Room enough that nobody is full at the end of the run.
    "offers": "{cost: 1, max: 100, auto_accept: true}",
}
FORM = msgspec.json.encode(
    {
        "language": "en",
        "fields": {
            "description": "My car makes a strange noise when I brake.",
            "answer_by": "email",
            "name": "Test Person",
            "email": "test@example.com",
        },
    }
)
NAMED = ("run", "contacts/s")
JSON = {"Content-Type": "application/json"}


class _Event(msgspec.Struct):
    type: str = ""
    contact: Any = None
    offer: str = ""


class _Frame(msgspec.Struct):
    event: _Event = msgspec.field(default_factory=_Event)


class _Accepted(msgspec.Struct):
    contact_id: str


class _Started(msgspec.Struct):
    assignment_id: str = ""


class _Token(msgspec.Struct):
    token: str


_frame = msgspec.json.Decoder(_Frame)
_accepted = msgspec.json.Decoder(_Accepted)
_started = msgspec.json.Decoder(_Started)


class Run:
    """One platform under load: what was posted when, what was offered when."""

    def __init__(self, stack: Stack, mode: Mode) -> None:
        self._api_port = stack.ports["api"]
        self._api = Http(HOST, self._api_port)
        self._forms = Http(HOST, stack.ports["forms"])
        self._mode = mode
        self._sockets: list[Socket] = []
        self._work: set[asyncio.Task[None]] = set()
        self.posted: dict[str, float] = {}
        self.durable: dict[str, float] = {}
        self.offered: dict[str, float] = {}
        self.completed = 0
        self.failed = 0

    async def prepare(self, agents: int) -> None:
        """A pool, and its agents signed in and available."""
        admin = await self._token("admin", "administrator")
        text = POOL_FILE.format(name=f"{TENANT}/{POOL}", channel=CHANNELS[self._mode])
        yaml = {**admin, "Content-Type": "application/yaml"}
        await self._put(f"/v1/pools/{TENANT}/{POOL}", yaml, text.encode())
        for first in range(0, agents, SIGNING_IN):
            numbers = range(first, min(agents, first + SIGNING_IN))
            await asyncio.gather(*(self._sign_in(f"agent-{n}", admin) for n in numbers))

    async def _token(self, subject: str, role: str) -> dict[str, str]:
        body = {"subject": subject, "tenant": TENANT, "roles": [role]}
        status, answer = await self._api.send(
            "POST", "/v1/dev/token", JSON, msgspec.json.encode(body)
        )
        assert status < 300, answer
        return {"Authorization": f"Bearer {msgspec.json.decode(answer, type=_Token).token}"}

    async def _put(self, path: str, headers: dict[str, str], body: bytes) -> None:
        status, answer = await self._api.send("PUT", path, headers, body)
        assert status < 300, (path, status, answer)

    async def _sign_in(self, agent: str, admin: dict[str, str]) -> None:
        base = f"/v1/agents/{TENANT}/{POOL}/{agent}"
        await self._put(base, admin | JSON, b'{"skills": {}}')
        mine = await self._token(agent, "agent")

        def heard(frame: bytes) -> None:
            now = time.perf_counter()
            event = _frame.decode(frame).event
            if event.type == "offer.made":
                self.offered.setdefault(event.contact, now)
                if self._mode == "work":
                    self._start(self._take(event.offer, mine))

        self._sockets.append(await open_socket(HOST, self._api_port, f"{base}/ws", mine, heard))
        await self._put(f"{base}/presence", mine | JSON, b'{"presence": "available"}')

    async def _take(self, offer: str, mine: dict[str, str]) -> None:
        _, body = await self._api.send("POST", f"/v1/offers/{offer}:accept", mine)
        assignment = _started.decode(body).assignment_id
        if assignment:
            path = f"/v1/assignments/{assignment}:complete"
            status, _ = await self._api.send("POST", path, mine)
            self.completed += status == 200

    async def load(self, rate: int, seconds: float) -> None:
        """Post at a steady rate; afterwards wait for what is still to be offered and done."""
        count = round(rate * seconds)
        begin = time.perf_counter() + 0.1
        posts = []
        for number in range(count):
            due = begin + number / rate
            if (ahead := due - time.perf_counter()) > 0:
                await asyncio.sleep(ahead)
            posts.append(asyncio.create_task(self._post(new_id(), due)))
        await asyncio.gather(*posts)
        deadline = time.perf_counter() + 30
        while not self._all_done() and time.perf_counter() < deadline:
            await asyncio.sleep(0.02)

    def _all_done(self) -> bool:
        done = len(self.posted) if self._mode == "offers" else self.completed
        return done >= len(self.posted) and not (self.posted.keys() - self.offered.keys())

    async def _post(self, key: str, due: float) -> None:
        path = f"/v1/forms/{TENANT}/{POOL}/contact-us"
        status, body = await self._forms.send("POST", path, {**JSON, "Idempotency-Key": key}, FORM)
        if status != 202:
            self.failed += 1
            return
        contact = _accepted.decode(body).contact_id
        self.posted[contact] = due
        self.durable[contact] = time.perf_counter()

    def row(self, rate: int) -> dict[str, Any]:
        """What was measured, in ms."""
        offer = [
            (self.offered[c] - at) * 1000 for c, at in self.posted.items() if c in self.offered
        ]
        door = [(self.durable[c] - at) * 1000 for c, at in self.posted.items()]
        return {
            "run": self._mode,
            "contacts/s": rate,
            "contacts": len(self.posted),
            "never offered": len(self.posted) - len(offer),
            "refused": self.failed,
            "sockets lost": sum(socket.closed for socket in self._sockets),
            "offer p50 ms": percentile(offer, 0.5),
            "p95 ms": percentile(offer, 0.95),
            "p99 ms": percentile(offer, 0.99),
            "202 p50 ms": percentile(door, 0.5),
            "202 p99 ms": percentile(door, 0.99),
        }

    def clear(self) -> None:
        """Before the next rate."""
        self.posted, self.durable, self.offered = {}, {}, {}
        self.completed = self.failed = 0

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    async def end(self) -> None:
        """Hang up."""
        for task in list(self._work):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        for socket in self._sockets:
            socket.close()
        for http in (self._api, self._forms):
            http.close()
        await asyncio.sleep(0.1)


def processes(stack: Stack) -> Mapping[str, int]:
    """Who shares the machine: name → process id."""
    others = {name: process.pid or 0 for name, process in stack.processes.items()}
    return {"bench": os.getpid(), **others}


class CpuWatch:
    """Processor time of each process, and of all that is none of ours, from now on."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = pids
        self._began = time.perf_counter()
        self._before = self._now()

    def _now(self) -> dict[str, float]:
        ours = {name: cpu_seconds(pid) for name, pid in self._pids.items()}
        return ours | {"others": machine_cpu_seconds() - sum(ours.values())}

    def shares(self) -> dict[str, float]:
        """Percent of one core, by process."""
        took = time.perf_counter() - self._began
        now = self._now()
        return {f"CPU {name}": 100 * (now[name] - self._before[name]) / took for name in now}


async def measure(
    stack: Stack, mode: Mode, agents: int, rates: list[int], seconds: float
) -> list[dict[str, Any]]:
    """The rows of one run."""
    rows = []
    run = Run(stack, mode)
    await run.prepare(agents)
    await run.load(50, 4)  # warm up
    gc.collect()
    gc.freeze()
    for rate in rates:
        run.clear()
        watch = CpuWatch(processes(stack))
        await run.load(rate, seconds)
        rows.append(run.row(rate) | watch.shares())
    await run.end()
    return rows


def main() -> None:
    """Start everything, measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=1000)
    parser.add_argument("--rates", type=int, nargs="+", default=[20, 50, 100, 200])
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--runs", nargs="+", choices=MODES, default=MODES)
    parser.add_argument("--out", type=Path, default=Path("build/bench"))
    given = parser.parse_args()
    rows: list[dict[str, Any]] = []
    memory: list[dict[str, Any]] = []
    for mode in given.runs:
        with (
            running_platform() as stack,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            rows += runner.run(measure(stack, mode, given.agents, given.rates, given.seconds))
            memory += [
                {"run": mode, "process": name, "memory MB": memory_mb(pid)}
                for name, pid in processes(stack).items()
            ]
    title = f"HTTP request → offer on the agent's socket, {given.agents} agents"
    write(title, rows, given.out / "time_to_offer.json")
    table(title, [{k: v for k, v in row.items() if not k.startswith("CPU")} for row in rows])
    cpu = [
        {k.removeprefix("CPU "): v for k, v in row.items() if k in NAMED or k.startswith("CPU")}
        for row in rows
    ]
    table("Processor time, percent of one core", cpu)
    show("Memory after the run", memory, given.out / "memory.json")


if __name__ == "__main__":
    main()
