"""What must hold after every step, whatever comes in: random sequences of hundreds of events."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services.contracts import contact_events as ce
from services.contracts import routing_events as ev
from services.contracts.policy import Plan, PlanClass, PlanGroup, PlanPair, PolicyConfig
from services.contracts.pool import (
    CalendarConfig,
    ChannelConfig,
    Instead,
    PresenceConfig,
    QueueConfig,
    Relaxation,
    Rule,
    WeeklyHours,
)
from services.router.core import replies
from services.router.core.bitset import bits
from services.router.core.calendars import WEEKDAYS
from services.router.core.eligibility import UNDECLARED, able, has_room, limit
from services.router.core.model import CAPACITY, Agent, Assignment, Contact, Offer
from services.router.core.partition import Decision
from services.router.core.snapshot import dump, load
from tests.unit.router.core.world import CHANNELS, POOL, QUEUES, World, config

SKILLS = ("billing", "voice", "de", "en")
AGENTS = tuple(f"agent{n}" for n in range(6))
ORIGIN = ce.Origin(pool="acme/sales", contact_id="c0", transfer_id="t9-1-0")
GATEWAYS = ("g1", "g2")
RELAX = (
    Relaxation(after=2, lower={"billing": 3}),
    Relaxation(after=4, drop=("billing", "voice")),
    Relaxation(after=20, anyone=True),
)
ON_TO_NIGHT = Instead(action="queue", queue="night")


def daily(*hours: str) -> CalendarConfig:
    return CalendarConfig(
        time_zone="UTC", hours=WeeklyHours(**dict.fromkeys(WEEKDAYS, hours)), holidays="FI"
    )


CONFIGS = (
    config(
        channels={
            **CHANNELS,
            "chat": ChannelConfig(cost=30, max=3, offer_timeout=10, parallel_offers=3),
        },
        queues={
            **QUEUES,
            "general": QueueConfig(preferred_agent=1.5),
            "billing": QueueConfig(required={"billing": 2}, relax=RELAX[1:], preferred_agent=3),
        },
        presence=PresenceConfig(
            grace=3,
            assignment_grace=8,
            missed_offers=2,
            ask_again=4,
            ramp_period=20,
            ramp_interval=2,
        ),
        policy=PolicyConfig(overload="fewer_misses", overload_after=0),
    ),
    config(
        channels={
            "chat": ChannelConfig(cost=50, max=2, offer_timeout=5, wrap_up=3, auto_accept=True),
            "email": ChannelConfig(cost=25, max=3, offer_timeout=15, interruptible=True),
            "phone": ChannelConfig(cost=100, exclusive=True, wrap_up=2),
        },
        queues={
            "general": QueueConfig(preferred={"voice": 2, "de": 1}, preferred_agent=30),
            "experts": QueueConfig(required={"billing": 4}, priority=7, relax=RELAX),
        },
        rules=(Rule(queue="experts", when={"topic": "billing"}, prefer={"en": 1}),),
        presence=PresenceConfig(grace=1, assignment_grace=0, ask_again=0),
        policy=PolicyConfig(reserve=1),
    ),
    config(
        channels={
            **CHANNELS,
            "chat": ChannelConfig(
                cost=40,
                max=9,
                offer_timeout=7,
                inactive_cost=5,
                probe_after=1,
                give_up_after=2,
                wrap_up=1,
                parallel_offers=2,
            ),
            "email": ChannelConfig(cost=30, interruptible=True, inactive_cost=0),
        },
        queues={
            "general": QueueConfig(max_length=3, max_expected_wait=8, overflow=ON_TO_NIGHT),
            "billing": QueueConfig(required={"billing": 2}, calendar="day"),
            "urgent": QueueConfig(priority=9, max_wait=3, overflow=ON_TO_NIGHT),
            "calls": QueueConfig(
                calendar="day", closed=Instead(action="queue", queue="urgent"), max_length=0
            ),
            "night": QueueConfig(
                calendar="night",
                closed=Instead(action="callback"),
                max_wait=4,
                overflow=Instead(action="form"),
            ),
        },
        calendars={"day": daily("00:00-09:00", "10:00-22:14"), "night": daily("22:13-22:15")},
        languages=(),
        policy=PolicyConfig(rule="round_robin"),
    ),
)
TIMES = (*(-3_000, 0, 1, 50, 200, 500, 1_000, 1_500, 1_900, 2_500, 6_000, 70_000), 90_000_000)


@dataclass(slots=True)
class Held:
    """An open offer or an assignment: so many units of the agent's."""

    agent: str
    contact: str
    cost: int
    full: int
    firm: bool


class Ledger:
    """Who has which units taken, from the events alone: the capacity rule, told once more."""

    def __init__(self) -> None:
        self.channels: dict[str, ChannelConfig] = {}
        self.held: dict[str, Held] = {}
        self.quiet: set[str] = set()

    def take(self, event: ev.AnyRoutingEvent) -> None:
        match event:
            case ev.PoolConfigured(config=configuration):
                self.channels = configuration.channels
            case ev.OfferMade():
                channel = self.channels.get(event.channel, UNDECLARED)
                self.fits(event.agent, channel)
                self.held[event.offer] = Held(
                    event.agent,
                    event.contact,
                    channel.cost,
                    channel.cost,
                    firm=not channel.interruptible,
                )
            case ev.OfferEnded():
                del self.held[event.offer]
            case ev.AssignmentStarted():
                held = self.held[event.assignment] = self.held.pop(event.offer)
                less = self.channels.get(event.channel, UNDECLARED).inactive_cost
                if event.contact in self.quiet and less is not None:
                    held.cost = min(less, held.cost)
            case ev.AssignmentEnded():
                del self.held[event.assignment]
            case ev.ContactChannelChanged() if event.agent:
                channel = self.channels.get(event.channel, UNDECLARED)
                self.quiet.discard(event.contact)
                mine = [
                    key
                    for key, one in self.held.items()
                    if (one.contact, one.agent) == (event.contact, event.agent)
                ]
                del self.held[mine[-1]]
                self.fits(event.agent, channel)
                self.held[mine[-1]] = Held(
                    event.agent,
                    event.contact,
                    channel.cost,
                    channel.cost,
                    firm=not channel.interruptible,
                )
            case ev.ContactChannelChanged():
                self.quiet.discard(event.contact)
            case ev.ContactQuieted():
                self.quiet.add(event.contact)
                self.recost(event.contact, event.agent, event.cost)
            case ev.ContactWoken():
                self.quiet.discard(event.contact)
                self.recost(event.contact, event.agent, event.cost)

    def fits(self, agent: str, channel: ChannelConfig) -> None:
        mine = [held for held in self.held.values() if held.agent == agent]
        firm = [held for held in mine if held.firm]
        if channel.exclusive:
            assert not firm, "an exclusive contact beside another"
        elif channel.interruptible:
            assert sum(held.cost for held in mine) + channel.cost <= CAPACITY
        else:
            assert sum(held.cost for held in firm) + channel.cost <= CAPACITY

    def recost(self, contact: str, agent: str, cost: int) -> None:
        mine = [one for one in self.held.values() if (one.contact, one.agent) == (contact, agent)]
        for held in mine[-1:]:  # they may write up what was theirs once before
            assert cost <= held.full
            held.cost = cost


class Driver:
    """Turns bytes into events, and checks the state after each."""

    def __init__(self, script: bytes) -> None:
        self.world = World(CONFIGS[0])
        self.script = iter(script)
        self.sent: list[tuple[int, type, Any, str]] = []
        self.answers: dict[str, Any] = {}
        self.offers: list[str] = ["o3-0-0"]
        self.assignments: list[str] = ["a3-0-0"]
        self.contacts = self.forgotten = 0
        self.owners: dict[str, str] = {}
        self.writing_up: set[str] = set()
        self.ledger = Ledger()
        self.known = dict.fromkeys(GATEWAYS)
        for name in AGENTS[:4]:
            self.world.agent(name, billing=3, de=1)
        for event in self.world.all_events():
            self.ledger.take(event)

    def byte(self) -> int:
        return next(self.script)

    def pick(self, options: Any) -> Any:
        return options[self.byte() % len(options)]

    def run(self) -> None:
        moves = tuple(self.moves())
        try:
            while True:
                self.pick(moves)()
                self.check()
        except StopIteration:
            pass

    def moves(self) -> Iterator[Callable[[], None]]:
        weights = {
            self.open: 10,
            self.answer: 12,
            self.finish: 8,
            self.end: 3,
            self.cancel: 1,
            self.fall_quiet: 3,
            self.transfer: 5,
            self.cancel_transfer: 2,
            self.hear_from_abroad: 2,
            self.change_channel: 2,
            self.supervise: 4,
            self.write: 2,
            self.presence: 4,
            self.upsert: 2,
            self.session: 4,
            self.heartbeat: 4,
            self.time: 6,
            self.catch_up: 4,
            self.plan: 2,
            self.configure: 1,
            self.reject: 1,
            self.again: 4,
        }
        for move, weight in weights.items():
            yield from [move] * weight

    def put(self, kind: type, data: Any) -> None:
        before = self.world.partition.at
        renew = self.byte() > 250
        decision = self.world.put(kind, data, renew=renew)
        self.sent.append((decision.at, kind, data, f"e{self.world.commands}"))
        if decision.reply is not None:
            self.answers[decision.reply.id] = decision.reply
        assert decision.at >= before
        self.watch(decision)

    @property
    def heard(self) -> set[str]:
        contacts = self.world.partition.pools[POOL].contacts.values()
        return {fact for contact in contacts for fact in contact.heard}

    def watch(self, decision: Decision) -> None:
        """Hold the events alone, without the state, against who may own what."""
        pool = self.world.partition.pools[POOL]
        for event in decision.events:
            self.ledger.take(event)
            if isinstance(event, ev.OfferMade):
                self.offers.append(event.offer)
                self.offered(pool.agents[event.agent], event)
            elif isinstance(event, ev.AssignmentStarted):
                self.assignments.append(event.assignment)
                assert event.contact not in self.owners, "two owners"
                self.owners[event.contact] = event.agent
            elif isinstance(event, ev.ContactForgotten):
                self.forgotten += 1
            elif isinstance(event, ev.AssignmentWrapping) and event.reason == "transferred":
                assert self.owners.pop(event.contact) == event.agent
                self.writing_up.add(event.assignment)
            elif isinstance(event, ev.AssignmentEnded):
                if event.assignment in self.writing_up:
                    assert event.result == "transferred"
                else:
                    assert self.owners.pop(event.contact) == event.agent

    def offered(self, agent: Agent, event: ev.OfferMade) -> None:
        world = self.world
        pool = world.partition.pools[POOL]
        contact = pool.contacts[event.contact]
        live = [g for g in agent.sessions.values() if g and g in world.partition.gateways]
        assert live, "offered to somebody absent"
        assert agent.presence == "available"
        assert agent.known
        assert able(agent.skills, contact.required) or "direct" in event.why
        assert agent.id != event.from_agent, "offered to its owner"
        channel = pool.channel(event.channel)
        # (An offer can be over within the record: another agent has taken it at once.)
        assert agent.load.get(event.channel, 0) <= limit(agent, event.channel, channel)

    # Moves

    def open(self) -> None:
        data = ce.OpenedContact(
            pool=POOL,
            contact_id=f"c{self.contacts + 1}",
            conversation_id=f"v{self.contacts + 1}",
            channel=self.pick(("chat", "chat", "email", "phone", "fax")),
            opened_at=self.world.now + self.byte() * 40 - 8_000,
            topic=self.pick(("", "", "billing")),
            tier=self.pick(("", "", "", "gold")),
            language=self.pick(("", "de", "en-GB", "fr")),
            origin=self.pick((None, None, None, ORIGIN)),
            customer=self.pick(("", "", "x1", "x2", "x3")),
            preferred_agent=self.pick(("", "", "", *AGENTS[:3], "nobody")),
            not_before=self.pick((0, 0, 0, 0, self.world.now + self.byte() * 20)),
            due_at=self.pick((0, 0, self.world.now + self.byte() * 40)),
        )
        self.put(ce.ContactOpened, data)
        self.contacts += 1

    def answer(self) -> None:
        kind = self.pick((ce.AcceptOffer, ce.AcceptOffer, ce.DeclineOffer))
        offer_id = self.offers[-1 - self.byte() % min(8, len(self.offers))]
        offer = self.world.partition.pools[POOL].offers.get(offer_id)
        past = self.world.partition.pools[POOL].past_offers.get(offer_id)
        agent = offer.agent.id if offer else past.agent if past else "agent0"
        if self.byte() > 240:
            agent = self.pick(AGENTS)
        if kind is ce.AcceptOffer:
            self.put(kind, ce.OfferData(pool=POOL, offer_id=offer_id, agent_id=agent))
        else:
            pause = self.pick((0.0, 0.0, 1.0, 5.0))
            data = ce.DeclineData(pool=POOL, offer_id=offer_id, agent_id=agent, pause=pause)
            self.put(kind, data)

    def finish(self) -> None:
        kind = self.pick((ce.CompleteAssignment, ce.WrapUpAssignment))
        assignment_id = self.assignments[-1 - self.byte() % min(12, len(self.assignments))]
        assignment = self.world.partition.pools[POOL].assignments.get(assignment_id)
        past = self.world.partition.pools[POOL].past_assignments.get(assignment_id)
        agent = assignment.agent.id if assignment else past.agent if past else "agent0"
        if self.byte() > 240:
            agent = self.pick(AGENTS)
        data = ce.AssignmentData(pool=POOL, assignment_id=assignment_id, agent_id=agent)
        self.put(kind, data)

    def _recent(self) -> str:
        return f"c{max(0, self.contacts - self.byte() % 10)}"

    def end(self) -> None:
        reason = self.pick(("abandoned", "customer_left", "solved"))
        self.put(
            ce.ContactEnded, ce.EndedContact(pool=POOL, contact_id=self._recent(), reason=reason)
        )

    def cancel(self) -> None:
        self.put(ce.CancelContact, ce.CancelData(pool=POOL, contact_id=self._recent()))

    def transfer(self) -> None:
        owned = sorted(self.owners)
        if not owned:
            return
        contact = self.world.partition.pools[POOL].contacts[owned[self.byte() % len(owned)]]
        assert contact.assignment is not None
        target: dict[str, Any] = self.pick(
            (
                {"to_agent": self.pick(AGENTS)},
                {"to_queue": self.pick(("general", "billing", "urgent", "experts"))},
                {"to_skills": {self.pick(SKILLS): 1 + self.byte() % 3}},
                {"to_pool": "acme/sales"},
            )
        )
        data = ce.TransferData(
            pool=POOL,
            assignment_id=contact.assignment.id,
            agent_id=contact.assignment.agent.id,
            **target,
        )
        self.put(ce.TransferAssignment, data)

    def hear_from_abroad(self) -> None:
        """Another pool has accepted, or not, or keeps what it handed over."""
        pool = self.world.partition.pools[POOL]
        if pool.inbound and self.byte() > 128:
            contact_id = sorted(pool.inbound)[self.byte() % len(pool.inbound)]
            data = ce.WithdrawnTransfer(pool=POOL, contact_id=contact_id, transfer_id="t9-1-0")
            self.put(ce.TransferWithdrawn, data)
        elif pool.outbound:
            contact_id = sorted(pool.outbound)[self.byte() % len(pool.outbound)]
            transfer = pool.contacts[contact_id].abroad
            assert transfer is not None
            result: Any = self.pick(("accepted", "accepted", "refused"))
            answer = ce.AnsweredTransfer(
                pool=POOL, contact_id=contact_id, transfer_id=transfer.id, result=result
            )
            self.put(ce.TransferAnswered, answer)

    def cancel_transfer(self) -> None:
        contacts = self.world.partition.pools[POOL].contacts.values()
        for contact in contacts:
            if contact.transfer is not None and contact.assignment is not None:
                one = contact.assignment
                data = ce.AssignmentData(pool=POOL, assignment_id=one.id, agent_id=one.agent.id)
                self.put(ce.CancelTransfer, data)
                return

    def change_channel(self) -> None:
        contact_id = self._recent()
        owner = self.owners.get(contact_id, "") if self.byte() > 120 else ""
        channel = self.pick(("chat", "email", "phone"))
        data = ce.ChangeChannelData(
            pool=POOL, contact_id=contact_id, channel=channel, agent_id=owner
        )
        self.put(ce.ChangeChannel, data)

    def supervise(self) -> None:
        contact = {"pool": POOL, "contact_id": self._recent(), "by": "super"}
        kind = self.pick(("reassign", "reassign", "move", "prioritise", "close", "force"))
        if kind == "reassign":
            agent = self.pick(AGENTS)
            self.put(ce.ReassignContact, ce.ReassignData(**contact, agent_id=agent))
        elif kind == "move":
            queue = self.pick(("general", "billing", "urgent", "experts"))
            self.put(ce.MoveContact, ce.MoveData(**contact, queue=queue))
        elif kind == "prioritise":
            priority = self.byte() % 10
            self.put(ce.PrioritiseContact, ce.PrioritiseData(**contact, priority=priority))
        elif kind == "close":
            self.put(ce.CloseContact, ce.CloseData(**contact))
        else:
            presence: Any = self.pick(("available", "available", "offline"))
            data = ce.SetPresenceData(
                pool=POOL, agent_id=self.pick(AGENTS), presence=presence, by="super"
            )
            self.put(ce.SetPresence, data)

    def fall_quiet(self) -> None:
        self.put(ce.ContactQuiet, ce.ContactData(pool=POOL, contact_id=self._recent()))

    def write(self) -> None:
        self.put(ce.ContactActive, ce.ContactData(pool=POOL, contact_id=self._recent()))

    def presence(self) -> None:
        presence = self.pick(
            ("available", "available", "available", "break", "offline", "draining", "wrap_up")
        )
        data = ce.SetPresenceData(pool=POOL, agent_id=self.pick(AGENTS), presence=presence)
        self.put(ce.SetPresence, data)

    def upsert(self) -> None:
        levels, limits = self.byte(), self.byte()
        skills = {skill: 1 + (levels >> n) % 5 for n, skill in enumerate(SKILLS) if levels >> n & 1}
        data = ce.UpsertAgentData(
            pool=POOL,
            agent_id=self.pick(AGENTS),
            skills=skills,
            limits={"chat": limits % 4} if limits > 128 else {},
            auto_accept=("email",) if limits % 8 == 3 else (),
        )
        self.put(ce.UpsertAgent, data)

    def session(self) -> None:
        agent, gateway = self.pick(AGENTS), self.pick(GATEWAYS)
        sessions = self.world.partition.pools[POOL].agents.get(agent, Agent(agent)).sessions
        if sessions and self.byte() > 100:
            session = sorted(sessions)[self.byte() % len(sessions)]
            data = ce.SessionData(
                pool=POOL,
                agent_id=agent,
                session_id=session,
                gateway=sessions[session] or gateway,
            )
            self.put(self.pick((ce.SessionEnded, ce.SessionEnded, ce.SessionOpened)), data)
        else:
            data = ce.SessionData(
                pool=POOL, agent_id=agent, session_id=f"s{len(self.sent)}", gateway=gateway
            )
            self.put(ce.SessionOpened, data)

    def heartbeat(self) -> None:
        for gateway in GATEWAYS[: 1 + self.byte() % 2]:
            self.put(
                ce.GatewayHeartbeat,
                ce.HeartbeatData(gateway=gateway, period=self.pick((2.0, 20.0, 60.0))),
            )

    def time(self) -> None:
        self.world.now += self.pick(TIMES)

    def catch_up(self) -> None:
        """Ticks at the moments that timers ask for, until nothing is due."""
        world = self.world
        self.heartbeat()
        end = world.now + self.byte() * 40
        for _ in range(1_000):
            due = world.partition.next_due()
            if due is None or due > end:
                break
            world.now = max(world.now, due)
            self.put(ce.ClockTick, ce.TickData(due_at=due))
            self.check()
        else:
            raise AssertionError("the timers do not come to rest")
        world.now = max(world.now, end)

    def configure(self) -> None:
        self.put(ce.ConfigurePool, ce.ConfigurePoolData(pool=POOL, config=self.pick(CONFIGS)))

    def plan(self) -> None:
        at = self.world.now
        classes = (
            PlanClass(queue="general", channel="chat", required={"de": 1}),
            PlanClass(queue="general", channel="email"),
            PlanClass(queue="billing", channel="chat", required={"billing": 2}),
        )
        groups = (PlanGroup(skills={"billing": 3, "de": 1}), PlanGroup(able=(0, 1)))
        handling, step = 60.0 + self.byte(), 1 + self.byte() // 3
        pairs = [
            PlanPair(k, g, handling * (1 + k), (k + g) * step % 100 / 100)
            for k in range(3)
            for g in (0, 1)
        ]
        plan = Plan(
            made_at=max(0, at - self.byte() * 20),
            rho=self.byte() / 128,
            classes=classes,
            groups=groups,
            pairs=tuple(pairs),
            markers=2,
        )
        self.put(ce.PlanProposed, ce.ProposedPlan(pool=POOL, plan=plan))

    def reject(self) -> None:
        self.world.offset += 1
        decision = self.world.partition.reject(
            self.world.offset, "undecodable", "no JSON", self.world.now
        )
        self.watch(self.world.keep(decision))
        assert decision.events[-1:] != ()

    def again(self) -> None:
        """An event of a while ago comes a second time: nothing changes, a command is answered the
        same. (A connection whose gateway fell silent is opened again by the same event.)"""
        if not self.sent:
            return
        at, kind, data, event_id = self.sent[-1 - self.byte() % min(20, len(self.sent))]
        if kind in (ce.GatewayHeartbeat, ce.SessionOpened, ce.ClockTick):
            return
        # A fact that was no news when it came is not remembered, and may be news later.
        if kind in (ce.ContactQuiet, ce.ContactActive) and event_id not in self.heard:
            return
        self.world.tick()
        self.watch(self.world.last)
        while (due := self.world.partition.next_due()) is not None and due <= self.world.now:
            self.watch(self.world.tick())
        if self.world.partition.at - at >= replies.KEEP_MS:
            return
        decision = self.world.put(kind, data, id=event_id)
        assert decision.events == (), "a doubled event changed something"
        assert decision.reply == self.answers.get(event_id)

    # What must hold

    def check(self) -> None:
        pool = self.world.partition.pools[POOL]
        at = self.world.partition.at
        for agent in pool.agents.values():
            held: list[Offer | Assignment] = [*agent.offers.values(), *agent.assignments.values()]
            assert agent.used == sum(one.cost for one in held)
            assert agent.firm_used == sum(one.cost for one in held if one.firm)
            assert agent.firm_held == sum(one.firm for one in held)
            assert agent.live == sum(bool(gateway) for gateway in agent.sessions.values())
            for one in held:
                assert one.agent is agent
            for name, channel in pool.index.channels.items():
                free = pool.index.free.get(name, 0) >> agent.slot & 1
                assert free == (agent.present and has_room(agent, name, channel))
        assert not pool.contacts.keys() & pool.closed.keys()
        for contact in pool.contacts.values():
            self.in_one_state(contact)
        asked = {offer.contact.id for offer in pool.offers.values()}
        assert asked == {c.id for c in pool.contacts.values() if c.offers}
        assert asked >= {c.id for c in pool.contacts.values() if c.state == "offered"}
        assert self.owners == {
            c.id: c.assignment.agent.id for c in pool.contacts.values() if c.assignment
        }
        for contact in pool.contacts.values():
            if contact.ticket or contact.held_until:
                self.waits_for_a_reason(contact, at)
        waiting = sum(line.size for line in pool.index.lines)
        waiting += sum(len(held) for held in pool.held.values())
        assert waiting == sum(c.ticket > 0 or c.held_until > 0 for c in pool.contacts.values())
        assert all(pool.agents[name].present for name in pool.held)
        assert [line.number for line in pool.index.lines if line.size] == list(
            bits(pool.index.waiting)
        )

    def in_one_state(self, contact: Contact) -> None:
        pool = self.world.partition.pools[POOL]
        parked = contact.id in pool.parked.get(contact.queue, {})
        assert parked == (contact.state == "parked")
        assert len(set(contact.left)) == len(contact.left), "went round"
        if contact.transfer is None:
            assert bool(contact.offers) == (contact.state == "offered")
        else:
            assert contact.state == "assigned"
            assert bool(contact.transfer.to_agent) <= (len(contact.offers) == 1)
        asked = [offer.agent.id for offer in contact.offers.values()]
        pool = self.world.partition.pools[POOL]
        most = pool.channel(contact.facts.channel).parallel_offers
        assert len(asked) == len(set(asked))
        assert (contact.assignment is not None) == (contact.state in ("assigned", "wrapping"))
        held = self.world.partition.pools[POOL].held.get(contact.facts.preferred_agent, {})
        assert (contact.id in held) == (contact.held_until > 0)
        alone = contact.facts.preferred_agent in asked
        waits = contact.state == "queued" or (0 < len(asked) < most and not alone)
        if contact.transfer is not None:
            waits = not contact.transfer.to_agent and len(asked) < most
            waits &= contact.abroad is None
        assert (contact.abroad is not None) == (contact.id in pool.outbound)
        assert (contact.id not in pool.inbound) or contact.assignment is None
        assert (contact.ticket > 0) == (waits and not contact.held_until)
        if contact.assignment is not None:
            assert contact.assignment.wrapping == (contact.state == "wrapping")

    def waits_for_a_reason(self, contact: Contact, at: int) -> None:
        pool = self.world.partition.pools[POOL]
        channel = pool.channel(contact.facts.channel)
        for agent in pool.agents.values():
            suitable = (
                agent.present
                and able(agent.skills, contact.required)
                and has_room(agent, contact.facts.channel, channel)
                and contact.tried.get(agent.id, 0) <= at
                and (not contact.held_until or agent.id == contact.facts.preferred_agent)
                and all(offer.agent is not agent for offer in contact.offers.values())
                and not self.kept_free(agent, channel)
            )
            assert not suitable, f"{contact.id} waits although {agent.id} is free"

    def kept_free(self, agent: Agent, channel: ChannelConfig) -> bool:
        """Whether the agent is one of those kept free for an exclusive channel."""
        pool = self.world.partition.pools[POOL]
        reserve = pool.config.policy.reserve
        exclusive = {n: one for n, one in pool.config.channels.items() if one.exclusive}
        if reserve is None or channel.cost == CAPACITY:
            return False
        free = {
            one.id
            for one in pool.agents.values()
            if one.present and any(has_room(one, n, channel) for n, channel in exclusive.items())
        }
        return agent.id in free and len(free) <= reserve


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    # Shrinking a thousand bytes takes minutes and rarely helps: the journal tells what happened.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(st.binary(min_size=900, max_size=2400))
def test_whatever_comes_in_no_rule_is_broken_and_replay_and_snapshot_agree(script: bytes) -> None:
    driver = Driver(script)
    driver.run()
    world = driver.world
    state = world.partition.fingerprint()
    assert world.replayed().fingerprint() == state
    assert world.replayed(len(world.journal) // 2).fingerprint() == state
    assert load(dump(world.partition)).fingerprint() == state
    pool = world.partition.pools[POOL]
    assert len(pool.contacts) + len(pool.closed) + driver.forgotten == driver.contacts


def test_the_random_sequences_reach_what_they_should() -> None:
    """Guards the guard: a driver that only ever sees refusals would prove nothing."""
    import random

    seen: set[str] = set()
    for seed in range(9):
        driver = Driver(random.Random(seed).randbytes(3000))
        driver.run()
        seen |= {type(event).__name__ for event in driver.world.all_events()}
    wanted = {kind.__name__ for kind in (*ev.PoolEvent.__args__, *ev.PartitionEvent.__args__)}
    assert seen >= wanted, wanted - seen
