"""A simulated supervisor: watches the floor and steps in, by the same doors as a real one."""

from contextlib import suppress

from demo.customers.surroundings import Surroundings
from demo.door import GaveUp, Refused
from demo.floor import Contact, Floor
from demo.places import POOL, TENANT

ROUND = 25.0
"""Human seconds between two looks."""
HURRY = 9


class Supervisor:
    """`steps` counts what the platform did on the supervisor's word."""

    def __init__(self, around: Surroundings, floor: Floor) -> None:
        self.steps = 0
        self._around = around
        self._floor = floor
        self._token = ""

    async def work(self) -> None:
        """Until cancelled."""
        answer = await self._around.door.said(
            "POST",
            f"{self._around.places.api}/v1/dev/token",
            json={"subject": "supervisor-01", "tenant": TENANT, "roles": ["supervisor"]},
        )
        self._token = answer["token"]
        pace = self._around.pace
        while True:
            await pace.takes(ROUND)
            await self._step_in(pace.chance.randrange(4))

    async def _step_in(self, what: int) -> None:
        waiting = sorted(
            (contact for contact in self._floor.left() if contact.stage == "waiting"),
            key=lambda contact: contact.since,
        )
        if what == 0:
            await self._call_back_from_a_break()
        elif waiting:
            contact = waiting[0]
            if what == 1:
                await self._command(contact, "set-priority", priority=HURRY)
            elif what == 2:
                await self._command(contact, "move", queue=self._floor.config.fallback_queue)
            elif (agent := self._idle_agent()) is not None:
                await self._command(contact, "reassign", agent_id=agent)

    def _idle_agent(self) -> str | None:
        idle = [
            name
            for name, agent in sorted(self._floor.agents.items())
            if agent.presence == "available" and not agent.work
        ]
        return self._around.chance.choice(idle) if idle else None

    async def _call_back_from_a_break(self) -> None:
        agents = sorted(self._floor.agents.items())
        resting = [name for name, agent in agents if agent.presence == "break"]
        if resting:
            name = self._around.chance.choice(resting)
            await self._ask("PUT", f"/v1/agents/{POOL}/{name}/presence", presence="available")

    async def _command(self, contact: Contact, what: str, **body: object) -> None:
        await self._ask("POST", f"/v1/contacts/{POOL}/{contact.id}:{what}", **body)

    async def _ask(self, method: str, path: str, **body: object) -> None:
        url = f"{self._around.places.api}{path}"
        key = f"supervisor-{self._around.clock.now_ms()}-{path}"
        with suppress(GaveUp, Refused):  # refused: the floor has changed meanwhile
            await self._around.door.ask(method, url, token=self._token, key=key, json=body)
            self.steps += 1
