"""What a pool holds: agents, contacts, offers, assignments. Changed only by applied events."""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from services.contracts.base import Level, Millis, Name
from services.contracts.contact_events import Presence
from services.contracts.routing_events import Classified, QueuedContact
from services.router.core.expected import Seen

INDEX = {"index": True}
"""Metadata of a field that follows from the others: snapshots leave it out."""
CAPACITY = 100
"""The units that every agent has."""

ContactState = Literal[
    "scheduled", "parked", "queued", "offered", "assigned", "wrapping",
    "closed", "withdrawn", "overflowed",
]  # fmt: skip
"""`scheduled`: its time has not come; `parked`: its queue is closed. The last three are over."""
OVER = frozenset[ContactState](("closed", "withdrawn", "overflowed"))
AgentKey = tuple[int, int, str, int]
"""(idle since or another number, skills, id, slot): of equally suited agents the smallest first."""


@dataclass(slots=True, eq=False)
class Offer:
    """One agent is asked for one contact until `expires_at`; `span` is that time's full length.

    `cost` is what the offer keeps of the agent's units, whatever the channel costs later; `firm`
    that it keeps them from everything, not interruptible;
    `idle_before` is the agent's place in line, given back when the offer is rescinded, as is the
    time before which a fresh agent gets nothing else (`next_at`, 0: none).
    """

    id: str
    contact: "Contact"
    agent: "Agent"
    channel: Name
    queue: Name
    cost: int
    firm: bool
    made_at: Millis
    expires_at: Millis
    span: int
    waited_ms: int
    idle_before: Millis
    next_at: Millis = 0


@dataclass(slots=True, eq=False)
class Assignment:
    """The agent has the contact: talking (`wrap_up_until` is 0), then writing it up.

    `cost` is less than `full_cost` while the customer is quiet; `firm` as of its offer.
    `handed_over`: another agent has the contact, this one writes up their part.
    """

    id: str
    contact: "Contact"
    agent: "Agent"
    channel: Name
    queue: Name
    cost: int
    full_cost: int
    firm: bool
    started_at: Millis
    wrap_up_until: Millis = 0
    disposition: str = ""
    handed_over: bool = False

    @property
    def wrapping(self) -> bool:
        """Whether the talk is over."""
        return self.wrap_up_until > 0


@dataclass(slots=True, frozen=True)
class Audited:
    """What a supervisor did: see `audit.noted`."""

    at: Millis
    by: str
    action: str
    contact: str
    agent: str
    detail: str


@dataclass(slots=True, frozen=True)
class Transfer:
    """Somebody else shall have a contact that is in hand: `to_agent`, or somebody of `to_pool`, or
    whoever may take it. `before` is what the contact asked for, and whether people had chosen that.
    `id`, `queue` and `recalled` are for another pool: see `transfer.started`."""

    to_agent: str
    note: str
    started_at: Millis
    before: Classified
    chosen_before: bool
    to_pool: str = ""
    queue: str = ""
    id: str = ""
    recalled: bool = False


@dataclass(slots=True, eq=False)
class Contact:
    """A contact that is not over. `facts` never change; what the rules make of them may.

    `tried` holds who declined or missed the contact, and until when they are not asked again.
    `offers`: who is asked; `audit`: what supervisors did with it, the newest last. `chosen`: people
    said what it asks for, the rules do not change it.
    While a `transfer` is open, queue and skills are those that it wants. `quiet`: the customer has
    not written for a while; they are asked at `probe_at` and given up at `give_up_at`,
    `give_up_span` after that (0: not). `heard`: the newest facts about it, by id.
    `step` counts the relaxations that were taken. `waits_since` is when it came into this line,
    whose times count from there: the age (`virtual_start`) outlives talks and closed hours, these
    times do not. `relax_at` is the time of the next relaxation, while it waits; until
    `held_until` it waits for its preferred agent alone (0: for anybody); at `overflow_at` it has
    waited too long for its queue. `placed` is the queue that another one sent it to, whatever the
    rules say, `left` those that it was sent on from. `settled`: its promise was kept, or not.
    `ticket` is the contact's valid entry in its line, 0 when it does not wait (an index, no state).
    `seen` is what its wait is forecast from; `telling` whether the wait's length will say something
    about others: it had to wait, once, and was not asked for in vain.
    """

    facts: QueuedContact
    queue: Name
    priority: int
    required: dict[Name, Level]
    preferred: dict[Name, Level]
    state: ContactState = "queued"
    offers: dict[str, Offer] = field(default_factory=dict)
    assignment: Assignment | None = None
    transfer: Transfer | None = None
    chosen: bool = False
    audit: tuple[Audited, ...] = ()
    tried: dict[str, Millis] = field(default_factory=dict)
    quiet: bool = False
    heard: tuple[str, ...] = ()
    probe_at: Millis = 0
    give_up_at: Millis = 0
    give_up_span: int = 0
    ticket: int = field(default=0, metadata=INDEX)
    signature: int = field(default=-1, metadata=INDEX)
    step: int = 0
    waits_since: Millis = 0
    relax_at: Millis = 0
    held_until: Millis = 0
    overflow_at: Millis = 0
    placed: Name = ""
    left: tuple[Name, ...] = ()
    settled: bool = False
    seen: Seen | None = None
    queued_at: Millis = 0
    telling: bool = False

    @property
    def id(self) -> str:
        """The contact's id."""
        return self.facts.id

    @property
    def wanted(self) -> Classified:
        """What it asks for now."""
        return Classified(
            queue=self.queue,
            priority=self.priority,
            required=self.required,
            preferred=self.preferred,
            step=self.step,
        )

    @property
    def abroad(self) -> Transfer | None:
        """The open transfer to another pool, which alone says whether somebody has accepted."""
        return self.transfer if self.transfer and self.transfer.to_pool else None

    @property
    def urgency(self) -> int:
        """The priority; below all others while somebody is asked already and more could be."""
        return self.priority - 10 if self.offers else self.priority


@dataclass(slots=True, frozen=True)
class Closed:
    """What is remembered of a contact that is over, until `forget_at`. `action` and `opens_at`
    are what the customer of an overflowed one was told."""

    state: ContactState
    conversation: str
    channel: Name
    queue: Name
    agent: str
    reason: str
    forget_at: Millis
    audit: tuple[Audited, ...] = ()
    action: str = ""
    opens_at: Millis = 0


class QueueHours(NamedTuple):
    """A queue's calendar, as far as was asked: whether it is open, until when (0: nobody knows),
    and when to ask again."""

    open: bool
    until: Millis
    look_at: Millis


@dataclass(slots=True, frozen=True)
class Past:
    """What is remembered of an offer or an assignment that is over.

    `result` is that of its last event (`accepted` for an offer that was taken); `assignment` is
    what an accepted offer became.
    """

    contact: str
    agent: str
    result: str
    assignment: str = ""


@dataclass(slots=True, eq=False)
class Agent:
    """A person who answers. `known` is false while only connections of them are known.

    `sessions` maps each connection to its gateway, or to "" once that gateway was lost; `live`
    counts those with a gateway. `forced_by` is the supervisor who set the presence. `used` units
    are taken, `firm_used` of them by the `firm_held` offers and assignments that cannot be
    interrupted. Nothing new before `paused_until`; nor, for
    who is fresh until `ramp_until`, before `next_at` (0: no such time). The two grace times are
    (until, full length); until 0: none.
    `asked` is the pool's number of offers when the agent was asked last; `group` the agent's group
    in the plan. `slot` and what comes after it belong to the index.
    """

    id: str
    known: bool = False
    skills: dict[Name, Level] = field(default_factory=dict)
    limits: dict[Name, int] = field(default_factory=dict)
    auto_accept: tuple[Name, ...] = ()
    presence: Presence = "offline"
    forced_by: str = ""
    paused_until: Millis = 0
    ramp_until: Millis = 0
    next_at: Millis = 0
    missed: int = 0
    sessions: dict[str, str] = field(default_factory=dict)
    live: int = 0
    lost: bool = False
    grace_until: Millis = 0
    grace_span: int = 0
    assignment_grace_until: Millis = 0
    assignment_grace_span: int = 0
    revision: int = 0
    used: int = 0
    firm_used: int = 0
    firm_held: int = 0
    load: dict[Name, int] = field(default_factory=dict)
    offers: dict[str, Offer] = field(default_factory=dict)
    assignments: dict[str, Assignment] = field(default_factory=dict)
    idle_since: Millis = 0
    asked: int = 0
    group: int = field(default=-1, metadata=INDEX)
    slot: int = field(default=-1, metadata=INDEX)
    open_to: tuple[Name, ...] = field(default=(), metadata=INDEX)
    key: AgentKey | None = field(default=None, metadata=INDEX)
    load_seen: int = field(default=0, metadata=INDEX)
    signatures: int = field(default=0, metadata=INDEX)
    signatures_seen: int = field(default=0, metadata=INDEX)

    @property
    def present(self) -> bool:
        """Whether new contacts may come: connected, available (which takes being known) and in
        no pause."""
        return self.live > 0 and self.presence == "available" and not self.paused_until

    @property
    def signed_in(self) -> bool:
        """Whether they are at work, if only on a break. A connection that is gone counts until
        the grace time is over."""
        return (
            self.known
            and self.presence != "offline"
            and (bool(self.sessions) or self.grace_until > 0)
        )


@dataclass(slots=True, eq=False)
class Gateway:
    """A process that holds agents' connections; silent after `until`, it and they are gone."""

    until: Millis
    span: int
    sessions: set[tuple[str, str, str]] = field(default_factory=set)
