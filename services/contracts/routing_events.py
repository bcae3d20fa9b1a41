"""Routing events: what the router decided. They stand in the journal's records and are the whole
change of state: applied to the state before they give the state after, for the router, for every
follower and for a replay alike."""

from typing import Literal

import msgspec

from services.contracts.base import Id, Level, Millis, Name
from services.contracts.contact_events import Origin, Presence
from services.contracts.policy import OverloadChoice, Plan
from services.contracts.pool import PoolConfig

OverflowReason = Literal["closed", "max_length", "max_wait", "max_expected_wait"]
"""Why a queue does not take a contact: outside its hours, or beyond one of its limits."""
RequeueReason = (
    Literal[
        "declined",
        "expired",
        "agent_lost",
        "reconfigured",
        "presence",
        "due",
        "opened",
        "channel_changed",
        "moved",
    ]
    | OverflowReason
)
WithdrawReason = Literal["abandoned", "cancelled", "solved", "customer_left", "silent", "closed"]
DetachReason = Literal["ended", "gateway_silent"]
OfferResult = Literal["declined", "expired", "rescinded"]
EndResult = Literal[
    "completed",
    "timed_out",
    "agent_lost",
    "customer_left",
    "customer_silent",
    "transferred",
    "channel_changed",
    "closed",
]
HANDED_OVER: frozenset[EndResult] = frozenset({"agent_lost", "transferred", "channel_changed"})
"""The agent's part is over, the contact goes on: with somebody else, or waiting for somebody."""
TransferResult = Literal[
    "accepted", "cancelled", "declined", "expired", "unavailable", "agent_lost", "over", "refused"
]

RejectReason = Literal["undecodable", "unknown_pool", "wrong_partition", "invalid"]


class RoutingEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """Base of all routing events. `pool` says whose."""

    pool: Name


class PoolConfigured(RoutingEvent, frozen=True, kw_only=True, tag="pool.configured"):
    """The pool's configuration from here on. `version` counts up from 1."""

    version: int
    config: PoolConfig


class AgentUpserted(RoutingEvent, frozen=True, kw_only=True, tag="agent.upserted"):
    """An agent exists with these skills and limits, and is given the contacts of the channels
    `auto_accept` without being asked."""

    agent: Id
    skills: dict[Name, Level]
    limits: dict[Name, int] = {}
    auto_accept: tuple[Name, ...] = ()


class AgentPresenceChanged(RoutingEvent, frozen=True, kw_only=True, tag="agent.presence-changed"):
    """`reason`: `chosen`, `missed_offers` when the router sent the agent on a break, `forced` when
    a supervisor (`by`) did it."""

    agent: Id
    presence: Presence
    reason: Literal["chosen", "missed_offers", "forced"] = "chosen"
    by: str = ""


class AgentPaused(RoutingEvent, frozen=True, kw_only=True, tag="agent.paused"):
    """The agent has declined and gets nothing new before `until`."""

    agent: Id
    until: Millis


class AgentReady(RoutingEvent, frozen=True, kw_only=True, tag="agent.ready"):
    """The agent may get new contacts again: `pause`: it is over or was ended; `ramp`: the time
    between two contacts of a fresh agent is over."""

    agent: Id
    reason: Literal["pause", "ramp"] = "pause"


class SessionAttached(RoutingEvent, frozen=True, kw_only=True, tag="session.attached"):
    """The agent has one more connection."""

    agent: Id
    session: Id
    gateway: Id


class SessionDetached(RoutingEvent, frozen=True, kw_only=True, tag="session.detached"):
    """The agent has one connection less; without any, the grace times begin (`grace_until`,
    `assignment_grace_until`; 0 when other sessions live)."""

    agent: Id
    session: Id
    reason: DetachReason
    grace_until: Millis = 0
    assignment_grace_until: Millis = 0


class AgentLost(RoutingEvent, frozen=True, kw_only=True, tag="agent.lost"):
    """The grace time is over: nothing is offered until the agent connects again."""

    agent: Id


class AgentReturned(RoutingEvent, frozen=True, kw_only=True, tag="agent.returned"):
    """A lost agent has connected again."""

    agent: Id


class GatewayRenewed(msgspec.Struct, frozen=True, kw_only=True, tag="gateway.renewed"):
    """The gateway's sessions live until `until` at least. Of the partition, not of a pool."""

    gateway: Id
    until: Millis


class GatewayExpired(msgspec.Struct, frozen=True, kw_only=True, tag="gateway.expired"):
    """The gateway was silent for too long: its sessions count no more from here on. Their
    `session.detached` follow, many of them in the next records. A gateway that reads of its own
    expiry opens its sessions again."""

    gateway: Id


class QueuedContact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A contact as classified. `virtual_start` is when its wait began; it survives re-queues.
    `language`, `topic`, `tier` and `fields` are what a changed pool classifies it by again.
    `preferred_agent` is asked first: whom the channel named, or who served the customer last.
    `not_before` in the future makes it a scheduled contact, which waits from then on; `due_at` is
    by when it was promised to be served (0: no promise). `origin`: another pool hands it over, into
    the queue `placed`, if that is one."""

    id: Id
    conversation: Id
    channel: Name
    queue: Name
    virtual_start: Millis
    priority: int
    required: dict[Name, Level] = {}
    preferred: dict[Name, Level] = {}
    language: str = ""
    topic: str = ""
    tier: str = ""
    fields: dict[str, str] = {}
    customer: str = ""
    preferred_agent: str = ""
    not_before: Millis = 0
    due_at: Millis = 0
    origin: Origin | None = None
    placed: str = ""


class Classified(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the pool's rules make of a contact, after the first `step` relaxations of its queue."""

    queue: Name
    priority: int
    required: dict[Name, Level] = {}
    preferred: dict[Name, Level] = {}
    step: int = 0


class ContactQueued(RoutingEvent, frozen=True, kw_only=True, tag="contact.queued"):
    """A new contact waits, or will at its time."""

    contact: QueuedContact


class ContactRequeued(RoutingEvent, frozen=True, kw_only=True, tag="contact.requeued"):
    """A contact waits again, at its old age. `classified` stands here if the pool was configured
    anew meanwhile and that changed what the contact gets, and if people have `chosen` it; with the
    reasons `reconfigured`, `moved` (to another queue, by people) and `channel_changed` the contact
    may have been waiting all the time. `due`: it was scheduled, and its time has come; `opened`: it
    was parked, and its queue has opened; an `OverflowReason`: its queue has sent it on to another.
    """

    contact: Id
    reason: RequeueReason
    classified: Classified | None = None
    chosen: bool = False


class ContactQuieted(RoutingEvent, frozen=True, kw_only=True, tag="contact.quieted"):
    """The customer has not written for a while. In the hands of `agent` (none: nobody has it) the
    contact costs `cost` units from here on. At `probe_at` the customer is asked; 0: never. `fact`
    is the id of what said so: once more it changes nothing."""

    contact: Id
    fact: Id
    agent: str = ""
    cost: int = 0
    probe_at: Millis = 0


class ContactProbed(RoutingEvent, frozen=True, kw_only=True, tag="contact.probed"):
    """Is the customer still there? The channel asks them; without an answer the contact is given
    up at `give_up_at` (0: never)."""

    contact: Id
    conversation: Id
    give_up_at: Millis = 0


class ContactWoken(RoutingEvent, frozen=True, kw_only=True, tag="contact.woken"):
    """The quiet customer has written: in the hands of `agent` (none: nobody has it) the contact
    costs `cost` units again, be it more than the agent has. `fact`: as above."""

    contact: Id
    fact: Id
    agent: str = ""
    cost: int = 0


class ContactRelaxed(RoutingEvent, frozen=True, kw_only=True, tag="contact.relaxed"):
    """A waiting contact asks for less: the first `step` relaxations of its queue are taken, for
    good. `nobody_able`: at once, because nobody signed in could do what it asked for."""

    contact: Id
    step: int
    reason: Literal["waited", "nobody_able"]
    required: dict[Name, Level] = {}
    preferred: dict[Name, Level] = {}


class ContactReleased(RoutingEvent, frozen=True, kw_only=True, tag="contact.released"):
    """The time that a waiting contact was kept for its preferred agent is over: anybody may have
    it. (Nothing says so if the agent leaves: then it follows.)"""

    contact: Id


class ContactParked(RoutingEvent, frozen=True, kw_only=True, tag="contact.parked"):
    """The contact's queue is closed: it is kept, and comes back at the opening, at its age.
    `opens_at`: when that is, as far as is known (0: not within the next 400 days)."""

    contact: Id
    opens_at: Millis = 0


class ContactOverflowed(RoutingEvent, frozen=True, kw_only=True, tag="contact.overflowed"):
    """The contact's queue does not take it, and so it is over: its channel tells the customer what
    to do instead (a `form` to fill in, a `callback` to book, nothing: `reject`), the reason and,
    for a closed queue, when it opens again (0: not known)."""

    contact: Id
    action: Literal["form", "callback", "reject"]
    reason: OverflowReason
    opens_at: Millis = 0


class PromiseSettled(RoutingEvent, frozen=True, kw_only=True, tag="promise.settled"):
    """A contact was promised to be served by `due_at`. It was accepted by then (`kept`) or later
    (`late`), it ended unserved (`broken`), or was called off before (`cancelled`)."""

    contact: Id
    result: Literal["kept", "late", "broken", "cancelled"]
    due_at: Millis


class QueueOpened(RoutingEvent, frozen=True, kw_only=True, tag="queue.opened"):
    """The queue is open by its calendar, until `until` (0: for the next 400 days at least). Made
    when it opens, and when a new configuration gives it other hours."""

    queue: Name
    until: Millis = 0


class QueueClosed(RoutingEvent, frozen=True, kw_only=True, tag="queue.closed"):
    """The queue is closed by its calendar, until `until` (0: for the next 400 days at least).
    Who waits in it goes on waiting: they came in time, and are served while agents are there."""

    queue: Name
    until: Millis = 0


class ContactChannelChanged(RoutingEvent, frozen=True, kw_only=True, tag="contact.channel-changed"):
    """The contact goes on on another channel. `agent`, if somebody has it and keeps it, has `cost`
    units taken by it from here on; a contact that waits is queued again by the next event."""

    contact: Id
    conversation: Id
    channel: Name
    agent: str = ""
    cost: int = 0


class ContactPrioritised(RoutingEvent, frozen=True, kw_only=True, tag="contact.prioritised"):
    """People gave the contact another priority."""

    contact: Id
    priority: int


class AuditNoted(RoutingEvent, frozen=True, kw_only=True, tag="audit.noted"):
    """A supervisor (`by`) commands `action`, the command's type, about a contact or an agent; what
    it leads to follows in the same record. `detail`: to where, to what."""

    by: str
    action: Name
    contact: str = ""
    agent: str = ""
    detail: str = ""


class ContactWithdrawn(RoutingEvent, frozen=True, kw_only=True, tag="contact.withdrawn"):
    """A contact that waited or was offered needs nobody any more."""

    contact: Id
    reason: WithdrawReason


class ContactClosed(RoutingEvent, frozen=True, kw_only=True, tag="contact.closed"):
    """The contact was served; its capacity is free."""

    contact: Id
    agent: Id
    disposition: str = ""


class ContactForgotten(RoutingEvent, frozen=True, kw_only=True, tag="contact.forgotten"):
    """A day after its end the contact leaves the state: its id is not recognised any more."""

    contact: Id


class OfferMade(RoutingEvent, frozen=True, kw_only=True, tag="offer.made"):
    """The agent is asked to take the contact until `expires_at`; others may be asked at the same
    time. `from_agent`: it is a transfer, with the message `note` perhaps. `why` holds the choice's
    terms: the candidates counted, and those who could not, by reason."""

    offer: Id
    contact: Id
    conversation: Id
    agent: Id
    channel: Name
    queue: Name
    expires_at: Millis
    waited_ms: int
    from_agent: str = ""
    note: str = ""
    why: dict[str, int | float | str] = {}


class OfferEnded(RoutingEvent, frozen=True, kw_only=True, tag="offer.ended"):
    """The offer is over without an assignment (`rescinded`: somebody else has the contact, or it
    is gone, or the agent). Others may be open for the same contact."""

    offer: Id
    contact: Id
    agent: Id
    result: OfferResult


class AssignmentStarted(RoutingEvent, frozen=True, kw_only=True, tag="assignment.started"):
    """The agent has the contact. `offer` ended with it. `from_agent` handed it over."""

    assignment: Id
    offer: Id
    contact: Id
    conversation: Id
    agent: Id
    channel: Name
    queue: Name
    waited_ms: int
    from_agent: str = ""


class AssignmentWrapping(RoutingEvent, frozen=True, kw_only=True, tag="assignment.wrapping"):
    """The talk is over, `reason` says how; the capacity stays taken until `until` or until the
    agent completes. `transferred`: the talk goes on with another agent, this one writes it up."""

    assignment: Id
    contact: Id
    agent: Id
    until: Millis
    disposition: str = ""
    reason: EndResult = "completed"


class AssignmentEnded(RoutingEvent, frozen=True, kw_only=True, tag="assignment.ended"):
    """`completed`: done by the agent; `timed_out`: the wrap-up time is over; `agent_lost`: the
    contact goes back to its queue; `customer_left`, `customer_silent`: ended with nothing to write
    up; `transferred`: somebody else has the contact; `channel_changed`: it waits for somebody with
    room on another channel; `closed`: by a supervisor."""

    assignment: Id
    contact: Id
    agent: Id
    result: EndResult
    disposition: str = ""


class PlanAdopted(RoutingEvent, frozen=True, kw_only=True, tag="plan.adopted"):
    """From here on the pool decides by this plan, until a newer one or `plan.lapsed`."""

    plan: Plan


class PlanLapsed(RoutingEvent, frozen=True, kw_only=True, tag="plan.lapsed"):
    """No plan has come for long: the last one is too old to decide by."""


class OverloadChanged(RoutingEvent, frozen=True, kw_only=True, tag="overload.changed"):
    """The work has been more than the agents can do for some minutes (`on`), or is no more. `rho`
    is the load of the newest plan, `choice` what the operator wants to matter meanwhile."""

    on: bool
    rho: float
    choice: OverloadChoice


class TransferStarted(RoutingEvent, frozen=True, kw_only=True, tag="transfer.started"):
    """Somebody else shall have the contact; `agent` keeps it until somebody accepts. `to_agent`
    alone is asked, or else whoever may take what is `wanted`, or somebody of `to_pool` (in its
    `queue`, or as its rules say; `transfer` is the id that both pools know it by). `note` is a
    message of the conversation."""

    assignment: Id
    contact: Id
    agent: Id
    to_agent: str = ""
    wanted: Classified | None = None
    to_pool: str = ""
    queue: str = ""
    transfer: str = ""
    note: str = ""


class TransferRecalled(RoutingEvent, frozen=True, kw_only=True, tag="transfer.recalled"):
    """The agent would keep the contact after all, or was lost (`lost`) and it should go back to its
    queue. The other pool decides: somebody there may have accepted."""

    assignment: Id
    contact: Id
    agent: Id
    lost: bool = False


class ContactHandedOver(RoutingEvent, frozen=True, kw_only=True, tag="contact.handed-over"):
    """Another pool has the contact, as `to_contact`; here it is over. `agent` had it."""

    contact: Id
    agent: Id
    to_pool: Name
    to_contact: Id


class TransferEnded(RoutingEvent, frozen=True, kw_only=True, tag="transfer.ended"):
    """`accepted`: the other one has it; `declined`, `expired`, `unavailable`: the agent asked does
    not take it, did not answer, or went away; `agent_lost`: the contact waits on for the other;
    `over`: the talk is; `refused`: the other pool does not take it. Otherwise `agent` keeps it."""

    assignment: Id
    contact: Id
    agent: Id
    result: TransferResult


class TimersRenewed(msgspec.Struct, frozen=True, kw_only=True, tag="timers.renewed"):
    """The router was away: open offers, leases and grace times get one full period anew, counted
    from `now`. An outage is nobody's fault. Touches (see `revision`) each agent with an open
    offer: its `expires_at` is another."""

    now: Millis


class InputRejected(msgspec.Struct, frozen=True, kw_only=True, tag="input.rejected"):
    """The input record cannot be used; the follower writes it to the dead letters."""

    reason: RejectReason
    detail: str


PoolEvent = (
    PoolConfigured
    | AgentUpserted
    | AgentPresenceChanged
    | AgentPaused
    | AgentReady
    | SessionAttached
    | SessionDetached
    | AgentLost
    | AgentReturned
    | ContactQueued
    | ContactRequeued
    | ContactQuieted
    | ContactProbed
    | ContactWoken
    | ContactRelaxed
    | ContactReleased
    | ContactParked
    | ContactOverflowed
    | PromiseSettled
    | QueueOpened
    | QueueClosed
    | ContactChannelChanged
    | ContactPrioritised
    | AuditNoted
    | ContactWithdrawn
    | ContactClosed
    | ContactForgotten
    | OfferMade
    | OfferEnded
    | AssignmentStarted
    | AssignmentWrapping
    | AssignmentEnded
    | PlanAdopted
    | PlanLapsed
    | OverloadChanged
    | TransferStarted
    | TransferEnded
    | TransferRecalled
    | ContactHandedOver
)
PartitionEvent = GatewayRenewed | GatewayExpired | TimersRenewed | InputRejected
AnyRoutingEvent = PoolEvent | PartitionEvent
