"""How assignments begin, wrap up and end."""

from services.contracts import routing_events as ev
from services.router.core.model import Agent, Assignment, Contact, Offer
from services.router.core.pool import Pool
from services.router.core.turn import (
    Turn,
    close,
    end_transfer,
    requeue,
    rescind,
    settle_promise,
    stop_transfer,
)


def ask(
    turn: Turn, pool: Pool, contact: Contact, agent: Agent, why: dict[str, int | float | str]
) -> Offer:
    """The agent is asked for the contact, or given it where the channel or the agent say so."""
    offer = propose(turn, pool, contact, agent, why)
    if pool.channel(offer.channel).auto_accept or offer.channel in agent.auto_accept:
        start(turn, pool, offer)
    return offer


def propose(
    turn: Turn, pool: Pool, contact: Contact, agent: Agent, why: dict[str, int | float | str]
) -> Offer:
    """The agent is asked for the contact."""
    facts = contact.facts
    channel = pool.channel(facts.channel)
    offer_id = turn.new_id("o")
    turn.emit(
        ev.OfferMade(
            pool=pool.name,
            offer=offer_id,
            contact=contact.id,
            conversation=facts.conversation,
            agent=agent.id,
            channel=facts.channel,
            queue=contact.queue,
            expires_at=turn.at + max(1, round(channel.offer_timeout * 1000)),
            waited_ms=max(0, turn.at - facts.virtual_start),
            from_agent=contact.assignment.agent.id if contact.assignment else "",
            note=contact.transfer.note if contact.transfer else "",
            why=why,
        )
    )
    return pool.offers[offer_id]


def start(turn: Turn, pool: Pool, offer: Offer) -> Assignment:
    """The offer is accepted: its agent has the contact, nobody else is asked any more, and who had
    it until now writes up their part."""
    contact = offer.contact
    rescind(turn, pool, contact, but=offer.id)
    before = contact.assignment
    if before is not None:
        if contact.transfer is not None:
            end_transfer(turn, pool, contact, "accepted")
        hand_over(turn, pool, before)
    assignment_id = turn.new_id("a")
    turn.emit(
        ev.AssignmentStarted(
            pool=pool.name,
            assignment=assignment_id,
            offer=offer.id,
            contact=contact.id,
            conversation=contact.facts.conversation,
            agent=offer.agent.id,
            channel=offer.channel,
            queue=offer.queue,
            waited_ms=turn.at - contact.facts.virtual_start,
            from_agent=before.agent.id if before else "",
        )
    )
    settle_promise(turn, pool, contact, served=True)
    return pool.assignments[assignment_id]


def wrap_up(
    turn: Turn, pool: Pool, assignment: Assignment, otherwise: ev.EndResult, disposition: str
) -> None:
    """The talk is over: time to write it up, or the end if the channel gives none."""
    stop_transfer(turn, pool, assignment.contact, "over")
    if not _write_up(turn, pool, assignment, otherwise, disposition):
        end(turn, pool, assignment, otherwise, disposition)


def end(
    turn: Turn, pool: Pool, assignment: Assignment, result: ev.EndResult, disposition: str
) -> None:
    """The capacity is free, the contact is served if it was not handed over. What was said at
    wrap-up holds if nothing is said now."""
    contact, agent = assignment.contact, assignment.agent
    disposition = disposition or assignment.disposition
    if assignment.handed_over:
        _end(turn, pool, assignment, "transferred", disposition)
        return
    stop_transfer(turn, pool, contact, "over")
    _end(turn, pool, assignment, result, disposition)
    close(turn, pool, contact.id, agent.id, disposition)


def give_back(turn: Turn, pool: Pool, assignment: Assignment) -> None:
    """The agent is lost: the contact waits for another, at its old age; if it was to be
    transferred, for whom it was meant. While another pool has it in view, that one is to answer
    first: somebody there may have accepted."""
    if assignment.contact.abroad is not None:
        recall(turn, pool, assignment, lost=True)
        return
    if assignment.contact.transfer is not None:
        end_transfer(turn, pool, assignment.contact, "agent_lost")
    take_away(turn, pool, assignment, "agent_lost")
    requeue(turn, pool, assignment.contact, "agent_lost")


def recall(turn: Turn, pool: Pool, assignment: Assignment, *, lost: bool = False) -> None:
    """The other pool is to say whether it has taken the contact already. Once more changes
    nothing, unless the agent was `lost`."""
    transfer = assignment.contact.abroad
    if transfer is not None and (lost or not transfer.recalled):
        turn.emit(
            ev.TransferRecalled(
                pool=pool.name,
                assignment=assignment.id,
                contact=assignment.contact.id,
                agent=assignment.agent.id,
                lost=lost,
            )
        )


def take_away(turn: Turn, pool: Pool, assignment: Assignment, result: ev.EndResult) -> None:
    """The agent has the contact no more, and nothing to write up; what becomes of the contact is
    for the caller to say."""
    _end(turn, pool, assignment, result)


def hand_over(turn: Turn, pool: Pool, assignment: Assignment) -> None:
    """Somebody else has the contact; this agent writes up their part, if the channel says so."""
    if not _write_up(turn, pool, assignment, "transferred", ""):
        _end(turn, pool, assignment, "transferred")


def _write_up(
    turn: Turn, pool: Pool, assignment: Assignment, reason: ev.EndResult, disposition: str
) -> bool:
    """Whether the channel gives time to write up; it begins."""
    time = round(pool.channel(assignment.channel).wrap_up * 1000)
    if time <= 0:
        return False
    turn.emit(
        ev.AssignmentWrapping(
            pool=pool.name,
            assignment=assignment.id,
            contact=assignment.contact.id,
            agent=assignment.agent.id,
            until=turn.at + time,
            disposition=disposition,
            reason=reason,
        )
    )
    return True


def _end(
    turn: Turn, pool: Pool, assignment: Assignment, result: ev.EndResult, disposition: str = ""
) -> None:
    turn.emit(
        ev.AssignmentEnded(
            pool=pool.name,
            assignment=assignment.id,
            contact=assignment.contact.id,
            agent=assignment.agent.id,
            result=result,
            disposition=disposition,
        )
    )
