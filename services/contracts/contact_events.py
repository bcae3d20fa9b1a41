"""Events of the topic `contact-events`: what happened to contacts, what people command."""

from typing import Annotated, Literal

import msgspec

from services.contracts.base import Event, Id, Level, Millis, Name, ShortText
from services.contracts.pool import PoolConfig

Presence = Literal["offline", "available", "break", "wrap_up", "draining"]
"""What an agent chose. `draining` and `wrap_up`: finishes what is in hand, gets nothing new."""


class _Data(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    pool: Name


class OpenedContact(_Data, frozen=True, kw_only=True):
    """A customer wants something. Ids, channel, language and classification keys: nothing else.

    `opened_at` is when the customer's wait began, by the channel's clock; the router clamps it.
    `customer` is a random id. `fields` holds only keys that the pool's rules may read.
    """

    contact_id: Id
    conversation_id: Id
    channel: Name
    opened_at: Millis
    language: Annotated[str, msgspec.Meta(max_length=35)] = ""
    topic: Annotated[str, msgspec.Meta(max_length=80)] = ""
    tier: Annotated[str, msgspec.Meta(max_length=80)] = ""
    customer: Annotated[str, msgspec.Meta(max_length=200)] = ""
    fields: dict[Name, Annotated[str, msgspec.Meta(max_length=200)]] = {}


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


class CancelData(_Data, frozen=True, kw_only=True):
    contact_id: Id
    reason: ShortText = ""


class CancelContact(Event, frozen=True, kw_only=True, tag="contact.cancel"):
    """Withdraw a contact that waits or is offered."""

    data: CancelData


class UpsertAgentData(_Data, frozen=True, kw_only=True):
    """`limits`: most contacts of a channel at once; a channel not named has the channel's own."""

    agent_id: Id
    skills: dict[Name, Level]
    limits: dict[Name, Annotated[int, msgspec.Meta(ge=0, le=100)]] = {}


class UpsertAgent(Event, frozen=True, kw_only=True, tag="agent.upsert"):
    """Create an agent, or replace skills and limits."""

    data: UpsertAgentData


class SetPresenceData(_Data, frozen=True, kw_only=True):
    agent_id: Id
    presence: Presence


class SetPresence(Event, frozen=True, kw_only=True, tag="agent.set-presence"):
    """An agent (or the agent's supervisor) says whether contacts may come."""

    data: SetPresenceData


class OfferData(_Data, frozen=True, kw_only=True):
    offer_id: Id
    agent_id: Id


class AcceptOffer(Event, frozen=True, kw_only=True, tag="offer.accept"):
    """The agent takes the contact."""

    data: OfferData


class DeclineOffer(Event, frozen=True, kw_only=True, tag="offer.decline"):
    """The agent does not take it: the contact goes to the next, with its age kept."""

    data: OfferData


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


class ConfigurePoolData(_Data, frozen=True, kw_only=True):
    config: PoolConfig


class ConfigurePool(Event, frozen=True, kw_only=True, tag="pool.configure"):
    """A new version of a pool's configuration; open work goes on under the new one."""

    data: ConfigurePoolData


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
    | ConfigurePool
    | SessionOpened
    | SessionEnded
    | GatewayHeartbeat
    | ClockTick
)
