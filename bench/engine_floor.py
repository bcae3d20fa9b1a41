"""A contact centre of any size for `bench.engine`: agents with a skill set each, 300 signatures, a
line of waiting contacts that stays as long as it is."""

import random
import time
from typing import Any

from services.contracts import contact_events as ce
from services.contracts import routing_events as ev
from services.contracts.base import Event
from services.contracts.codec import decode, encode
from services.contracts.journal import Record, Source, encode_entry
from services.contracts.pool import ChannelConfig, PoolConfig, QueueConfig, Rule
from services.contracts.topics import CONTACT_EVENTS
from services.kit.clock import to_datetime
from services.router.core.partition import Decision, Partition
from services.router.core.pool import Pool

POOL = "bench/pool"
SKILLS = 60
QUEUES = 150
CHANNELS = {
    "phone": ChannelConfig(cost=100, offer_timeout=20),
    "mail": ChannelConfig(cost=100, offer_timeout=60, deferred=True),
}
START = 1_700_000_000_000


class Floor:
    """`steps` and `events` count input events and the routing events that they led to; `spent` are
    the seconds of processor time that the steps took."""

    def __init__(self, agents: int, *, through_json: bool = False, seed: int = 5) -> None:
        self.random = random.Random(seed)
        self.partition = Partition(0)
        self.now = START
        self.offset = -1
        self.steps = self.events = self.contacts = 0
        self.spent = 0.0
        self.open: list[tuple[str, str]] = []
        self.through_json = through_json
        self._skills = [f"skill-{number:02}" for number in range(SKILLS)]
        self._put(ce.ConfigurePool, ce.ConfigurePoolData(pool=POOL, config=self._config()))
        self._heartbeat()
        seen: set[tuple[tuple[str, int], ...]] = set()
        while len(seen) < agents:
            chosen = self.random.sample(self._skills, self.random.randint(4, 10))
            skills = {skill: self.random.randint(1, 5) for skill in chosen}
            key = tuple(sorted(skills.items()))
            if key not in seen:
                seen.add(key)
                self._sign_in(f"agent-{len(seen):05}", skills)

    @property
    def pool(self) -> Pool:
        """The pool's state."""
        return self.partition.pools[POOL]

    @property
    def waiting(self) -> int:
        """Contacts in line."""
        return len(self.pool.contacts) - len(self.pool.assignments) - len(self.pool.offers)

    def fill(self, waiting: int) -> None:
        """Contacts come until so many wait."""
        while self.waiting < waiting:
            self.now += 1
            self.settle(self.arrive())
            if self.contacts % 2_000 == 0:
                self._heartbeat()

    def work(self, rounds: int) -> None:
        """So often a contact comes and another is completed; what is offered is accepted."""
        for number in range(rounds):
            self.now += 5
            self.settle(self.arrive())
            if self.open:
                self.settle(self._complete())
            if number % 1_000 == 0:
                self._heartbeat()

    def arrive(self) -> Decision:
        """A new contact."""
        self.contacts += 1
        data = ce.OpenedContact(
            pool=POOL,
            contact_id=f"contact-{self.contacts:08}",
            conversation_id=f"conversation-{self.contacts:08}",
            channel=self.random.choice(("phone", "mail")),
            opened_at=self.now,
            topic=f"q{self.random.randrange(QUEUES):03}",
        )
        return self._put(ce.ContactOpened, data)

    def _complete(self) -> Decision:
        number = self.random.randrange(len(self.open))
        self.open[number], self.open[-1] = self.open[-1], self.open[number]
        assignment, agent = self.open.pop()
        data = ce.AssignmentData(pool=POOL, assignment_id=assignment, agent_id=agent)
        return self._put(ce.CompleteAssignment, data)

    def settle(self, decision: Decision) -> None:
        """What is offered is accepted."""
        for event in decision.events:
            if isinstance(event, ev.OfferMade):
                data = ce.OfferData(pool=POOL, offer_id=event.offer, agent_id=event.agent)
                for then in self._put(ce.AcceptOffer, data).events:
                    if isinstance(then, ev.AssignmentStarted):
                        self.open.append((then.assignment, then.agent))

    def _sign_in(self, agent: str, skills: dict[str, int]) -> None:
        self.now += 7
        session = ce.SessionData(pool=POOL, agent_id=agent, session_id=f"s-{agent}", gateway="g")
        presence = ce.SetPresenceData(pool=POOL, agent_id=agent, presence="available")
        self._put(ce.UpsertAgent, ce.UpsertAgentData(pool=POOL, agent_id=agent, skills=skills))
        self._put(ce.SessionOpened, session)
        self._put(ce.SetPresence, presence)
        if self.offset % 3_000 < 3:
            self._heartbeat()

    def _heartbeat(self) -> None:
        self._put(ce.GatewayHeartbeat, ce.HeartbeatData(gateway="g", period=60))

    def _put(self, kind: Any, data: Any) -> Decision:
        self.offset += 1
        event: Event = kind(
            id=f"event-{self.offset:08}", source="bench", time=to_datetime(self.now), data=data
        )
        if not self.through_json:
            begin = time.process_time()
            decision = self.partition.step(self.offset, event, self.now)  # type: ignore[arg-type]
            self.spent += time.process_time() - begin
        else:
            raw = encode(event)
            begin = time.process_time()
            decision = self.partition.step(self.offset, decode(CONTACT_EVENTS, raw), self.now)
            encode_entry(
                Record(
                    epoch=1,
                    src=Source("topic", self.offset),
                    at=decision.at,
                    events=decision.events,
                    reply=decision.reply,
                )
            )
            self.spent += time.process_time() - begin
        self.steps += 1
        self.events += len(decision.events)
        return decision

    def _config(self) -> PoolConfig:
        queues = {}
        for number in range(QUEUES):
            chosen = self.random.sample(self._skills, self.random.choice((1, 1, 2)))
            queues[f"q{number:03}"] = QueueConfig(
                required={skill: self.random.randint(1, 3) for skill in chosen},
                target=self.random.choice((20, 60, 300)),
                weight=self.random.choice((1, 2, 3)),
                handling=self.random.choice((60, 180, 300)),
            )
        return PoolConfig(
            pool=POOL,
            partition=0,
            channels=CHANNELS,
            queues=queues,
            fallback_queue="q000",
            rules=tuple(Rule(queue=name, when={"topic": name}) for name in queues),
        )
