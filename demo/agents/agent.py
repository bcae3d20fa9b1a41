"""A simulated agent: signs in, takes offers, reads, answers, wraps up, has a break now and then.

Everything it knows about its work comes over its two sockets; after a lost connection the
snapshot says what is in hand, and work already begun goes on.
"""

import asyncio
import json
from collections.abc import Callable, Coroutine
from contextlib import aclosing, suppress
from functools import partial
from typing import Any

from websockets.asyncio.client import ClientConnection

from demo.agents.conversation import Conversation
from demo.agents.roster import Person
from demo.agents.transcripts import Transcripts
from demo.customers.surroundings import Surroundings
from demo.door import GaveUp, Refused
from demo.places import POOL, TENANT
from demo.sockets import CLOSED, connections

LIVE = ("chat", "bot")
LOOKING = {"chat": 3.0, "bot": 8.0}
"""Human seconds until an offer is taken; the bot's customers may not need anybody after all."""
TRANSFERS = 0.04
HAND_ON_TO = (
    {"to_queue": "general"},
    {"to_skills": {"complaint": 3}},
    {"to_skills": {"repair": 3}},
    {"to_agent": "agent-03"},
)
"""How often somebody hands a talk on, and to whom."""
OfferSeen = Callable[[str], None]


class Gap(Exception):
    """An event is missing: connect again, for a new snapshot."""


class Agent:
    """One person at work. `offer_seen(contact_id)` is called when an offer reaches the socket."""

    def __init__(
        self, around: Surroundings, person: Person, offer_seen: OfferSeen, errors: list[str]
    ) -> None:
        self.person = person
        self._errors = errors
        self._around = around
        self._offer_seen = offer_seen
        self._token = ""
        self._work: dict[str, asyncio.Task[None]] = {}
        self._talks: dict[str, Conversation] = {}
        self._screen = Transcripts()
        self._chores: set[asyncio.Task[None]] = set()
        self._breaks = 0

    async def work(self) -> None:
        """Until cancelled."""
        answer = await self._around.door.said(
            "POST",
            f"{self._around.places.api}/v1/dev/token",
            json={"subject": self.person.id, "tenant": TENANT, "roles": ["agent"]},
        )
        self._token = answer["token"]
        try:
            await asyncio.gather(self._follow_offers(), self._follow_talk())
        finally:
            for task in [*self._work.values(), *self._chores]:
                task.cancel()

    async def set_presence(self, presence: str, *, patience: float = 60.0) -> None:
        """Say whether contacts may come."""
        self._breaks += 1
        url = f"{self._around.places.api}/v1/agents/{POOL}/{self.person.id}/presence"
        with suppress(GaveUp, Refused):
            await self._around.door.ask(
                "PUT",
                url,
                token=self._token,
                key=f"{self.person.id}-{presence}-{self._breaks}-{self._around.clock.now_ms()}",
                json={"presence": presence},
                patience=patience,
            )

    async def _follow_offers(self) -> None:
        url = f"{self._around.places.api}/v1/agents/{POOL}/{self.person.id}/ws"
        async with aclosing(
            connections(url, self._around.pace, subprotocols=["jonoton.bearer", self._token])
        ) as sockets:
            async for socket in sockets:
                with suppress(*CLOSED, Gap):
                    await self._hear_offers(socket)

    async def _hear_offers(self, socket: ClientConnection) -> None:
        revision = 0
        async for text in socket:
            frame = json.loads(text)
            if frame["type"] == "snapshot":
                revision = frame["revision"]
                self._catch_up(frame)
            elif frame["revision"] != revision + 1:
                raise Gap
            else:
                revision += 1
                self._happened(frame["event"])

    def _catch_up(self, snapshot: dict[str, Any]) -> None:
        offers = {one["offer_id"]: one for one in snapshot["offers"]}
        assignments = {one["assignment_id"]: one for one in snapshot["assignments"]}
        for key in self._work.keys() - offers.keys() - assignments.keys():
            self._stop(key)
        for key, offer in offers.items():
            self._begin(key, partial(self._consider, key, offer["channel"]))
            self._offer_seen(offer["contact_id"])
        for key, one in assignments.items():
            self._begin(key, partial(self._serve, key, one))
        if snapshot["agent"]["presence"] != "available":
            self._chore(self.set_presence("available"))

    def _happened(self, event: dict[str, Any]) -> None:
        match event["type"]:
            case "offer.made":
                key = event["offer"]
                self._offer_seen(event["contact"])
                self._begin(key, partial(self._consider, key, event["channel"]))
            case "offer.ended":
                self._stop(event["offer"])
            case "assignment.started":
                self._stop(event["offer"])
                key = event["assignment"]
                one = {"conversation_id": event["conversation"], "channel": event["channel"]}
                self._begin(key, partial(self._serve, key, one))
            case "assignment.wrapping":
                talk = self._talks.get(event["assignment"])
                if talk is not None:
                    talk.customer_left()
            case "assignment.ended":
                self._stop(event["assignment"])
                if self._around.pace.happens(0.02):
                    self._chore(self._have_a_break())
            case "agent.presence-changed" if event.get("reason") == "missed_offers":
                self._chore(self._come_back())
            case _:
                pass

    async def _consider(self, offer_id: str, channel: str) -> None:
        """Look, and take it; now and then somebody leaves it to a colleague."""
        pace = self._around.pace
        await pace.takes(LOOKING.get(channel, 6.0))
        what = "decline" if pace.happens(0.03) else "accept"
        body = {"json": {"pause": round(pace.real(30), 1)}} if what == "decline" else {}
        with suppress(GaveUp, Refused):  # refused: somebody else was faster
            await self._command(f"offers/{offer_id}:{what}", f"{what}-{offer_id}", **body)

    async def _serve(self, assignment_id: str, one: dict[str, Any]) -> None:
        """From the first look to the last click."""
        conversation_id = one["conversation_id"]
        talk = Conversation(
            self._around,
            self._token,
            conversation_id,
            assignment_id,
            self._screen.of(conversation_id),
            live=one["channel"] in LIVE,
        )
        self._talks[assignment_id] = talk
        try:
            topic = "answered"
            if one.get("state") != "wrapping":
                if self._around.pace.happens(TRANSFERS):
                    await self._hand_on(assignment_id)
                topic = await talk.hold()
                await self._finish("wrap-up", assignment_id, topic)
            await self._around.pace.takes(8)
            await self._finish("complete", assignment_id, topic)
        finally:
            self._talks.pop(assignment_id, None)
            self._screen.forget(conversation_id)

    async def _hand_on(self, assignment_id: str) -> None:
        """Somebody else knows better; until they accept, the talk goes on here."""
        target = self._around.chance.choice(HAND_ON_TO)
        with suppress(GaveUp, Refused):  # refused: there is nobody
            await self._command(
                f"assignments/{assignment_id}:transfer", f"transfer-{assignment_id}", json=target
            )

    async def _finish(self, how: str, assignment_id: str, disposition: str) -> None:
        with suppress(GaveUp, Refused):  # refused: the customer or the clock has ended it
            await self._command(
                f"assignments/{assignment_id}:{how}",
                f"{how}-{assignment_id}",
                json={"disposition": disposition},
            )

    async def _command(self, path: str, key: str, **request: Any) -> None:
        url = f"{self._around.places.api}/v1/{path}"
        await self._around.door.ask("POST", url, token=self._token, key=key, **request)

    async def _have_a_break(self) -> None:
        await self.set_presence("break")
        await self._around.pace.takes(60)
        await self.set_presence("available")

    async def _come_back(self) -> None:
        await self._around.pace.takes(10)
        await self.set_presence("available")

    async def _follow_talk(self) -> None:
        """What customers say."""
        url = f"{self._around.places.conversations}/v1/agents/{POOL}/{self.person.id}/ws"
        async with aclosing(
            connections(url, self._around.pace, subprotocols=["jonoton.bearer", self._token])
        ) as sockets:
            async for socket in sockets:
                with suppress(*CLOSED):
                    async for text in socket:
                        self._screen.hear(json.loads(text))

    def _begin(self, key: str, make: Callable[[], Coroutine[Any, Any, None]]) -> None:
        if key not in self._work:
            self._work[key] = asyncio.create_task(self._guarded(make))

    def _stop(self, key: str) -> None:
        task = self._work.pop(key, None)
        if task is not None:
            task.cancel()

    def _chore(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)

    async def _guarded(self, make: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """An agent does not give up on a customer: after an outage it begins again."""
        while True:
            try:
                return await make()
            except GaveUp:
                continue
            except Exception as error:  # noqa: BLE001 - one bug must not end the agent's day
                self._errors.append(f"{self.person.id}: {error!r}"[:300])
                return None
