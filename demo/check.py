"""An independent check of the router: replays the journal and knows nothing of the engine.

It keeps who is connected, who has which offer and which assignment, from the journal alone, and
collects findings: a contact that two people have, an agent above capacity, an offer to somebody
who is away, an event that contradicts what came before it.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Literal

from services.contracts import routing_events as ev
from services.contracts.journal import Record
from services.contracts.pool import PoolConfig

UNITS = 100
"""What every agent has."""
KEEP_FINDINGS = 100

Kind = Literal["doubly_owned", "above_capacity", "offered_to_absent", "contradictions"]
KINDS: tuple[Kind, ...] = (
    "doubly_owned",
    "above_capacity",
    "offered_to_absent",
    "contradictions",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that must not be: of which kind, in which record, and what."""

    kind: Kind
    partition: int
    offset: int
    detail: str


@dataclass(slots=True)
class Work:
    """An offer or an assignment: whose, of which contact, and the units it takes."""

    contact: str
    agent: str
    channel: str
    cost: int


@dataclass(slots=True)
class _Agent:
    limits: dict[str, int] = field(default_factory=dict)
    available: bool = False
    sessions: dict[str, str] = field(default_factory=dict)
    work: dict[str, Work] = field(default_factory=dict)


class JournalCheck:
    """Feed it every valid record of the pool's partition, in order.

    `counts` and `findings` (the first hundred) hold what was found in records for which `see` was
    called with `counting`: what went before the run under test is only replayed.
    """

    def __init__(self, pool: str) -> None:
        self.counts: Counter[Kind] = Counter(dict.fromkeys(KINDS, 0))
        self.findings: list[Finding] = []
        self._pool = pool
        self._config = PoolConfig(
            pool=pool, partition=0, channels={}, queues={}, fallback_queue="none"
        )
        self._agents: defaultdict[str, _Agent] = defaultdict(_Agent)
        self._offers: dict[str, Work] = {}
        self._assignments: dict[str, Work] = {}
        self._owned: defaultdict[str, set[str]] = defaultdict(set)
        self._open: set[str] = set()
        self._quiet: set[str] = set()
        self._place = (0, 0)
        self._counting = True

    def see(self, partition: int, offset: int, record: Record, *, counting: bool = True) -> None:
        """Replay one record, then look at everybody whom it gave something."""
        self._place = (partition, offset)
        self._counting = counting
        started: list[str] = []
        grown: set[str] = set()
        for event in record.events:
            if isinstance(event, ev.GatewayExpired):
                self._expire(event.gateway)
            elif isinstance(event, ev.RoutingEvent) and event.pool == self._pool:
                self._apply(event, started, grown)
        for contact in started:
            if len(self._owned[contact]) > 1:
                self._found("doubly_owned", f"contact {contact} has {len(self._owned[contact])}")
        for agent_id in grown:
            self._check_room(agent_id)

    def _apply(self, event: ev.RoutingEvent, started: list[str], grown: set[str]) -> None:
        match event:
            case ev.PoolConfigured(config=config):
                self._config = config
            case ev.AgentUpserted(agent=agent, limits=limits):
                self._agents[agent].limits = limits
            case ev.AgentPresenceChanged(agent=agent, presence=presence):
                self._agents[agent].available = presence == "available"
            case ev.SessionAttached(agent=agent, session=session, gateway=gateway):
                self._agents[agent].sessions[session] = gateway
            case ev.SessionDetached(agent=agent, session=session):
                self._agents[agent].sessions.pop(session, None)
            case ev.ContactQueued(contact=contact):
                if contact.id in self._open:
                    self._found("contradictions", f"contact {contact.id} was queued twice")
                self._open.add(contact.id)
            case (
                ev.ContactWithdrawn(contact=contact)
                | ev.ContactOverflowed(contact=contact)
                | ev.ContactClosed(contact=contact)
            ):
                self._end(contact)
            case ev.ContactQuieted(contact=contact, agent=agent, cost=cost):
                self._quiet.add(contact)
                self._recost(contact, agent, cost)
            case ev.ContactWoken(contact=contact, agent=agent, cost=cost):
                self._quiet.discard(contact)
                self._recost(contact, agent, cost)
            case ev.OfferMade():
                self._offer(event, grown)
            case ev.OfferEnded(offer=offer):
                self._take_back(self._offers, offer, "offer")
            case ev.AssignmentStarted():
                self._assign(event, started, grown)
            case ev.AssignmentWrapping(contact=contact, reason="transferred"):
                self._owned[contact].discard(event.assignment)
            case ev.AssignmentEnded(assignment=assignment):
                work = self._take_back(self._assignments, assignment, "assignment")
                if work is not None:
                    self._owned[work.contact].discard(assignment)
            case _:
                pass

    def _offer(self, event: ev.OfferMade, grown: set[str]) -> None:
        agent = self._agents[event.agent]
        if not agent.available or not any(agent.sessions.values()):
            what = "not connected" if agent.available else "not available"
            self._found("offered_to_absent", f"{event.agent} is {what}: offer {event.offer}")
        if event.contact not in self._open:
            self._found("contradictions", f"offer {event.offer} of a contact that is not there")
        self._give(self._offers, event.offer, event.contact, event.agent, event.channel)
        grown.add(event.agent)

    def _assign(self, event: ev.AssignmentStarted, started: list[str], grown: set[str]) -> None:
        offer = self._offers.get(event.offer)
        if offer is None or (offer.contact, offer.agent) != (event.contact, event.agent):
            self._found("contradictions", f"assignment {event.assignment} without its offer")
            grown.add(event.agent)
        if offer is not None:
            self._take_back(self._offers, event.offer, "offer")
        if event.contact not in self._open:
            self._found("doubly_owned", f"contact {event.contact} was over already")
        cost = offer.cost if offer is not None else self._cost(event.channel)
        declared = self._config.channels.get(event.channel)
        if event.contact in self._quiet and declared and declared.inactive_cost is not None:
            cost = min(cost, declared.inactive_cost)
        self._give(
            self._assignments, event.assignment, event.contact, event.agent, event.channel, cost
        )
        self._owned[event.contact].add(event.assignment)
        started.append(event.contact)

    def _end(self, contact: str) -> None:
        if contact not in self._open:
            self._found("contradictions", f"contact {contact} ended twice, or was never queued")
        self._open.discard(contact)
        self._quiet.discard(contact)
        if self._owned.pop(contact, None):
            self._found("contradictions", f"contact {contact} ended while somebody has it")

    def _give(
        self,
        kind: dict[str, Work],
        key: str,
        contact: str,
        agent: str,
        channel: str,
        cost: int | None = None,
    ) -> None:
        work = Work(contact, agent, channel, self._cost(channel) if cost is None else cost)
        kind[key] = self._agents[agent].work[key] = work

    def _take_back(self, kind: dict[str, Work], key: str, what: str) -> Work | None:
        work = kind.pop(key, None)
        if work is None:
            self._found("contradictions", f"{what} {key} ended, but it is not open")
            return None
        self._agents[work.agent].work.pop(key, None)
        return work

    def _expire(self, gateway: str) -> None:
        for agent in self._agents.values():
            for session, holder in agent.sessions.items():
                if holder == gateway:
                    agent.sessions[session] = ""

    def _cost(self, channel: str) -> int:
        declared = self._config.channels.get(channel)
        return UNITS if declared is None else declared.cost

    def _firm(self, channel: str) -> bool:
        """Whether work of the channel keeps its units from everything else."""
        declared = self._config.channels.get(channel)
        return declared is None or not declared.interruptible

    def _recost(self, contact: str, agent: str, cost: int) -> None:
        """The customer has fallen quiet or has written again."""
        for key in self._owned[contact] if agent else ():
            self._assignments[key].cost = cost

    def _check_room(self, agent_id: str) -> None:
        agent = self._agents[agent_id]
        used = sum(work.cost for work in agent.work.values() if self._firm(work.channel))
        if used > UNITS:
            self._found("above_capacity", f"{agent_id} has {used} of {UNITS} units taken")
        for channel, number in Counter(work.channel for work in agent.work.values()).items():
            declared = self._config.channels.get(channel)
            most = min(
                declared.max if declared is not None else UNITS, agent.limits.get(channel, UNITS)
            )
            if number > most:
                self._found("above_capacity", f"{agent_id} has {number} of {most} in {channel}")

    def _found(self, kind: Kind, detail: str) -> None:
        if not self._counting:
            return
        self.counts[kind] += 1
        if len(self.findings) < KEEP_FINDINGS:
            self.findings.append(Finding(kind, *self._place, detail))
