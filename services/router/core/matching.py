"""Two moments: an agent has got free capacity, a contact has become assignable.

First each agent who was freed takes the waiting contact that the pool's policy likes best for
them, again and again while there is room, those first who wait for this agent alone; then each line
where something arrived gives its head to the agent whom the policy likes best for it. Policies:
`policy/`. A contact for which several may be asked waits on, behind all for which nobody is asked
yet.
"""

from services.contracts.base import Millis
from services.router.core import assignments
from services.router.core.line import Entry, Line
from services.router.core.model import Agent, Contact
from services.router.core.pool import Pool
from services.router.core.turn import Turn
from services.router.core.waiting import first_held

PassedOver = list[tuple[Line, Entry]]


def match(turn: Turn, pool: Pool, budget: int) -> int:
    """Offer until no waiting contact has a suitable free agent whom no hold keeps from it, or
    `budget` offers are made.

    Returns what is left of the budget; at 0 the index still knows what is to be looked at.
    """
    index = pool.index
    if pool.policy.holds:
        index.arrived |= pool.policy.released()
    if not index.arrived and not index.freed:
        return budget
    while index.freed and budget:
        agent = _next_freed(pool)
        budget = _serve(turn, pool, agent, budget)
        if budget:
            index.freed.pop(agent.id, None)
    passed_over: PassedOver = []
    if budget:
        budget = _place(turn, pool, budget, passed_over)
    for line, entry in passed_over:
        line.restore(entry)
    if budget:
        index.settle()
    return budget


def _next_freed(pool: Pool) -> Agent:
    freed = pool.index.freed
    if len(freed) == 1:
        return next(iter(freed.values()))
    return min(freed.values(), key=pool.policy.key)


def _serve(turn: Turn, pool: Pool, agent: Agent, budget: int) -> int:
    """Moment B: contacts for the agent."""
    index, policy = pool.index, pool.policy
    if pool.held:
        while budget and (held := first_held(pool, agent)) is not None:
            _offer_held(turn, pool, held, agent)
            budget -= 1
    passed_over: PassedOver = []
    while budget:
        lines = index.openings(agent)
        if policy.holds:
            lines = policy.lines_open_to(agent, lines)
        line = policy.line_for(lines, agent, turn.at) if lines else None
        if line is None:
            break
        entry = line.heap[0]
        contact = entry[3]
        chosen: Agent | None = agent
        if (
            contact.tried
            or contact.offers
            or ((contact.preferred or contact.facts.preferred_agent) and len(index.freed) > 1)
        ):
            chosen = _choose(turn.at, pool, line, contact, _candidates(pool, line))
        if chosen is None:
            passed_over.append((line, line.pass_over()))
            continue
        _offer(turn, pool, line, entry, chosen)
        budget -= 1
    for line, entry in passed_over:
        line.restore(entry)
    return budget


def _place(turn: Turn, pool: Pool, budget: int, passed_over: PassedOver) -> int:
    """Moment A: agents for what arrived."""
    index, policy = pool.index, pool.policy
    while budget:
        lines = index.arrived & index.waiting
        if lines & (lines - 1):
            line = policy.line_for(lines, None, turn.at)
        else:
            line = index.lines[lines.bit_length() - 1] if lines else None
        if line is None or (entry := line.head()) is None:
            break
        candidates = _candidates(pool, line)
        if not candidates:
            index.arrived ^= 1 << line.number
            continue
        chosen = _choose(turn.at, pool, line, entry[3], candidates)
        if chosen is None:
            passed_over.append((line, line.pass_over()))
            continue
        _offer(turn, pool, line, entry, chosen)
        budget -= 1
    return budget


def _candidates(pool: Pool, line: Line) -> int:
    """Who could take a contact of the line now."""
    index = pool.index
    candidates = index.able_for(line) & index.free.get(line.channel, 0)
    return pool.policy.agents_open_to(line, candidates) if pool.policy.holds else candidates


def _choose(at: Millis, pool: Pool, line: Line, contact: Contact, candidates: int) -> Agent | None:
    """Who of the candidates gets the line's head; nobody is asked twice at once, nobody again who
    has just declined or missed it, and later only if nobody else is free. The contact's preferred
    agent comes first, then most preferred skills, whatever the policy."""
    if contact.offers:
        for offer in contact.offers.values():
            candidates &= ~(1 << offer.agent.slot)
    if contact.tried:
        tried = asked_again = 0
        for agent_id, until in contact.tried.items():
            agent = pool.agents.get(agent_id)
            if agent is not None:
                tried |= 1 << agent.slot
                if until <= at:
                    asked_again |= 1 << agent.slot
        candidates = candidates & ~tried or candidates & asked_again
    if not candidates:
        return None
    if contact.facts.preferred_agent:
        known = pool.agents.get(contact.facts.preferred_agent)
        if known is not None and candidates >> known.slot & 1:
            return known
    if contact.preferred:
        candidates = pool.index.most_preferred(candidates, contact.preferred)
    return pool.policy.agent_for(line, candidates)


def _offer(turn: Turn, pool: Pool, line: Line, entry: Entry, agent: Agent) -> None:
    index = pool.index
    why = index.why(line, index.able_for(line) & index.free.get(line.channel, 0))
    why["idle_ms"] = turn.at - agent.idle_since
    why |= pool.policy.terms(line, entry, agent, turn.at)
    assignments.ask(turn, pool, entry[3], agent, why)


def _offer_held(turn: Turn, pool: Pool, contact: Contact, agent: Agent) -> None:
    """The agent is the one whom the contact waits for."""
    index = pool.index
    able = index.able(contact.required)
    present = able & index.present
    candidates = able & index.free.get(contact.facts.channel, 0)
    why: dict[str, int | float | str] = {
        "candidates": candidates.bit_count(),
        "no_room": (present & ~candidates).bit_count(),
        "away": (able & ~present).bit_count(),
        "lack_skills": (index.everyone & ~able).bit_count(),
        "idle_ms": turn.at - agent.idle_since,
    }
    assignments.ask(turn, pool, contact, agent, why)
