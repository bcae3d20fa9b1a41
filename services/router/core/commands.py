"""What people command. Every command is answered: done, or why not and what is true instead.

Bodies of refusals have a `reason`; those of 409 also the present state of what was meant. Who may
command is checked at the API; here, only that offers and assignments are the agent's own (403).
"""

from typing import Any

from services.contracts import contact_events as ce
from services.contracts import routing_events as ev
from services.contracts.base import Event, event_type
from services.contracts.journal import Reply
from services.router.core import assignments
from services.router.core.model import Contact
from services.router.core.pool import Pool
from services.router.core.turn import Turn, let_go, withdraw, withdraw_offers

OfAssignment = (
    ce.WrapUpAssignment | ce.CompleteAssignment | ce.TransferAssignment | ce.CancelTransfer
)


def refused(command: Event, status: int, reason: str, **state: Any) -> Reply:
    """The answer to a command that changes nothing."""
    return Reply(command.id, status, {"reason": reason, **state})


def contact_state(pool: Pool, contact_id: str) -> dict[str, Any]:
    """What became of a contact, as it stands in the bodies of refusals."""
    contact = pool.contacts.get(contact_id)
    closed = pool.closed.get(contact_id)
    state = contact.state if contact else closed.state if closed else "forgotten"
    return {"contact_id": contact_id, "contact_state": state}


def upsert_agent(turn: Turn, pool: Pool, command: ce.UpsertAgent) -> Reply:
    """Create or replace; what the agent has in hand stays."""
    data = command.data
    agent = pool.agents.get(data.agent_id)
    same = agent is not None and agent.known
    wanted = (data.skills, data.limits, data.auto_accept)
    if agent is None or not same or (agent.skills, agent.limits, agent.auto_accept) != wanted:
        turn.emit(
            ev.AgentUpserted(
                pool=pool.name,
                agent=data.agent_id,
                skills=data.skills,
                limits=data.limits,
                auto_accept=data.auto_accept,
            )
        )
    body = {"agent_id": data.agent_id, "revision": pool.agents[data.agent_id].revision}
    return Reply(command.id, 200, body)


def set_presence(turn: Turn, pool: Pool, command: ce.SetPresence) -> Reply:
    """On a break or offline, open offers go back; otherwise what is in hand stays. Who says that
    they are available is in no pause any more."""
    data = command.data
    agent = pool.agents.get(data.agent_id)
    if agent is None or not agent.known:
        return refused(command, 404, "unknown_agent")
    if agent.presence != data.presence:
        if data.by:
            _note(turn, pool, command)
        turn.emit(
            ev.AgentPresenceChanged(
                pool=pool.name,
                agent=agent.id,
                presence=data.presence,
                reason="forced" if data.by else "chosen",
                by=data.by,
            )
        )
        if data.presence in ("break", "offline"):
            withdraw_offers(turn, pool, agent.id, "presence")
    if data.presence == "available" and agent.paused_until:
        turn.emit(ev.AgentReady(pool=pool.name, agent=agent.id))
    body = {"agent_id": agent.id, "presence": agent.presence, "revision": agent.revision}
    return Reply(command.id, 200, body)


def accept(turn: Turn, pool: Pool, command: ce.AcceptOffer) -> Reply:
    """The first to accept an open offer of theirs has the contact."""
    if (refusal := _offer_refusal(pool, command)) is not None:
        return refusal
    offer = pool.offers[command.data.offer_id]
    assignment = assignments.start(turn, pool, offer)
    body = {
        "assignment_id": assignment.id,
        "contact_id": offer.contact.id,
        "conversation_id": offer.contact.facts.conversation,
        "revision": offer.agent.revision,
    }
    return Reply(command.id, 200, body)


def decline(turn: Turn, pool: Pool, command: ce.DeclineOffer) -> Reply:
    """The contact waits again, at its old age, for somebody else, and the agent, if asked for a
    pause, gets nothing until it is over."""
    if (refusal := _offer_refusal(pool, command)) is not None:
        return refusal
    offer = pool.offers[command.data.offer_id]
    agent = offer.agent
    let_go(turn, pool, offer, "declined", "declined")
    if (pause := round(command.data.pause * 1000)) > 0:
        turn.emit(ev.AgentPaused(pool=pool.name, agent=agent.id, until=turn.at + pause))
    body: dict[str, Any] = {
        "offer_id": offer.id,
        "contact_id": offer.contact.id,
        "revision": agent.revision,
    }
    if agent.paused_until:
        body["paused_until"] = agent.paused_until
    return Reply(command.id, 200, body)


def _offer_refusal(pool: Pool, command: ce.AcceptOffer | ce.DeclineOffer) -> Reply | None:
    data = command.data
    offer = pool.offers.get(data.offer_id)
    if offer is not None:
        if offer.agent.id == data.agent_id:
            return None
        return refused(command, 403, "not_yours")
    past = pool.past_offers.get(data.offer_id)
    if past is None:
        return refused(command, 404, "unknown_offer")
    if past.agent != data.agent_id:
        return refused(command, 403, "not_yours")
    state = {"offer_result": past.result, **contact_state(pool, past.contact)}
    if past.assignment:
        state["assignment_id"] = past.assignment
    return refused(command, 409, "offer_over", **state)


def wrap_up(turn: Turn, pool: Pool, command: ce.WrapUpAssignment) -> Reply:
    """The talk is over. Once more changes nothing."""
    if (refusal := assignment_refusal(pool, command)) is not None:
        return refusal
    assignment = pool.assignments[command.data.assignment_id]
    if not assignment.wrapping:
        assignments.wrap_up(turn, pool, assignment, "completed", command.data.disposition)
    return _assignment_done(pool, command)


def complete(turn: Turn, pool: Pool, command: ce.CompleteAssignment) -> Reply:
    """All is done: the capacity is free."""
    if (refusal := assignment_refusal(pool, command)) is not None:
        return refusal
    assignment = pool.assignments[command.data.assignment_id]
    assignments.end(turn, pool, assignment, "completed", command.data.disposition)
    return _assignment_done(pool, command)


def assignment_refusal(pool: Pool, command: OfAssignment) -> Reply | None:
    """Why the agent cannot do that with an assignment; None if it is theirs and not over."""
    data = command.data
    assignment = pool.assignments.get(data.assignment_id)
    if assignment is not None:
        if assignment.agent.id == data.agent_id:
            return None
        return refused(command, 403, "not_yours")
    past = pool.past_assignments.get(data.assignment_id)
    if past is None:
        return refused(command, 404, "unknown_assignment")
    if past.agent != data.agent_id:
        return refused(command, 403, "not_yours")
    state = {"assignment_result": past.result, **contact_state(pool, past.contact)}
    return refused(command, 409, "assignment_over", **state)


def _assignment_done(pool: Pool, command: ce.WrapUpAssignment | ce.CompleteAssignment) -> Reply:
    data = command.data
    assignment = pool.assignments.get(data.assignment_id)
    body: dict[str, Any] = {
        "assignment_id": data.assignment_id,
        "state": "wrapping" if assignment else "done",
        "revision": pool.agents[data.agent_id].revision,
    }
    if assignment is not None:
        body["wrap_up_until"] = assignment.wrap_up_until
    return Reply(command.id, 200, body)


def _note(turn: Turn, pool: Pool, command: ce.SetPresence) -> None:
    data = command.data
    turn.emit(
        ev.AuditNoted(
            pool=pool.name,
            by=data.by,
            action=event_type(ce.SetPresence),
            agent=data.agent_id,
            detail=data.presence,
        )
    )


def living(pool: Pool, command: Event, contact_id: str) -> Contact | Reply:
    """The contact, or why nothing can be done with it any more."""
    contact = pool.contacts.get(contact_id)
    if contact is not None:
        return contact
    if contact_id not in pool.closed:
        return refused(command, 404, "unknown_contact")
    return refused(command, 409, "contact_over", **contact_state(pool, contact_id))


def cancel(turn: Turn, pool: Pool, command: ce.CancelContact) -> Reply:
    """Withdraw a contact that waits or is offered; what somebody has in hand stays theirs."""
    contact_id = command.data.contact_id
    contact = living(pool, command, contact_id)
    if isinstance(contact, Reply):
        return contact
    if contact.assignment is not None:
        return refused(command, 409, "contact_in_hand", **contact_state(pool, contact_id))
    withdraw(turn, pool, contact, "cancelled")
    return Reply(command.id, 200, contact_state(pool, contact_id))
