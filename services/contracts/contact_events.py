"""Events of the topic `contact-events`: what happened to contacts, what people command."""

from typing import Annotated, Literal

import msgspec

from services.contracts.base import Event, Id, Level, Millis, Moment, Name, ShortText
from services.contracts.policy import Plan
from services.contracts.pool import PoolConfig

Presence = Literal["offline", "available", "break", "wrap_up", "draining"]
"""What an agent chose. `draining` and `wrap_up`: finishes what is in hand, gets nothing new."""


By = Annotated[str, msgspec.Meta(max_length=200)]
"""Who commands it when it is not the agent themselves: an id."""


class _Data(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    pool: Name


class Origin(msgspec.Struct, kw_only=True, frozen=True):
    """The contact of another pool, in the hands of an agent there, whose transfer this one is."""

    pool: Name
    contact_id: Id
    transfer_id: Id


class OpenedContact(_Data, frozen=True, kw_only=True):
    """A customer wants something. Ids, channel, language and classification keys: nothing else.

    `opened_at` is when the customer's wait began, by the channel's clock; the router clamps it.
    `customer` is a random id. `fields` holds only keys that the pool's rules may read.
    `not_before` makes it a scheduled contact (a callback, an appointment), promised to be served
    by `due_at`; `preferred_agent` is asked first, otherwise who served the customer last.
    `origin`: another pool hands it over; `queue`: into this one, whatever the rules say.
    """

    contact_id: Id
    conversation_id: Id
    channel: Name
    opened_at: Moment
    language: Annotated[str, msgspec.Meta(max_length=35)] = ""
    topic: Annotated[str, msgspec.Meta(max_length=80)] = ""
    tier: Annotated[str, msgspec.Meta(max_length=80)] = ""
    customer: Annotated[str, msgspec.Meta(max_length=200)] = ""
    fields: dict[Name, Annotated[str, msgspec.Meta(max_length=200)]] = {}
    not_before: Moment = 0
    due_at: Moment = 0
    preferred_agent: Annotated[str, msgspec.Meta(max_length=200)] = ""
    origin: Origin | None = None
    queue: Annotated[str, msgspec.Meta(max_length=80)] = ""


class ContactOpened(Event, frozen=True, kw_only=True, tag="contact.opened"):
    """A channel has a new contact. A second one with the same contact id changes nothing."""

    data: OpenedContact


class EndedContact(_Data, frozen=True, kw_only=True):
    """`abandoned`: left while waiting; `customer_left`: ended the talk; `solved`: needs nobody."""

    contact_id: Id
    reason: Literal["abandoned", "customer_left", "solved"]


class ContactEnded(Event, frozen=True, kw_only=True, tag="contact.ended"):
    """The customer's side of a contact is over."""

    data: EndedContact


class AnsweredTransfer(_Data, frozen=True, kw_only=True):
    """`accepted`: an agent of the other pool has it; `refused`: that pool does not take it."""

    contact_id: Id
    transfer_id: Id
    result: Literal["accepted", "refused"]
    reason: ShortText = ""


class TransferAnswered(Event, frozen=True, kw_only=True, tag="transfer.answered"):
    """What became, by the other pool's journal, of a contact that this pool hands over."""

    data: AnsweredTransfer


class WithdrawnTransfer(_Data, frozen=True, kw_only=True):
    contact_id: Id
    transfer_id: Id


class TransferWithdrawn(Event, frozen=True, kw_only=True, tag="transfer.withdrawn"):
    """By the other pool's journal, it hands this contact over no more. Who has it keeps it."""

    data: WithdrawnTransfer


class ContactData(_Data, frozen=True, kw_only=True):
    contact_id: Id


class ContactQuiet(Event, frozen=True, kw_only=True, tag="contact.quiet"):
    """The customer has not written for a while: the channel says so once, until they do."""

    data: ContactData


class ContactActive(Event, frozen=True, kw_only=True, tag="contact.active"):
    """A quiet customer has written again."""

    data: ContactData


class CancelData(_Data, frozen=True, kw_only=True):
    contact_id: Id
    reason: ShortText = ""


class CancelContact(Event, frozen=True, kw_only=True, tag="contact.cancel"):
    """Withdraw a contact that waits or is offered."""

    data: CancelData


class UpsertAgentData(_Data, frozen=True, kw_only=True):
    """`limits`: most contacts of a channel at once; a channel not named has the channel's own.
    On the channels of `auto_accept` the agent is not asked but given."""

    agent_id: Id
    skills: dict[Name, Level]
    limits: dict[Name, Annotated[int, msgspec.Meta(ge=0, le=100)]] = {}
    auto_accept: tuple[Name, ...] = ()


class UpsertAgent(Event, frozen=True, kw_only=True, tag="agent.upsert"):
    """Create an agent, or replace skills and limits."""

    data: UpsertAgentData


class SetPresenceData(_Data, frozen=True, kw_only=True):
    """`by`: the supervisor who forces it, none for the agents themselves."""

    agent_id: Id
    presence: Presence
    by: By = ""


class SetPresence(Event, frozen=True, kw_only=True, tag="agent.set-presence"):
    """An agent (or the agent's supervisor) says whether contacts may come."""

    data: SetPresenceData


class OfferData(_Data, frozen=True, kw_only=True):
    offer_id: Id
    agent_id: Id


class AcceptOffer(Event, frozen=True, kw_only=True, tag="offer.accept"):
    """The agent takes the contact."""

    data: OfferData


class DeclineData(OfferData, frozen=True, kw_only=True):
    """`pause`: so many seconds the agent wants nothing new."""

    pause: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 0.0


class DeclineOffer(Event, frozen=True, kw_only=True, tag="offer.decline"):
    """The agent does not take it: the contact goes to the next, with its age kept."""

    data: DeclineData


class AssignmentData(_Data, frozen=True, kw_only=True):
    assignment_id: Id
    agent_id: Id
    disposition: Annotated[str, msgspec.Meta(max_length=80)] = ""


class WrapUpAssignment(Event, frozen=True, kw_only=True, tag="assignment.wrap-up"):
    """The talk is over, the agent writes it up."""

    data: AssignmentData


class CompleteAssignment(Event, frozen=True, kw_only=True, tag="assignment.complete"):
    """All is done: the capacity is free."""

    data: AssignmentData


class TransferData(_Data, frozen=True, kw_only=True):
    """To an agent, a queue, or whoever has the skills; exactly one of them, or another pool (with
    a queue or not). `note_id` is a message of the conversation."""

    assignment_id: Id
    agent_id: Id
    to_agent: Annotated[str, msgspec.Meta(max_length=200)] = ""
    to_queue: Annotated[str, msgspec.Meta(max_length=80)] = ""
    to_skills: dict[Name, Level] = {}
    to_pool: Annotated[str, msgspec.Meta(max_length=80)] = ""
    note_id: Annotated[str, msgspec.Meta(max_length=200)] = ""


class TransferAssignment(Event, frozen=True, kw_only=True, tag="assignment.transfer"):
    """Somebody else shall have the contact; until they accept, the agent keeps it."""

    data: TransferData


class CancelTransfer(Event, frozen=True, kw_only=True, tag="assignment.cancel-transfer"):
    """The agent keeps the contact after all."""

    data: AssignmentData


class ChangeChannelData(_Data, frozen=True, kw_only=True):
    """`agent_id`: the agent who has it in hand and commands it; none: the channel says so."""

    contact_id: Id
    channel: Name
    agent_id: Annotated[str, msgspec.Meta(max_length=200)] = ""


class ChangeChannel(Event, frozen=True, kw_only=True, tag="contact.change-channel"):
    """The contact goes on elsewhere (chat → e-mail, form → phone): same conversation, same age."""

    data: ChangeChannelData


class SupervisedData(_Data, frozen=True, kw_only=True):
    """`by`: who commands it, for the audit trail."""

    contact_id: Id
    by: By = ""


class ReassignData(SupervisedData, frozen=True, kw_only=True):
    agent_id: Id


class ReassignContact(Event, frozen=True, kw_only=True, tag="contact.reassign"):
    """This agent shall have it, now: from the queue, from an offer, from another agent."""

    data: ReassignData


class MoveData(SupervisedData, frozen=True, kw_only=True):
    queue: Name


class MoveContact(Event, frozen=True, kw_only=True, tag="contact.move"):
    """A waiting contact shall wait in another queue, at its age."""

    data: MoveData


class PrioritiseData(SupervisedData, frozen=True, kw_only=True):
    priority: Annotated[int, msgspec.Meta(ge=0, le=9)]


class PrioritiseContact(Event, frozen=True, kw_only=True, tag="contact.set-priority"):
    """A waiting contact gets another priority."""

    data: PrioritiseData


class CloseData(SupervisedData, frozen=True, kw_only=True):
    disposition: Annotated[str, msgspec.Meta(max_length=80)] = ""


class CloseContact(Event, frozen=True, kw_only=True, tag="contact.close"):
    """A supervisor ends a contact, whatever its state."""

    data: CloseData


class ConfigurePoolData(_Data, frozen=True, kw_only=True):
    config: PoolConfig


class ConfigurePool(Event, frozen=True, kw_only=True, tag="pool.configure"):
    """A new version of a pool's configuration; open work goes on under the new one."""

    data: ConfigurePoolData


class ProposedPlan(_Data, frozen=True, kw_only=True):
    plan: Plan


class PlanProposed(Event, frozen=True, kw_only=True, tag="plan.proposed"):
    """The planner has weighed the pool's work against its agents. Any number of planners may
    speak: a plan that is older than the pool's changes nothing."""

    data: ProposedPlan


class SessionData(_Data, frozen=True, kw_only=True):
    agent_id: Id
    session_id: Id
    gateway: Id


class SessionOpened(Event, frozen=True, kw_only=True, tag="session.opened"):
    """An agent's client has connected to a gateway (a process of the routing API)."""

    data: SessionData


class SessionEnded(Event, frozen=True, kw_only=True, tag="session.ended"):
    """An agent's client is gone."""

    data: SessionData


class HeartbeatData(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """`period`: seconds until the next one at the latest; the router's patience is a multiple."""

    gateway: Id
    period: Annotated[float, msgspec.Meta(gt=0, le=60)]


class GatewayHeartbeat(Event, frozen=True, kw_only=True, tag="gateway.heartbeat"):
    """One record per partition renews every session that the gateway holds there."""

    data: HeartbeatData


class TickData(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    due_at: Millis


class ClockTick(Event, frozen=True, kw_only=True, tag="clock.tick"):
    """Written by the router to an idle partition when its next timer is due."""

    data: TickData


Command = (
    CancelContact
    | UpsertAgent
    | SetPresence
    | AcceptOffer
    | DeclineOffer
    | WrapUpAssignment
    | CompleteAssignment
    | TransferAssignment
    | CancelTransfer
    | ChangeChannel
    | ReassignContact
    | MoveContact
    | PrioritiseContact
    | CloseContact
    | ConfigurePool
)
"""What somebody waits for an answer to; the others are facts."""

InputEvent = (
    ContactOpened
    | ContactEnded
    | CancelContact
    | UpsertAgent
    | SetPresence
    | AcceptOffer
    | DeclineOffer
    | WrapUpAssignment
    | CompleteAssignment
    | TransferAssignment
    | CancelTransfer
    | ChangeChannel
    | ReassignContact
    | MoveContact
    | PrioritiseContact
    | CloseContact
    | ConfigurePool
    | ContactQuiet
    | ContactActive
    | TransferAnswered
    | TransferWithdrawn
    | PlanProposed
    | SessionOpened
    | SessionEnded
    | GatewayHeartbeat
    | ClockTick
)
