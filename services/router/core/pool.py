"""The state of one pool. Only `apply.py` changes it."""

from services.contracts import routing_events as ev
from services.contracts.base import Millis
from services.contracts.policy import Plan
from services.contracts.pool import ChannelConfig, Instead, PoolConfig
from services.router.core.classify import Classifier
from services.router.core.eligibility import UNDECLARED
from services.router.core.expected import Waits
from services.router.core.index import Index, ungrouped
from services.router.core.model import (
    Agent,
    Assignment,
    Audited,
    Closed,
    Contact,
    ContactState,
    Offer,
    Past,
    QueueHours,
)
from services.router.core.plan import Planned
from services.router.core.policy.base import Policy
from services.router.core.policy.choose import policy_for
from services.router.core.relaxation import relaxed
from services.router.core.timers import Schedule

KEEP_LINES = 4_096
"""So many lines of contacts may lie idle."""


class Pool:
    """Everything that shares agents.

    `past_offers` and `past_assignments` remember the newest 10,000 that are over, so that a late
    command can be told what became of them; `ended_sessions` the newest 10,000 connections that
    were ended, so that a doubled `session.opened` does not wake them. `stale` names the waiting
    contacts that the present configuration classifies otherwise; `audit` is what supervisors did,
    the newest last; `outbound` names the contacts that are to go to another pool, `inbound` those
    that have come from one and that nobody has accepted; `tally` counts contacts by queue and
    state; `relaxing` names the queues with relaxations; `held` the contacts that wait for one agent
    alone; `hours` and `parked`: of the queues with a calendar, whether they are open, and who comes
    back then; `served` who served a customer last, of the newest 100,000; `waits` is what was
    learned about waiting.

    The pool decides by `plan`, made at `planned_at` (kept when it has lapsed), until `plan_until`;
    the plan's load has been on its side of overload since `crossed_at`, and `overloaded` says
    whether the operator's choice for it holds. `offers_made` counts.
    """

    # What a snapshot keeps; `index`, `policy`, `classify` and `schedule` are built anew.
    name: str
    config: PoolConfig
    version: int
    agents: dict[str, Agent]
    contacts: dict[str, Contact]
    closed: dict[str, Closed]
    offers: dict[str, Offer]
    assignments: dict[str, Assignment]
    past_offers: dict[str, Past]
    past_assignments: dict[str, Past]
    ended_sessions: dict[str, None]
    stale: set[str]
    audit: list[Audited]
    outbound: dict[str, None]
    inbound: dict[str, None]
    tally: dict[tuple[str, ContactState], int]
    relaxing: frozenset[str]
    held: dict[str, dict[str, None]]
    hours: dict[str, QueueHours]
    parked: dict[str, dict[str, None]]
    served: dict[str, str]
    waits: Waits
    plan: Plan | None
    planned_at: Millis
    plan_until: Millis
    crossed_at: Millis
    overloaded: bool
    offers_made: int

    def __init__(self, name: str, schedule: Schedule) -> None:
        self.name = name
        self.schedule = schedule
        self.config = PoolConfig(
            pool=name, partition=0, channels={}, queues={}, fallback_queue="none"
        )
        self.classify = Classifier(self.config)
        self.version = 0
        self.agents = {}
        self.contacts = {}
        self.closed = {}
        self.offers = {}
        self.assignments = {}
        self.past_offers = {}
        self.past_assignments = {}
        self.ended_sessions = {}
        self.stale = set()
        self.audit = []
        self.outbound = {}
        self.inbound = {}
        self.tally = {}
        self.relaxing = frozenset()
        self.held = {}
        self.hours = {}
        self.parked = {}
        self.served = {}
        self.waits = Waits()
        self.plan = None
        self.planned_at = 0
        self.plan_until = 0
        self.crossed_at = 0
        self.overloaded = False
        self.offers_made = 0
        self.index = Index()
        self.decide()

    def decide(self) -> None:
        """Configuration, plan or overload are others: from here on decide accordingly."""
        planned = Planned(self.plan) if self.plan else None
        self.policy: Policy = policy_for(self.config, self.index, planned, self.overloaded)
        self.index.key = self.policy.key
        self.index.shelved = self.policy.shelved
        self.index.regroup(planned.group_of if planned else ungrouped)

    def tidy(self) -> None:
        """Nothing is left to be matched: forget the lines in which nobody waits, and the channels
        that only they had, when they are many."""
        index = self.index
        if len(index.lines) > KEEP_LINES and len(index.lines) > 4 * index.waiting.bit_count():
            self.decide()
            index.configure(self.config.channels, self.agents.values(), self.contacts.values())
            index.settle()

    def channel(self, name: str) -> ChannelConfig:
        """The channel as declared, or as one that takes the whole agent."""
        return self.config.channels.get(name, UNDECLARED)

    def look_again(self) -> None:
        """Everything is to be matched: what was left undone is not known."""
        self.index.look_again()
        for agent_id in self.held:
            self.index.freed[agent_id] = self.agents[agent_id]

    def is_closed(self, queue: str) -> bool:
        """Whether the queue's calendar says so."""
        hours = self.hours.get(queue)
        return hours is not None and not hours.open

    def may_go(self, contact: Contact, instead: Instead) -> bool:
        """Whether there is such another queue, and the contact has not been there."""
        return (
            instead.queue in self.config.queues
            and instead.queue != contact.queue
            and instead.queue not in contact.left
        )

    def touched(self, agent_id: str) -> Agent:
        """The agent, whom an event touches: the revision counts it."""
        agent = self.agents[agent_id]
        agent.revision += 1
        return agent

    def line_up(self, contact: Contact) -> None:
        """A contact that is offered or transferred stands in line if one more agent may be asked,
        and else not. The agent whom the customer knows is asked alone."""
        self.index.dequeue(contact)
        most = self.channel(contact.facts.channel).parallel_offers
        if most == 1 and contact.transfer is None:
            return
        asked = {offer.agent.id for offer in contact.offers.values()}
        if contact.transfer is not None:
            more = not contact.transfer.to_agent and not contact.transfer.to_pool
        else:
            known = contact.facts.preferred_agent
            more = contact.state == "offered" and bool(asked) and known not in asked
        if more and len(asked) < most:
            self.index.enqueue(contact)

    def reclassified(self, contact: Contact) -> ev.Classified | None:
        """What the contact would get under the present configuration, if that is another. The
        relaxations that were taken stay, as far as it is the same queue and there are as many. What
        people chose stays as long as there is that queue, and so does who was sent on."""
        if contact.chosen and contact.queue in self.config.queues:
            return None
        placed = contact.placed if contact.placed in self.config.queues else ""
        now = self.classify(contact.facts, placed)
        if contact.step and now.queue == contact.queue:
            now = relaxed(now, self.config.queues[now.queue].relax[: contact.step])
        return None if now == contact.wanted else now
