"""Thousands of random events under configurations that come and go: channels, queues, calendars,
rules and policies vanish while contacts are in every state. Two followers keep up, one of them
saved and loaded again and again; now and then the router is taken over from what they know."""

import random
from typing import Any

import msgspec
import pytest

from services.contracts import contact_events as ce
from services.contracts import routing_events as ev
from services.contracts.journal import Record, decode_entry, encode_entry
from services.contracts.policy import PolicyConfig, PolicyName, Urgency
from services.contracts.pool import (
    ChannelConfig,
    Instead,
    PoolConfig,
    PresenceConfig,
    QueueConfig,
    Relaxation,
    Rule,
)
from services.router.core.candidates import candidates
from services.router.core.classify import takes
from services.router.core.dry_run import dry_run
from services.router.core.eligibility import able, has_room
from services.router.core.forecasts import of_contact
from services.router.core.model import CAPACITY, Agent
from services.router.core.partition import Decision, Partition
from services.router.core.queries import agent_view, audit_view, contact_view, queue_views
from services.router.core.snapshot import dump, load
from tests.unit.router.core.test_properties import AGENTS, ORIGIN, SKILLS, Driver, daily
from tests.unit.router.core.world import PARTITION, POOL, config

EVENTS = 3_000
CHECKED_EVERY = 250
CHANNELS = ("chat", "email", "phone", "letter", "fax")
QUEUES = ("general", "billing", "urgent", "calls", "night", "experts")
CALENDARS = {
    "day": daily("00:00-09:00", "10:00-22:14"),
    "night": daily("22:13-22:15"),
    "never": daily(),
    "always": daily("00:00-24:00"),
}
RULES: tuple[PolicyName, ...] = (
    "jonoton", "jonoton", "longest_idle", "most_free", "round_robin", "best_skill",
    "static_priority", "static_cmu",
)  # fmt: skip
WHEN: tuple[dict[str, str | tuple[str, ...]], ...] = (
    {}, {"topic": "billing"}, {"tier": "gold"}, {"channel": ("chat", "fax")},
)  # fmt: skip


class Configurer:
    """Makes any configuration that is valid."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def some(self, names: tuple[str, ...]) -> list[str]:
        return [name for name in names if self.chance.random() < 0.6] or [names[0]]

    def maybe(self, value: Any, otherwise: Any = None, share: float = 0.3) -> Any:
        return value if self.chance.random() < share else otherwise

    def levels(self) -> dict[str, int]:
        count = self.chance.choice((0, 0, 1, 2))
        return {skill: self.chance.randint(1, 4) for skill in self.chance.sample(SKILLS, count)}

    def make(self) -> PoolConfig:
        while True:
            made = self._any()
            if not made.problems():
                return made

    def _any(self) -> PoolConfig:
        chance = self.chance
        channels = {name: self._channel() for name in self.some(CHANNELS)}
        names = self.some(QUEUES)
        return config(
            channels=channels,
            queues={name: self._queue(tuple(channels), names) for name in names},
            fallback_queue=chance.choice(names),
            languages=self.maybe((), ("de", "en")),
            rules=tuple(
                Rule(
                    queue=chance.choice(names),
                    when=chance.choice(WHEN),
                    require=self.levels(),
                    priority=self.maybe(chance.randint(0, 9)),
                )
                for _ in range(chance.randint(0, 3))
            ),
            presence=PresenceConfig(
                grace=chance.choice((0, 1, 4)),
                assignment_grace=chance.choice((0, 5)),
                missed_offers=chance.randint(1, 4),
                ask_again=chance.choice((0, 2, 15)),
                ramp_period=self.maybe(20, 0),
                ramp_interval=2,
            ),
            calendars=CALENDARS,
            policy=PolicyConfig(
                rule=chance.choice(RULES),
                live=Urgency(b=chance.choice((0, 0.5, 1)), p=chance.choice((0.5, 1.0, 1.5))),
                deferred=Urgency(b=0.1, p=chance.choice((0.3, 2.5))),
                q=chance.choice((0, 1, 3)),
                reserve=chance.choice((0, 1, 2)),
                overload=chance.choice(
                    ("off", "fewer_misses", "less_abandonment", "protect_deferred")
                ),
                overload_after=0,
            ),
        )

    def _channel(self) -> ChannelConfig:
        chance = self.chance
        times: dict[str, Any] = {
            "offer_timeout": chance.choice((2, 10)),
            "wrap_up": chance.choice((0, 0, 3, 400)),
            "auto_accept": chance.random() < 0.2,
            "parallel_offers": chance.choice((1, 1, 2, 4)),
            "probe_after": chance.choice((0, 2)),
            "give_up_after": chance.choice((0, 2)),
            "deferred": chance.random() < 0.3,
        }
        if chance.random() < 0.2:
            return ChannelConfig(cost=100, exclusive=True, **times)
        cost = chance.choice((20, 30, 50, 100))
        return ChannelConfig(
            cost=cost,
            max=chance.randint(1, 5),
            interruptible=chance.random() < 0.3,
            inactive_cost=self.maybe(chance.randint(0, cost)),
            **times,
        )

    def _queue(self, channels: tuple[str, ...], queues: list[str]) -> QueueConfig:
        chance = self.chance
        onward = Instead(action="queue", queue=chance.choice(queues))
        instead = chance.choice((onward, Instead(action="form"), Instead(action="reject")))
        return QueueConfig(
            channels=tuple(chance.sample(channels, 1)) if chance.random() < 0.2 else (),
            required=self.levels(),
            preferred=self.levels(),
            priority=chance.randint(0, 9),
            target=chance.choice((0.5, 60.0)),
            weight=chance.choice((0.1, 1.0, 9.0)),
            handling=self.maybe(chance.choice((1.0, 300.0))),
            relax=tuple(
                Relaxation(
                    after=after,
                    lower=self.levels(),
                    drop=self.maybe(("billing",), ()),
                    anyone=chance.random() < 0.3,
                )
                for after in chance.choice(((), (), (2,), (0, 2, 30)))
            ),
            preferred_agent=chance.choice((0, 0, 3, 60)),
            calendar=self.maybe(chance.choice(tuple(CALENDARS))),
            closed=chance.choice((Instead(action="park"), Instead(action="park"), instead)),
            max_length=self.maybe(chance.randint(0, 4), share=0.2),
            max_wait=self.maybe(chance.choice((2.0, 40.0)), share=0.2),
            max_expected_wait=self.maybe(chance.choice((1.0, 20.0)), share=0.2),
            overflow=instead,
        )


class Storm(Driver):
    """The driver, with more of what is odd."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.configurer = Configurer(self.chance)
        self.plain, self.saved = Partition(PARTITION), Partition(PARTITION)
        self.followed = 0
        super().__init__(self.chance.randbytes(1_000_000))
        self.states: set[str] = set()

    def storm(self) -> None:
        """The whole sequence."""
        moves = [*self.moves(), *[self.configure] * 2, *[self.open] * 4, *[self.abandon] * 3]
        moves += [self.staff] * 6
        for number in range(1, EVENTS + 1):
            self.chance.choice(moves)()
            self.check()
            if number % CHECKED_EVERY == 0:
                self.compare()
            if number % (3 * CHECKED_EVERY) == 0:
                self.take_over()

    def calm(self) -> None:
        """Everybody is at work and does it: nothing is stuck, all that is here ends."""
        made = config(
            channels={"chat": ChannelConfig(cost=20)},
            queues={"general": QueueConfig()},
            languages=(),
            rules=(),
        )
        self.put(ce.ConfigurePool, ce.ConfigurePoolData(pool=POOL, config=made))
        pool = self.world.partition.pools[POOL]
        for _ in range(300):
            for _ in range(3):
                self.staff()
            for contact in [pool.contacts[one] for one in pool.outbound]:
                assert contact.abroad is not None
                answer = ce.AnsweredTransfer(
                    pool=POOL,
                    contact_id=contact.id,
                    transfer_id=contact.abroad.id,
                    result="refused",
                )
                self.put(ce.TransferAnswered, answer)
            for offer in list(pool.offers.values()):
                data = ce.OfferData(pool=POOL, offer_id=offer.id, agent_id=offer.agent.id)
                self.put(ce.AcceptOffer, data)
            for one in list(pool.assignments.values()):
                done = ce.AssignmentData(pool=POOL, assignment_id=one.id, agent_id=one.agent.id)
                self.put(ce.CompleteAssignment, done)
            if not pool.contacts:
                break
            scheduled = all(contact.state == "scheduled" for contact in pool.contacts.values())
            self.world.now += 90_000_000 if scheduled else 5_000
        assert not pool.contacts
        assert not any(agent.used for agent in pool.agents.values())
        left = (pool.tally, pool.held, pool.parked, pool.inbound, pool.outbound)
        assert not any(left)

    def compare(self) -> None:
        """Live, followed, and followed from snapshots: all the same."""
        for record in self.world.journal[self.followed :]:
            entry = decode_entry(encode_entry(record))
            assert isinstance(entry, Record)
            self.plain.apply(entry)
            self.saved.apply(entry)
        self.followed = len(self.world.journal)
        state = self.world.partition.fingerprint()
        assert self.plain.fingerprint() == state
        assert self.saved.fingerprint() == state
        self.saved = load(dump(self.saved))
        assert self.saved.fingerprint() == state
        self.ask()

    def ask(self) -> None:
        """Whatever people ask is answered, of every contact and agent."""
        now = self.world.now
        pool = self.plain.pools[POOL]
        told: list[Any] = [queue_views(self.plain, POOL), audit_view(self.plain, POOL)]
        for contact in pool.contacts.values():
            told.append(contact_view(self.plain, POOL, contact.id))
            told.append(candidates(self.plain, POOL, contact.id))
            forecast = of_contact(pool, contact, now)
            assert forecast is None or forecast.most[0] >= 0
            told.append(dry_run(pool.config, contact.facts, pool.agents.values(), now))
        told += [agent_view(self.plain, POOL, agent) for agent in pool.agents]
        assert msgspec.json.encode(told)

    def take_over(self) -> None:
        """Another router goes on from a snapshot."""
        self.world.partition = load(dump(self.plain))
        self.watch(self.world.tick(renew=True))
        while (due := self.world.partition.next_due()) is not None and due <= self.world.now:
            self.watch(self.world.tick())
        self.check()

    def watch(self, decision: Decision) -> None:
        for event in decision.events:
            if isinstance(event, ev.PoolConfigured):
                pool = self.world.partition.pools[POOL]
                self.states |= {contact.state for contact in pool.contacts.values()}
        super().watch(decision)

    def open(self) -> None:
        now, chance = self.world.now, self.chance
        not_before = chance.choice((0, 0, 0, 1, now - 5_000, now + 3_000, now + 90_000_000))
        data = ce.OpenedContact(
            pool=POOL,
            contact_id=f"c{self.contacts + 1}",
            conversation_id=f"v{self.contacts % 50}",
            channel=chance.choice(CHANNELS),
            opened_at=chance.choice((0, now, now - 60_000, now + 60_000, 253_402_300_799_999)),
            topic=chance.choice(("", "billing")),
            tier=chance.choice(("", "gold")),
            language=chance.choice(("", "de", "en-GB", "fr")),
            origin=chance.choice((None, None, None, ORIGIN)),
            customer=chance.choice(("", "x1", "x2")),
            preferred_agent=chance.choice(("", "", *AGENTS, "nobody")),
            queue=chance.choice(("", "", *QUEUES, "no such")),
            not_before=not_before,
            due_at=chance.choice((0, 1, now, not_before, not_before + 60_000)),
        )
        self.put(ce.ContactOpened, data)
        self.contacts += 1

    def staff(self) -> None:
        """Agents come back to work: else they are away most of the time."""
        world, agent = self.world, self.chance.choice(AGENTS)
        for gateway in ("g1", "g2"):
            self.put(ce.GatewayHeartbeat, ce.HeartbeatData(gateway=gateway, period=60.0))
        known = world.partition.pools[POOL].agents.get(agent, Agent(agent))
        if not known.known:
            data = ce.UpsertAgentData(pool=POOL, agent_id=agent, skills={"billing": 4, "de": 2})
            self.put(ce.UpsertAgent, data)
        if not known.live:
            session = ce.SessionData(
                pool=POOL, agent_id=agent, session_id=f"t{len(self.sent)}", gateway="g1"
            )
            self.put(ce.SessionOpened, session)
        available = ce.SetPresenceData(pool=POOL, agent_id=agent, presence="available")
        self.put(ce.SetPresence, available)

    def time(self) -> None:
        steps = (-3_000, 0, 1, 200, 1_000, 1_500, 1_900, 2_500, 6_000)
        long = (70_000, 90_000_000)
        self.world.now += self.chance.choice(steps if self.chance.random() < 0.97 else long)

    def abandon(self) -> None:
        """Somebody ends a contact of any age and state, so that not too many are there."""
        contacts = self.world.partition.pools[POOL].contacts
        if len(contacts) < 40:
            return
        contact = self.chance.choice(list(contacts))
        reason: Any = self.chance.choice(("abandoned", "customer_left", "solved"))
        data = ce.EndedContact(pool=POOL, contact_id=contact, reason=reason)
        self.put(ce.ContactEnded, data)

    def _recent(self) -> str:
        contacts = self.world.partition.pools[POOL].contacts
        if not contacts or self.chance.random() < 0.05:
            return f"c{self.chance.randint(0, max(1, self.contacts))}"
        return self.chance.choice(list(contacts))

    def configure(self) -> None:
        made = self.configurer.make()
        self.put(ce.ConfigurePool, ce.ConfigurePoolData(pool=POOL, config=made))

    def kept_free(self, agent: Agent, channel: ChannelConfig) -> bool:
        """Only who could be given an exclusive contact is kept free for one."""
        pool = self.world.partition.pools[POOL]
        channels, reserve = pool.config.channels, pool.config.policy.reserve or 0
        exclusive = {name: one for name, one in channels.items() if one.exclusive}
        if pool.config.policy.rule != "jonoton" or channel.cost == CAPACITY or not exclusive:
            return False
        asked = [
            queue.required
            for queue in pool.config.queues.values()
            if any(takes(queue, name) for name in exclusive)
        ]
        free = {
            one.id
            for one in pool.agents.values()
            if one.present
            and any(has_room(one, name, kind) for name, kind in exclusive.items())
            and any(able(one.skills, required) for required in asked)
        }
        return agent.id in free and len(free) <= reserve


@pytest.mark.parametrize("seed", [11, 42])
def test_a_storm_of_configurations_and_events_breaks_no_rule(seed: int) -> None:
    storm = Storm(seed)
    storm.storm()
    storm.calm()
    storm.compare()
    pool = storm.world.partition.pools[POOL]
    assert len(pool.contacts) + len(pool.closed) + storm.forgotten == storm.contacts
    wanted = {"queued", "offered", "assigned", "wrapping", "scheduled", "parked"}
    assert storm.states >= wanted, "configured while contacts were in every state"
