"""`python -m bench.time_to_offer`: from a customer's request to the offer on an agent's socket.

200 agents hold a WebSocket each; contacts come through the JSON door of the forms service at steady
rates; agents accept each offer over HTTP and complete it at once. Beside it, of the same requests,
the time until the door's own 202 (durable in Kafka): what the way through the router adds is the
difference. Agents, customers, broker, router and all services share the machine's cores; clocks are
one process's.
"""

import argparse
import asyncio
import contextlib
import json
import time
from pathlib import Path
from typing import Any

import aiohttp

from bench.platform import running_platform
from bench.report import memory_mb, percentile, show
from services.kit.clock import new_id
from tests.support.stack import Stack

TENANT, POOL = "bench", "service"
POOL_FILE = f"""
pool: {TENANT}/{POOL}
partition: 0
channels:
  form: {{cost: 50, max: 2, offer_timeout: 30}}
queues:
  all: {{}}
fallback_queue: all
"""
FORM = {
    "language": "en",
    "fields": {
        "description": "My car makes a strange noise when I brake.",
        "answer_by": "email",
        "name": "Test Person",
        "email": "test@example.com",
    },
}


class Run:
    """One platform under load: what was posted when, what was offered when."""

    def __init__(self, stack: Stack, http: aiohttp.ClientSession) -> None:
        self._stack = stack
        self._http = http
        self.posted: dict[str, float] = {}
        self.durable: dict[str, float] = {}
        self.offered: dict[str, float] = {}
        self.failed = 0
        self._work: set[asyncio.Task[None]] = set()

    async def token(self, subject: str, role: str) -> dict[str, str]:
        body = {"subject": subject, "tenant": TENANT, "roles": [role]}
        async with self._http.post(self._stack.url("api", "/v1/dev/token"), json=body) as answer:
            token = (await answer.json())["token"]
        return {"Authorization": f"Bearer {token}"}

    async def prepare(self, agents: int) -> None:
        admin = await self.token("admin", "administrator")
        url = self._stack.url("api", f"/v1/pools/{TENANT}/{POOL}")
        headers = {**admin, "Content-Type": "application/yaml"}
        async with self._http.put(url, data=POOL_FILE, headers=headers) as answer:
            assert answer.status < 300, await answer.text()
        for number in range(agents):
            await self._sign_in(f"agent-{number}", admin)

    async def _sign_in(self, agent: str, admin: dict[str, str]) -> None:
        base = self._stack.url("api", f"/v1/agents/{TENANT}/{POOL}/{agent}")
        async with self._http.put(base, json={"skills": {}}, headers=admin) as answer:
            assert answer.status < 300, await answer.text()
        mine = await self.token(agent, "agent")
        socket = await self._http.ws_connect(base + "/ws", headers=mine)
        await socket.receive()
        body = {"presence": "available"}
        async with self._http.put(base + "/presence", json=body, headers=mine) as answer:
            assert answer.status < 300, await answer.text()
        self._start(self._answer(socket, mine))

    async def _answer(self, socket: aiohttp.ClientWebSocketResponse, mine: dict[str, str]) -> None:
        async for message in socket:
            now = time.perf_counter()
            frame = json.loads(message.data)
            event = frame.get("event", {})
            if event.get("type") == "offer.made":
                self.offered.setdefault(event["contact"], now)
                self._start(self._take(event["offer"], mine))

    async def _take(self, offer: str, mine: dict[str, str]) -> None:
        url = self._stack.url("api", f"/v1/offers/{offer}:accept")
        async with self._http.post(url, headers=mine) as answer:
            body = await answer.json()
        if "assignment_id" not in body:
            return
        url = self._stack.url("api", f"/v1/assignments/{body['assignment_id']}:complete")
        async with self._http.post(url, json={}, headers=mine) as answer:
            await answer.read()

    async def load(self, rate: int, seconds: int) -> None:
        """Post at a steady rate, whatever the answers' pace."""
        begin = time.perf_counter()
        posts = []
        for number in range(rate * seconds):
            if (ahead := begin + number / rate - time.perf_counter()) > 0:
                await asyncio.sleep(ahead)
            posts.append(asyncio.create_task(self._post(new_id())))
        await asyncio.gather(*posts)
        deadline = time.perf_counter() + 30
        while self.posted.keys() - self.offered.keys() and time.perf_counter() < deadline:
            await asyncio.sleep(0.05)

    async def _post(self, key: str) -> None:
        started = time.perf_counter()
        url = self._stack.url("forms", f"/v1/forms/{TENANT}/{POOL}/contact-us")
        async with self._http.post(url, json=FORM, headers={"Idempotency-Key": key}) as answer:
            body = await answer.json()
            if answer.status != 202:
                self.failed += 1
                return
        contact = body["contact_id"]
        self.posted[contact] = started
        self.durable[contact] = time.perf_counter()

    def row(self, rate: int) -> dict[str, Any]:
        """What was measured, in ms."""
        offer = [
            (self.offered[c] - at) * 1000 for c, at in self.posted.items() if c in self.offered
        ]
        door = [(self.durable[c] - at) * 1000 for c, at in self.posted.items()]
        return {
            "contacts/s": rate,
            "contacts": len(self.posted),
            "never offered": len(self.posted) - len(offer),
            "refused": self.failed,
            "offer p50 ms": percentile(offer, 0.5),
            "p95 ms": percentile(offer, 0.95),
            "p99 ms": percentile(offer, 0.99),
            "202 p50 ms": percentile(door, 0.5),
            "202 p99 ms": percentile(door, 0.99),
        }

    def clear(self) -> None:
        """Before the next rate."""
        self.posted, self.durable, self.offered, self.failed = {}, {}, {}, 0

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    async def end(self) -> None:
        for task in list(self._work):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def measure(
    stack: Stack, agents: int, rates: list[int], seconds: int
) -> list[dict[str, Any]]:
    """The rows."""
    rows = []
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as http:
        run = Run(stack, http)
        await run.prepare(agents)
        await run.load(20, 3)  # warm up
        for rate in rates:
            run.clear()
            await run.load(rate, seconds)
            rows.append(run.row(rate))
        await run.end()
    return rows


def main() -> None:
    """Start everything, measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=200)
    parser.add_argument("--rates", type=int, nargs="+", default=[20, 50, 200])
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--out", type=Path, default=Path("build/bench"))
    given = parser.parse_args()
    with running_platform() as stack:
        rows = asyncio.run(measure(stack, given.agents, given.rates, given.seconds))
        memory = [
            {"process": name, "memory MB": memory_mb(process.pid or 0)}
            for name, process in stack.processes.items()
        ]
    title = f"HTTP request → offer on the agent's socket, {given.agents} agents"
    show(title, rows, given.out / "time_to_offer.json")
    show("Memory after the run", memory, given.out / "memory.json")


if __name__ == "__main__":
    main()
