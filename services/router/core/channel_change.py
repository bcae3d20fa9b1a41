"""A contact goes on on another channel: the same conversation, the same age."""

from services.contracts import contact_events as ce
from services.contracts import routing_events as ev
from services.contracts.journal import Reply
from services.contracts.pool import ChannelConfig
from services.router.core import assignments
from services.router.core.admission import admit
from services.router.core.commands import contact_state, living, refused
from services.router.core.eligibility import limit
from services.router.core.model import CAPACITY, Assignment, Contact
from services.router.core.pool import Pool
from services.router.core.transfers import agent_state
from services.router.core.turn import Turn, requeue, rescind, stop_transfer


def change(turn: Turn, pool: Pool, command: ce.ChangeChannel) -> Reply:
    """A contact that waits waits on, by what the rules make of it there, if that queue is open. One
    in hand stays with its agent if there is room for it; if not, an agent's own wish is refused
    (409), and by the channel's word the contact waits again."""
    data = command.data
    contact = living(pool, command, data.contact_id)
    if isinstance(contact, Reply):
        return contact
    channel = pool.config.channels.get(data.channel)
    if channel is None:
        return refused(command, 422, "unknown_channel", channel=data.channel)
    assignment = contact.assignment
    if data.agent_id and assignment is None:
        return refused(command, 409, "contact_not_in_hand", **contact_state(pool, contact.id))
    if data.agent_id and assignment is not None and assignment.agent.id != data.agent_id:
        return refused(command, 403, "not_yours")
    if contact.state == "wrapping":
        return refused(command, 409, "contact_wrapping", **contact_state(pool, contact.id))
    if contact.abroad is not None or (data.agent_id and contact.transfer is not None):
        return refused(command, 409, "transfer_open", **contact_state(pool, contact.id))
    if contact.facts.channel != data.channel:
        if assignment is None:
            rescind(turn, pool, contact)
        elif _fits_instead(assignment, data.channel, channel):
            stop_transfer(turn, pool, contact, "cancelled")
        elif data.agent_id:
            state = agent_state(assignment.agent) | contact_state(pool, contact.id)
            return refused(command, 409, "agent_busy", **state)
        else:
            stop_transfer(turn, pool, contact, "cancelled")
            assignments.take_away(turn, pool, assignment, "channel_changed")
        _change(turn, pool, contact, data.channel)
    body = {"channel": data.channel, **contact_state(pool, contact.id)}
    return Reply(command.id, 200, body)


def _change(turn: Turn, pool: Pool, contact: Contact, channel: str) -> None:
    assignment = contact.assignment
    turn.emit(
        ev.ContactChannelChanged(
            pool=pool.name,
            contact=contact.id,
            conversation=contact.facts.conversation,
            channel=channel,
            agent=assignment.agent.id if assignment else "",
            cost=pool.channel(channel).cost if assignment else 0,
        )
    )
    if assignment is None and contact.state != "scheduled":
        requeue(turn, pool, contact, "channel_changed")
        if contact.state == "queued":
            admit(turn, pool, contact, limits=False)


def _fits_instead(assignment: Assignment, name: str, channel: ChannelConfig) -> bool:
    """Whether the agent has room for the contact on that channel once it has left its own."""
    agent = assignment.agent
    if agent.load.get(name, 0) >= limit(agent, name, channel):
        return False
    if channel.exclusive:
        return agent.firm_held == assignment.firm
    taken = agent.used - assignment.cost
    if not channel.interruptible:
        taken = agent.firm_used - assignment.cost * assignment.firm
    return taken + channel.cost <= CAPACITY
