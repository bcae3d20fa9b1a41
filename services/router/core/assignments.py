"""How assignments begin, wrap up and end."""

from services.contracts import routing_events as ev
from services.router.core.model import Assignment, Offer
from services.router.core.pool import Pool
from services.router.core.turn import Turn, close, requeue, rescind


def start(turn: Turn, pool: Pool, offer: Offer) -> Assignment:
    """The offer is accepted: its agent has the contact, nobody else is asked any more."""
    contact = offer.contact
    rescind(turn, pool, contact, but=offer.id)
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
        )
    )
    return pool.assignments[assignment_id]


def wrap_up(
    turn: Turn, pool: Pool, assignment: Assignment, otherwise: ev.EndResult, disposition: str
) -> None:
    """The talk is over: time to write it up, or the end if the channel gives none."""
    time = round(pool.channel(assignment.channel).wrap_up * 1000)
    if time <= 0:
        end(turn, pool, assignment, otherwise, disposition)
        return
    turn.emit(
        ev.AssignmentWrapping(
            pool=pool.name,
            assignment=assignment.id,
            contact=assignment.contact.id,
            agent=assignment.agent.id,
            until=turn.at + time,
            disposition=disposition,
            reason=otherwise,
        )
    )


def end(
    turn: Turn, pool: Pool, assignment: Assignment, result: ev.EndResult, disposition: str
) -> None:
    """The capacity is free, the contact is served. What was said at wrap-up holds if nothing is
    said now."""
    disposition = disposition or assignment.disposition
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
    close(turn, pool, assignment.contact.id, assignment.agent.id, disposition)


def give_back(turn: Turn, pool: Pool, assignment: Assignment) -> None:
    """The agent is lost: the contact waits for another, at its old age."""
    turn.emit(
        ev.AssignmentEnded(
            pool=pool.name,
            assignment=assignment.id,
            contact=assignment.contact.id,
            agent=assignment.agent.id,
            result="agent_lost",
        )
    )
    requeue(turn, pool, assignment.contact, "agent_lost")
