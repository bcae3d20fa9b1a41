"""One step in the making: what a decision sees and the only thing it may do, emit an event."""

from collections.abc import Callable, Mapping
from typing import Literal

from services.contracts import routing_events as ev
from services.contracts.base import Millis
from services.router.core.memory import surplus
from services.router.core.model import Contact, Gateway, Offer
from services.router.core.pool import Pool

KEEP_CLOSED = 200_000
"""Contacts of one pool that are remembered after their end, and a batch at most: the oldest go
first."""


class Turn:
    """The decisions on one input record. `emit` applies an event at once and keeps it.

    Ids are made of partition, offset and a running number: the same input gives the same ids.
    `fired` counts the timers of this step.
    """

    __slots__ = ("_apply", "_made", "_name", "at", "events", "fired", "gateways", "pools")

    def __init__(
        self,
        name: str,
        at: Millis,
        pools: Mapping[str, Pool],
        gateways: Mapping[str, Gateway],
        apply: Callable[[ev.AnyRoutingEvent], None],
    ) -> None:
        self.at = at
        self.pools = pools
        self.gateways = gateways
        self.events: list[ev.AnyRoutingEvent] = []
        self.fired = 0
        self._name = name
        self._made = 0
        self._apply = apply

    def emit(self, event: ev.AnyRoutingEvent) -> None:
        """The event happens."""
        self._apply(event)
        self.events.append(event)

    def new_id(self, letter: str) -> str:
        """The next id: `<letter><partition>-<offset>-<n>`."""
        made = f"{letter}{self._name}-{self._made}"
        self._made += 1
        return made


def requeue(
    turn: Turn,
    pool: Pool,
    contact: Contact,
    reason: ev.RequeueReason,
    wanted: ev.Classified | None = None,
) -> None:
    """The contact waits again at its old age, classified by the present configuration or as people
    chose: before, or now (`wanted`)."""
    classified = None if wanted else pool.reclassified(contact)
    chosen = wanted is not None or (contact.chosen and classified is None)
    turn.emit(
        ev.ContactRequeued(
            pool=pool.name,
            contact=contact.id,
            reason=reason,
            classified=(wanted or contact.wanted) if chosen else classified,
            chosen=chosen,
        )
    )


def end_offer(turn: Turn, pool: Pool, offer: Offer, result: ev.OfferResult) -> None:
    """The offer is over; what becomes of its contact is for the caller to say."""
    turn.emit(
        ev.OfferEnded(
            pool=pool.name,
            offer=offer.id,
            contact=offer.contact.id,
            agent=offer.agent.id,
            result=result,
        )
    )


def let_go(
    turn: Turn, pool: Pool, offer: Offer, result: ev.OfferResult, reason: ev.RequeueReason
) -> None:
    """The offer is over without an assignment: a contact that nobody has waits again if nobody
    else is asked; a transfer to this agent is over."""
    end_offer(turn, pool, offer, result)
    contact = offer.contact
    if contact.transfer is not None:
        if contact.transfer.to_agent:
            end_transfer(turn, pool, contact, "unavailable" if result == "rescinded" else result)
    elif not contact.offers:
        requeue(turn, pool, contact, reason)


def end_transfer(turn: Turn, pool: Pool, contact: Contact, result: ev.TransferResult) -> None:
    """The open transfer of a contact in hand is over. Offers that it led to stay open."""
    assignment = contact.assignment
    if assignment is None:
        raise LookupError(f"nobody has {contact.id}")
    turn.emit(
        ev.TransferEnded(
            pool=pool.name,
            assignment=assignment.id,
            contact=contact.id,
            agent=assignment.agent.id,
            result=result,
        )
    )


def stop_transfer(turn: Turn, pool: Pool, contact: Contact, result: ev.TransferResult) -> None:
    """Nobody else is asked any more, if anybody was."""
    if contact.transfer is not None:
        rescind(turn, pool, contact)
        end_transfer(turn, pool, contact, result)


def rescind(turn: Turn, pool: Pool, contact: Contact, but: str = "") -> None:
    """All that are asked for the contact, but for one offer, are asked no more."""
    for offer in list(contact.offers.values()):
        if offer.id != but:
            end_offer(turn, pool, offer, "rescinded")


def withdraw_offers(turn: Turn, pool: Pool, agent_id: str, reason: ev.RequeueReason) -> None:
    """All open offers of the agent are rescinded."""
    for offer in list(pool.agents[agent_id].offers.values()):
        let_go(turn, pool, offer, "rescinded", reason)


def close(turn: Turn, pool: Pool, contact_id: str, agent: str, disposition: str) -> None:
    """The contact was served."""
    settle_promise(turn, pool, pool.contacts[contact_id])
    turn.emit(
        ev.ContactClosed(pool=pool.name, contact=contact_id, agent=agent, disposition=disposition)
    )
    forget_surplus(turn, pool)


def withdraw(turn: Turn, pool: Pool, contact: Contact, reason: ev.WithdrawReason) -> None:
    """The contact, waiting or offered, needs nobody any more."""
    rescind(turn, pool, contact)
    settle_promise(turn, pool, contact)
    turn.emit(ev.ContactWithdrawn(pool=pool.name, contact=contact.id, reason=reason))
    forget_surplus(turn, pool)


def overflow(
    turn: Turn,
    pool: Pool,
    contact: Contact,
    action: Literal["form", "callback", "reject"],
    reason: ev.OverflowReason,
    opens_at: Millis,
) -> None:
    """The waiting contact is over: its queue does not take it, its channel tells the customer."""
    settle_promise(turn, pool, contact, given_up=True)
    turn.emit(
        ev.ContactOverflowed(
            pool=pool.name, contact=contact.id, action=action, reason=reason, opens_at=opens_at
        )
    )
    forget_surplus(turn, pool)


def settle_promise(
    turn: Turn, pool: Pool, contact: Contact, *, served: bool = False, given_up: bool = False
) -> None:
    """The contact is accepted (`served`) or ends. If it was promised to be served by some time,
    that is settled once. Who ends it before that time breaks nothing, unless we gave it up."""
    due_at = contact.facts.due_at
    if not due_at or contact.settled:
        return
    late = turn.at > due_at
    if served:
        result: Literal["kept", "late", "broken", "cancelled"] = "late" if late else "kept"
    else:
        result = "broken" if late or given_up else "cancelled"
    turn.emit(ev.PromiseSettled(pool=pool.name, contact=contact.id, result=result, due_at=due_at))


def forget_surplus(turn: Turn, pool: Pool) -> None:
    """Keep the number of contacts that are remembered after their end bounded."""
    for contact_id in surplus(pool.closed, KEEP_CLOSED):
        turn.emit(ev.ContactForgotten(pool=pool.name, contact=contact_id))
