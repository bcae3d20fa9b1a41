"""What supervisors command. Whatever it changes is noted with who did it (`audit.noted`)."""

from services.contracts import contact_events as ce
from services.contracts import routing_events as ev
from services.contracts.base import event_type
from services.contracts.journal import Reply
from services.router.core import assignments
from services.router.core.classify import classify_into, takes
from services.router.core.commands import contact_state, living, refused
from services.router.core.model import Agent, Contact
from services.router.core.pool import Pool
from services.router.core.transfers import agent_state, cannot_take
from services.router.core.turn import Turn, end_transfer, requeue, rescind, withdraw

Supervised = ce.ReassignContact | ce.MoveContact | ce.PrioritiseContact | ce.CloseContact


def reassign(turn: Turn, pool: Pool, command: ce.ReassignContact) -> Reply:
    """The agent has the contact from here on, from wherever it comes; skills are for the supervisor
    to judge. 409 if the agent is away or has no room: nobody is given work above capacity."""
    data = command.data
    contact = living(pool, command, data.contact_id)
    if isinstance(contact, Reply):
        return contact
    agent = pool.agents.get(data.agent_id)
    if agent is None or not agent.known:
        return refused(command, 404, "unknown_agent")
    if contact.state == "wrapping":
        return refused(command, 409, "contact_wrapping", **contact_state(pool, contact.id))
    if contact.abroad is not None:
        return refused(command, 409, "transfer_open", **contact_state(pool, contact.id))
    assignment = contact.assignment
    if assignment is None or assignment.agent is not agent:
        offer = next((one for one in contact.offers.values() if one.agent is agent), None)
        reason = cannot_take(pool, contact, agent)
        if reason and (offer is None or reason == "agent_away"):
            state = agent_state(agent) | contact_state(pool, contact.id)
            return refused(command, 409, reason, **state)
        _note(turn, pool, command, contact, agent)
        rescind(turn, pool, contact, but=offer.id if offer else "")
        if contact.transfer is not None:
            end_transfer(turn, pool, contact, "cancelled")
        if offer is None:
            offer = assignments.propose(turn, pool, contact, agent, {"direct": "reassign"})
        assignment = assignments.start(turn, pool, offer)
    body = {
        "assignment_id": assignment.id,
        "agent_id": agent.id,
        **contact_state(pool, contact.id),
    }
    return Reply(command.id, 200, body)


def move(turn: Turn, pool: Pool, command: ce.MoveContact) -> Reply:
    """A contact that waits or is offered waits in that queue, by what the queue asks for."""
    data = command.data
    contact = living(pool, command, data.contact_id)
    if isinstance(contact, Reply):
        return contact
    if contact.state not in ("queued", "offered"):
        reason = "contact_in_hand" if contact.assignment else "contact_not_waiting"
        return refused(command, 409, reason, **contact_state(pool, contact.id))
    queue = pool.config.queues.get(data.queue)
    if queue is None:
        return refused(command, 422, "unknown_queue", queue=data.queue)
    channel = contact.facts.channel
    if not takes(queue, channel):
        body = {"queue": data.queue, "channel": channel}
        return refused(command, 422, "queue_refuses_channel", **body)
    if contact.queue != data.queue:
        _note(turn, pool, command, contact, detail=data.queue)
        rescind(turn, pool, contact)
        wanted = classify_into(pool.config, contact.facts, data.queue)
        requeue(turn, pool, contact, "moved", wanted)
    return Reply(command.id, 200, contact_state(pool, contact.id))


def prioritise(turn: Turn, pool: Pool, command: ce.PrioritiseContact) -> Reply:
    """Before or behind others, from here on."""
    data = command.data
    contact = living(pool, command, data.contact_id)
    if isinstance(contact, Reply):
        return contact
    if contact.state == "wrapping":
        return refused(command, 409, "contact_wrapping", **contact_state(pool, contact.id))
    if contact.priority != data.priority:
        _note(turn, pool, command, contact, detail=str(data.priority))
        turn.emit(ev.ContactPrioritised(pool=pool.name, contact=contact.id, priority=data.priority))
    return Reply(command.id, 200, contact_state(pool, contact.id))


def close(turn: Turn, pool: Pool, command: ce.CloseContact) -> Reply:
    """The contact is over, with nothing to write up."""
    data = command.data
    contact = living(pool, command, data.contact_id)
    if isinstance(contact, Reply):
        return contact
    _note(turn, pool, command, contact, detail=data.disposition)
    if contact.assignment is None:
        withdraw(turn, pool, contact, "closed")
    else:
        assignments.end(turn, pool, contact.assignment, "closed", data.disposition)
    return Reply(command.id, 200, contact_state(pool, contact.id))


def _note(
    turn: Turn,
    pool: Pool,
    command: Supervised,
    contact: Contact,
    agent: Agent | None = None,
    detail: str = "",
) -> None:
    turn.emit(
        ev.AuditNoted(
            pool=pool.name,
            by=command.data.by,
            action=event_type(type(command)),
            contact=contact.id,
            agent=agent.id if agent else "",
            detail=detail,
        )
    )
