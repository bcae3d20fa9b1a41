"""Transfers between pools. The source's agent owns the contact until the other pool's journal says
that somebody there has accepted; what one journal says the courier
(`services/router/follower/courier.py`) tells the other pool, again and again until it is heard."""

from services.contracts import contact_events as ce
from services.contracts import routing_events as ev
from services.router.core import assignments
from services.router.core.pool import Pool
from services.router.core.turn import Turn, end_transfer, forget_surplus, withdraw


def remote_id(contact_id: str, transfer_id: str) -> str:
    """The contact's id in the other pool: another one for each transfer."""
    return f"{transfer_id}.{contact_id}"[:200]


def answered(turn: Turn, pool: Pool, event: ce.TransferAnswered) -> None:
    """The other pool has it, or will not. What is not open any more is no news."""
    data = event.data
    contact = pool.contacts.get(data.contact_id)
    transfer = contact.abroad if contact else None
    if contact is None or transfer is None or transfer.id != data.transfer_id:
        return
    assignment = contact.assignment
    if assignment is None:
        raise LookupError(f"nobody has {contact.id}")
    agent = assignment.agent
    if data.result == "accepted":
        end_transfer(turn, pool, contact, "accepted")
        assignments.hand_over(turn, pool, assignment)
        turn.emit(
            ev.ContactHandedOver(
                pool=pool.name,
                contact=contact.id,
                agent=agent.id,
                to_pool=transfer.to_pool,
                to_contact=remote_id(contact.id, transfer.id),
            )
        )
        forget_surplus(turn, pool)
        return
    end_transfer(turn, pool, contact, "cancelled" if transfer.recalled else "refused")
    if agent.lost and not agent.assignment_grace_until:
        assignments.give_back(turn, pool, assignment)


def withdrawn(turn: Turn, pool: Pool, event: ce.TransferWithdrawn) -> None:
    """The other pool keeps its contact, or it is over there: nobody is asked here any more. Whoever
    has accepted has it."""
    data = event.data
    if data.contact_id in pool.inbound:
        withdraw(turn, pool, pool.contacts[data.contact_id], "cancelled")
