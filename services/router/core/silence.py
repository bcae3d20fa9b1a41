"""A customer who writes no more: cheaper in the agent's hands, asked after a while, given up."""

from services.contracts import contact_events as ce
from services.contracts import routing_events as ev
from services.router.core import assignments
from services.router.core.model import Contact
from services.router.core.pool import Pool
from services.router.core.turn import Turn, withdraw


def quieted(turn: Turn, pool: Pool, event: ce.ContactQuiet) -> None:
    """The channel says that nothing has come for a while."""
    contact = pool.contacts.get(event.data.contact_id)
    if contact is None or contact.quiet or _heard(contact, event):
        return
    channel = pool.channel(contact.facts.channel)
    assignment = contact.assignment
    cost = 0
    if assignment is not None:
        cost = assignment.cost if channel.inactive_cost is None else channel.inactive_cost
    probe_after = round(channel.probe_after * 1000)
    turn.emit(
        ev.ContactQuieted(
            pool=pool.name,
            contact=contact.id,
            fact=event.id,
            agent=assignment.agent.id if assignment else "",
            cost=min(cost, assignment.cost) if assignment else 0,
            probe_at=turn.at + probe_after if probe_after else 0,
        )
    )


def woken(turn: Turn, pool: Pool, event: ce.ContactActive) -> None:
    """The customer has written: the contact takes its cost back, be there room or not."""
    contact = pool.contacts.get(event.data.contact_id)
    if contact is None or not contact.quiet or _heard(contact, event):
        return
    assignment = contact.assignment
    turn.emit(
        ev.ContactWoken(
            pool=pool.name,
            contact=contact.id,
            fact=event.id,
            agent=assignment.agent.id if assignment else "",
            cost=assignment.full_cost if assignment else 0,
        )
    )


def _heard(contact: Contact, event: ce.ContactQuiet | ce.ContactActive) -> bool:
    """Whether the fact is no news: it came before, or the talk is over."""
    return contact.state == "wrapping" or event.id in contact.heard


def probe(turn: Turn, pool: Pool, contact: Contact) -> None:
    """Ask whether the customer is still there."""
    give_up_after = round(pool.channel(contact.facts.channel).give_up_after * 1000)
    turn.emit(
        ev.ContactProbed(
            pool=pool.name,
            contact=contact.id,
            conversation=contact.facts.conversation,
            give_up_at=turn.at + give_up_after if give_up_after else 0,
        )
    )


def give_up(turn: Turn, pool: Pool, contact: Contact) -> None:
    """Nobody is there: whoever has the contact writes it up, and it waits for nobody."""
    if contact.assignment is None:
        withdraw(turn, pool, contact, "silent")
    else:
        assignments.wrap_up(turn, pool, contact.assignment, "customer_silent", "")
