"""The production pool on a clock of the simulation: its people, and what is told to it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from services.contracts import contact_events as ce
from services.contracts import routing_events as ev
from services.contracts.base import Level, Millis, Name
from services.contracts.pool import PoolConfig
from services.router.core.partition import Decision, Partition
from services.router.core.pool import Pool

START: Millis = 86_400_000
"""When a simulated day begins, on the engine's clock."""
GATEWAY = "gateway"
HEARTBEAT_MS = 60_000
"""Longer silence than three of these would take the agents away."""
_TIME = datetime(2026, 1, 1, tzinfo=UTC)
_SOURCE = "simulator"


@dataclass(frozen=True, slots=True)
class Person:
    """An agent of the simulation; `group` counts the groups of those who are equally fast."""

    id: str
    group: int
    skills: dict[Name, Level]
    limits: dict[Name, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kind:
    """What the contacts of a class say of themselves."""

    channel: Name
    topic: str = ""
    language: str = ""
    tier: str = ""


class Refused(Exception):
    """The engine did not take what the simulator told it: a bug here, or a broken pool."""


class Floor:
    """A pool with everybody signed in and available; each method is one step of the engine.

    Nothing of the engine is replaced, nothing decided here. Events are built as structs, without
    the JSON in between. `now` never goes back. `listen` hears of every event, as a follower of the
    journal does.
    """

    def __init__(self, config: PoolConfig, people: Sequence[Person]) -> None:
        self.listen: Callable[[ev.AnyRoutingEvent, Millis], None] | None = None
        self.partition = Partition(config.partition)
        self.people = {person.id: person for person in people}
        self._pool = config.pool
        self._offset = -1
        self._leaving: dict[int, int] = {}
        self._away: dict[int, list[str]] = {}
        self.tell(ce.ConfigurePool, ce.ConfigurePoolData(pool=config.pool, config=config), START)
        self.beat(START)
        for person in people:
            self._sign_in(person)

    @property
    def pool(self) -> Pool:
        """The engine's state of the pool."""
        return self.partition.pools[self._pool]

    def step(self, event: ce.InputEvent, now: Millis) -> tuple[ev.AnyRoutingEvent, ...]:
        """One input event of any kind; what the engine decided."""
        self._offset += 1
        return self._heard(self.partition.step(self._offset, event, now))

    def tell(self, kind: type, data: object, now: Millis) -> tuple[ev.AnyRoutingEvent, ...]:
        """A command, which must be taken. Raises `Refused`."""
        self._offset += 1
        command = kind(id=f"t{self._offset}", source=_SOURCE, time=_TIME, data=data)
        decision = self.partition.step(self._offset, command, now)
        if decision.reply is not None and decision.reply.status != 200:
            raise Refused(f"{kind.__name__}: {decision.reply.status} {decision.reply.body}")
        return self._heard(decision)

    def report(self, kind: type, data: object, now: Millis) -> tuple[ev.AnyRoutingEvent, ...]:
        """A fact, which nobody answers."""
        return self.step(kind(id="fact", source=_SOURCE, time=_TIME, data=data), now)

    def beat(self, now: Millis) -> None:
        """The gateway that holds everybody's connection lives on."""
        data = ce.HeartbeatData(gateway=GATEWAY, period=HEARTBEAT_MS / 1000)
        self.step(ce.GatewayHeartbeat(id="beat", source=_SOURCE, time=_TIME, data=data), now)

    def tick(self, now: Millis) -> tuple[ev.AnyRoutingEvent, ...]:
        """Something that the engine waits for is due."""
        data = ce.TickData(due_at=now)
        return self.step(ce.ClockTick(id="tick", source=_SOURCE, time=_TIME, data=data), now)

    def free(self) -> list[str]:
        """Who has nothing in hand and could get a contact, by id."""
        agents = self.pool.agents
        return [one for one in self.people if agents[one].present and not agents[one].used]

    def opened(
        self, contact: str, kind: Kind, now: Millis, preferred_agent: str = ""
    ) -> tuple[ev.AnyRoutingEvent, ...]:
        """A contact arrives, and asks for somebody if `preferred_agent` is named."""
        data = ce.OpenedContact(
            pool=self._pool,
            contact_id=contact,
            conversation_id=contact,
            channel=kind.channel,
            opened_at=now,
            topic=kind.topic,
            language=kind.language,
            tier=kind.tier,
            preferred_agent=preferred_agent,
        )
        return self.step(ce.ContactOpened(id=contact, source=_SOURCE, time=_TIME, data=data), now)

    def abandoned(self, contact: str, now: Millis) -> tuple[ev.AnyRoutingEvent, ...]:
        """A waiting contact's patience is at its end."""
        data = ce.EndedContact(pool=self._pool, contact_id=contact, reason="abandoned")
        return self.step(ce.ContactEnded(id=contact, source=_SOURCE, time=_TIME, data=data), now)

    def accepted(self, offer: str, agent: str, now: Millis) -> tuple[ev.AnyRoutingEvent, ...]:
        """The agent takes the contact, unless the offer is over."""
        if offer not in self.pool.offers:
            return ()
        data = ce.OfferData(pool=self._pool, offer_id=offer, agent_id=agent)
        return self.tell(ce.AcceptOffer, data, now)

    def ended(
        self, assignment: str, agent: str, wrap_up: bool, now: Millis
    ) -> tuple[ev.AnyRoutingEvent, ...]:
        """The talk ends: done, or to be written up until the engine ends that time. Whoever is to
        go home goes, if that is this agent's group."""
        if self._leaving:
            self._go_if_called(agent, now)
        data = ce.AssignmentData(pool=self._pool, assignment_id=assignment, agent_id=agent)
        kind = ce.WrapUpAssignment if wrap_up else ce.CompleteAssignment
        return self.step(kind(id=assignment, source=_SOURCE, time=_TIME, data=data), now)

    def staff(self, group: int, number: int, now: Millis) -> tuple[ev.AnyRoutingEvent, ...]:
        """From now on so many of the group are there (of those that the floor was made with).

        Too many: the idle go at once, then whoever of the group is ready first. Too few: who was
        to go stays, then others come back.
        """
        events: list[ev.AnyRoutingEvent] = []
        away = self._away.setdefault(group, [])
        everybody = [person.id for person in self.people.values() if person.group == group]
        if number > len(everybody):
            raise Refused(f"group {group} has {len(everybody)} people, not {number}")
        self._leaving.pop(group, None)
        surplus = len(everybody) - len(away) - number
        agents = self.pool.agents
        while surplus < 0:
            events += self._presence(away.pop(), "available", now)
            surplus += 1
        for agent in everybody:
            if surplus and agent not in away and not agents[agent].used:
                self._leave(agent, now)
                surplus -= 1
        if surplus:
            self._leaving[group] = surplus
        return tuple(events)

    def _heard(self, decision: Decision) -> tuple[ev.AnyRoutingEvent, ...]:
        if self.listen is not None:
            for event in decision.events:
                self.listen(event, decision.at)
        return decision.events

    def _go_if_called(self, agent: str, now: Millis) -> None:
        group = self.people[agent].group
        if group in self._leaving:
            self._leave(agent, now)
            self._leaving[group] -= 1
            if not self._leaving[group]:
                del self._leaving[group]

    def _leave(self, agent: str, now: Millis) -> None:
        self._presence(agent, "draining", now)
        self._away.setdefault(self.people[agent].group, []).append(agent)

    def _sign_in(self, person: Person) -> None:
        pool = self._pool
        upsert = ce.UpsertAgentData(
            pool=pool, agent_id=person.id, skills=person.skills, limits=person.limits
        )
        session = ce.SessionData(
            pool=pool, agent_id=person.id, session_id=f"s-{person.id}", gateway=GATEWAY
        )
        self.tell(ce.UpsertAgent, upsert, START)
        self.tell(ce.SessionOpened, session, START)
        self._presence(person.id, "available", START)

    def _presence(
        self, agent: str, presence: ce.Presence, now: Millis
    ) -> tuple[ev.AnyRoutingEvent, ...]:
        data = ce.SetPresenceData(pool=self._pool, agent_id=agent, presence=presence)
        return self.tell(ce.SetPresence, data, now)
