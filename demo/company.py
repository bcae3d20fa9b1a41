"""The company opens: its pool is configured, its agents are provisioned and sign in."""

import asyncio
from contextlib import suppress
from typing import Any

from demo.agents.agent import Agent, OfferSeen
from demo.agents.roster import Person, roster
from demo.customers.surroundings import Surroundings
from demo.door import GaveUp, Refused
from demo.places import POOL, POOL_FILE, TENANT
from services.kit.clock import new_id

SETUP_PATIENCE = 90.0
PAUSE = 0.3


class Company:
    """Its agents work from `open` to `close`."""

    def __init__(
        self, around: Surroundings, agents: int, offer_seen: OfferSeen, errors: list[str]
    ) -> None:
        self.people = roster(agents)
        self._around = around
        self._errors = errors
        self._agents = [Agent(around, person, offer_seen, errors) for person in self.people]
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Configure the pool, provision everybody, let them sign in. Raises `Refused`, `GaveUp`."""
        around = self._around
        answer = await around.door.said(
            "POST",
            f"{around.places.api}/v1/dev/token",
            json={"subject": "demo", "tenant": TENANT, "roles": ["administrator"]},
        )
        token = answer["token"]
        await self._do(
            f"/v1/pools/{POOL}",
            token,
            content=POOL_FILE.read_bytes(),
            headers={"content-type": "application/yaml"},
        )
        await asyncio.gather(*(self._provision(person, token) for person in self.people))
        self._tasks = [asyncio.create_task(self._at_work(agent)) for agent in self._agents]

    async def close(self, *, politely: bool) -> None:
        """Everybody signs off, or just leaves."""
        if politely:
            patience = 5.0
            await asyncio.gather(
                *(agent.set_presence("offline", patience=patience) for agent in self._agents)
            )
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _at_work(self, agent: Agent) -> None:
        while True:
            with suppress(GaveUp):
                try:
                    await agent.work()
                except Refused as refused:
                    self._errors.append(f"{agent.person.id}: {str(refused)[:300]}")
            await asyncio.sleep(1)

    async def _provision(self, person: Person, token: str) -> None:
        await self._do(f"/v1/agents/{POOL}/{person.id}", token, json={"skills": person.skills})

    async def _do(self, path: str, token: str, **request: Any) -> None:
        """Ask until it is done: 202 says that it will be."""
        key = new_id()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + SETUP_PATIENCE
        while True:
            answer = await self._around.door.ask(
                "PUT", f"{self._around.places.api}{path}", token=token, key=key, **request
            )
            if answer.status == 200:
                return
            if loop.time() > deadline:
                raise GaveUp(f"PUT {path}: the router does not answer")
            await asyncio.sleep(PAUSE)
