"""The choice: which contact, which agent, and the offer that follows.

Which contact: the highest priority, then the longest wait, then the smallest id. Which agent:
among those able, connected, available and with room, who has not just declined or missed the
contact, the contact's preferred agent; else those with most of the preferred skills; of them
whoever has nothing in hand before those who have, then the longest without new work, the fewest
skills, the smallest id. Contacts that wait for one agent alone come first when that one is free. A
contact for which several may be asked waits on, behind all for which nobody is asked yet.
"""

from services.contracts import routing_events as ev
from services.router.core import assignments
from services.router.core.index import Entry, Line
from services.router.core.model import Agent, Contact
from services.router.core.pool import Pool
from services.router.core.turn import Turn
from services.router.core.waiting import first_held


def match(turn: Turn, pool: Pool, budget: int) -> int:
    """Offer until no waiting contact has a suitable free agent, or `budget` offers are made.

    Returns what is left of the budget; at 0 the index still knows what is to be looked at.
    """
    index = pool.index
    if not index.arrived and not index.freed:
        return budget
    for agent in list(index.freed.values()):
        while budget and (held := first_held(pool, agent)) is not None:
            able = index.able(held.required) & index.free[held.facts.channel]
            _offer(turn, pool, held, agent, able)
            budget -= 1
    passed_over: list[tuple[Line, Entry]] = []
    exhausted = 0
    while budget:
        lines = index.arrived
        for agent in list(index.freed.values()):
            openings = index.openings(agent)
            lines |= openings
            if not openings:
                del index.freed[agent.id]
        line = index.first_waiting(lines & index.waiting & ~exhausted)
        if line is None:
            index.settle()
            break
        candidates = index.able(line.required) & index.free.get(line.channel, 0)
        entry = line.heap[0]
        if not candidates:
            exhausted |= 1 << line.number
            continue
        chosen = _choose(turn, pool, entry[3], candidates)
        if chosen is None:
            passed_over.append((line, line.pass_over()))
            continue
        _offer(turn, pool, entry[3], chosen, candidates)
        budget -= 1
    for line, entry in passed_over:
        line.restore(entry)
    return budget


def _choose(turn: Turn, pool: Pool, contact: Contact, candidates: int) -> Agent | None:
    index = pool.index
    for offer in contact.offers.values():
        candidates &= ~(1 << offer.agent.slot)
    if not candidates:
        return None
    if contact.tried:
        tried = asked_again = 0
        for agent_id, until in contact.tried.items():
            agent = pool.agents.get(agent_id)
            if agent is not None:
                tried |= 1 << agent.slot
                if until <= turn.at:
                    asked_again |= 1 << agent.slot
        candidates = candidates & ~tried or candidates & asked_again
        if not candidates:
            return None
    known = pool.agents.get(contact.facts.preferred_agent)
    if known is not None and candidates >> known.slot & 1:
        return known
    if contact.preferred:
        candidates = index.most_preferred(candidates, contact.preferred)
    return index.first_ready(candidates)


def _offer(turn: Turn, pool: Pool, contact: Contact, agent: Agent, candidates: int) -> None:
    index = pool.index
    facts = contact.facts
    channel = pool.channel(facts.channel)
    able = index.able(contact.required)
    present = able & index.present
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
            waited_ms=turn.at - facts.virtual_start,
            why={
                "candidates": candidates.bit_count(),
                "no_room": (present & ~candidates).bit_count(),
                "away": (able & ~present).bit_count(),
                "lack_skills": (index.everyone & ~able).bit_count(),
                "idle_ms": turn.at - agent.idle_since,
            },
        )
    )
    if channel.auto_accept or facts.channel in agent.auto_accept:
        assignments.start(turn, pool, pool.offers[offer_id])
