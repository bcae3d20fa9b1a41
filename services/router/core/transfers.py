"""Handing a contact over: the agent keeps it until somebody else has accepted."""

import re
from typing import Any

from services.contracts import contact_events as ce
from services.contracts import routing_events as ev
from services.contracts.journal import Reply
from services.contracts.pool import POOL_NAME
from services.router.core import assignments
from services.router.core.classify import classify_into, known_language, takes
from services.router.core.commands import assignment_refusal, contact_state, refused
from services.router.core.eligibility import fits
from services.router.core.model import Agent, Assignment, Contact
from services.router.core.pool import Pool
from services.router.core.turn import Turn, stop_transfer

_POOL_NAME = re.compile(POOL_NAME)


def transfer(turn: Turn, pool: Pool, command: ce.TransferAssignment) -> Reply:
    """To one agent, who is asked at once; or to a queue or to whoever has the skills: the contact
    waits for them at its age. 422 for a target that is none, 409 for one that cannot now."""
    if (refusal := assignment_refusal(pool, command)) is not None:
        return refusal
    data = command.data
    assignment = pool.assignments[data.assignment_id]
    contact = assignment.contact
    if assignment.wrapping or contact.transfer is not None:
        reason = "assignment_wrapping" if assignment.wrapping else "transfer_open"
        return refused(command, 409, reason, **contact_state(pool, contact.id))
    goals = (data.to_agent, data.to_skills, data.to_pool or data.to_queue)
    if sum(bool(goal) for goal in goals) != 1:
        return refused(command, 422, "one_goal")
    if data.to_pool == pool.name:
        return refused(command, 422, "own_pool")
    if data.to_pool and not _POOL_NAME.fullmatch(data.to_pool):
        return refused(command, 422, "no_pool_name")
    if data.to_pool and data.to_pool.partition("/")[0] != pool.config.tenant:
        return refused(command, 422, "foreign_pool")
    target = None
    wanted = None
    if data.to_agent:
        if (refusal := _agent_refusal(pool, command, assignment)) is not None:
            return refusal
        target = pool.agents[data.to_agent]
    elif not data.to_pool:
        wanted, refusal = _wanted(pool, command, assignment)
        if refusal is not None:
            return refusal
    turn.emit(
        ev.TransferStarted(
            pool=pool.name,
            assignment=assignment.id,
            contact=contact.id,
            agent=assignment.agent.id,
            to_agent=data.to_agent,
            wanted=wanted,
            to_pool=data.to_pool,
            queue=data.to_queue if data.to_pool else "",
            transfer=turn.new_id("t") if data.to_pool else "",
            note=data.note_id,
        )
    )
    if target is not None:
        assignments.ask(turn, pool, contact, target, {"direct": "transfer"})
    return _answer(pool, command, assignment)


def cancel(turn: Turn, pool: Pool, command: ce.CancelTransfer) -> Reply:
    """The agent keeps the contact; whoever was asked is asked no more. Another pool answers first:
    until then the transfer is `recalled`."""
    if (refusal := assignment_refusal(pool, command)) is not None:
        return refusal
    assignment = pool.assignments[command.data.assignment_id]
    contact = assignment.contact
    if assignment.handed_over or contact.transfer is None:
        return refused(command, 409, "no_transfer", **contact_state(pool, contact.id))
    if contact.abroad is not None:
        assignments.recall(turn, pool, assignment)
    else:
        stop_transfer(turn, pool, contact, "cancelled")
    return _answer(pool, command, assignment)


def agent_state(agent: Agent) -> dict[str, Any]:
    """How an agent is, as it stands in the bodies of refusals."""
    state: dict[str, Any] = {
        "agent_id": agent.id,
        "presence": agent.presence,
        "connected": agent.live > 0,
        "used": agent.used,
    }
    if agent.paused_until:
        state["paused_until"] = agent.paused_until
    return state


def cannot_take(pool: Pool, contact: Contact, agent: Agent) -> str:
    """Why the agent, by name, cannot have the contact now: `agent_away` or `agent_busy`; "" if the
    agent can. Skills are for people to judge."""
    channel = contact.facts.channel
    if not agent.present:
        return "agent_away"
    return "" if fits(agent, channel, pool.channel(channel)) else "agent_busy"


def _agent_refusal(
    pool: Pool, command: ce.TransferAssignment, assignment: Assignment
) -> Reply | None:
    agent = pool.agents.get(command.data.to_agent)
    if agent is None or not agent.known:
        return refused(command, 422, "unknown_agent", agent_id=command.data.to_agent)
    if agent is assignment.agent:
        return refused(command, 422, "own_agent", agent_id=agent.id)
    if reason := cannot_take(pool, assignment.contact, agent):
        return refused(command, 409, reason, **agent_state(agent))
    return None


def _wanted(
    pool: Pool, command: ce.TransferAssignment, assignment: Assignment
) -> tuple[ev.Classified | None, Reply | None]:
    data, contact = command.data, assignment.contact
    facts = contact.facts
    required = dict(data.to_skills)
    queue_name, preferred = contact.queue, dict[str, int]()
    if data.to_queue:
        queue = pool.config.queues.get(data.to_queue)
        if queue is None:
            return None, refused(command, 422, "unknown_queue", queue=data.to_queue)
        if not takes(queue, facts.channel):
            body = {"queue": data.to_queue, "channel": facts.channel}
            return None, refused(command, 422, "queue_refuses_channel", **body)
        there = classify_into(pool.config, facts, data.to_queue)
        queue_name, required, preferred = there.queue, there.required, there.preferred
    elif language := known_language(pool.config, facts.language):
        required.setdefault(language, 1)
    others = pool.index.able(required) & ~(1 << assignment.agent.slot)
    if not others:
        return None, refused(command, 409, "nobody_able", required=required)
    wanted = ev.Classified(
        queue=queue_name, priority=contact.priority, required=required, preferred=preferred
    )
    return wanted, None


def _answer(
    pool: Pool, command: ce.TransferAssignment | ce.CancelTransfer, assignment: Assignment
) -> Reply:
    contact = assignment.contact
    body = {
        "assignment_id": assignment.id,
        "revision": assignment.agent.revision,
        "transfer": "open" if contact.transfer is not None else "none",
    }
    if contact.transfer is not None and contact.transfer.recalled:
        body["transfer"] = "recalled"
    if assignment.id not in pool.assignments or assignment.handed_over:
        body["transfer"] = "accepted"
    return Reply(command.id, 200, body | contact_state(pool, contact.id))
