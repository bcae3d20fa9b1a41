"""Which agents could take a contact now, and why the others could not: for people who ask. The
engine itself chooses by bits (`index.py`); this says the same in words, one agent at a time."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from services.contracts.base import Level, Millis, Name
from services.contracts.pool import ChannelConfig
from services.router.core.eligibility import able, fits
from services.router.core.model import Agent, Contact
from services.router.core.partition import Partition
from services.router.core.pool import Pool

Reason = Literal[
    "lack_skills",
    "away",
    "paused",
    "no_room",
    "ramping_up",
    "asked_already",
    "asked_before",
    "has_it",
    "kept_for_another",
    "reserved",
]
"""`away`: not connected or not available. `paused`: declined something and wanted a pause.
`ramping_up`: fresh, and was given something a moment ago. `asked_already`: is being asked for this
contact; `asked_before`: declined or missed it just now; `has_it`: and wants to hand it over.
`kept_for_another`: the contact waits for its preferred agent alone. `reserved`: the policy keeps
the agent free for other work."""


_COUNTED: tuple[Reason, ...] = ("lack_skills", "away", "paused", "no_room", "ramping_up")


@dataclass(frozen=True, slots=True)
class Need:
    """What a contact asks of an agent."""

    name: Name
    channel: ChannelConfig
    required: dict[Name, Level]


def reason_against(agent: Agent, need: Need) -> Reason | None:
    """Why the agent cannot get such a contact; None if nothing speaks against it."""
    if not able(agent.skills, need.required):
        return "lack_skills"
    if not agent.present:
        paused = agent.paused_until and agent.live and agent.presence == "available"
        return "paused" if paused else "away"
    if not fits(agent, need.name, need.channel):
        return "no_room"
    return "ramping_up" if agent.next_at else None


def counts(agents: Iterable[Agent], need: Need) -> dict[str, int]:
    """How many agents have the skills (`able`), of them may get something new (`present`), of them
    could take such a contact at once (`free`); and the others by reason."""
    found = Counter(reason_against(agent, need) for agent in agents if agent.known)
    free = found[None]
    present = free + found["no_room"] + found["ramping_up"]
    return {
        "able": present + found["away"] + found["paused"],
        "present": present,
        "free": free,
        **{reason: found[reason] for reason in _COUNTED},
    }


def candidates(partition: Partition, pool: str, contact_id: str) -> list[dict[str, Any]] | None:
    """Every agent of the pool, by id, with whether the contact may be offered to them now, as
    JSON-ready dicts; None if there is no such contact that is not over."""
    state = partition.pools.get(pool)
    contact = state.contacts.get(contact_id) if state else None
    if state is None or contact is None:
        return None
    name = contact.facts.channel
    need = Need(name, state.channel(name), contact.required)
    asked = {offer.agent.id for offer in contact.offers.values()}
    found = []
    for _, agent in sorted(state.agents.items()):
        if agent.known:
            reason = reason_against(agent, need)
            if reason is None:
                reason = _reason_now(state, contact, agent, asked, partition.at)
            found.append(_candidate(contact, agent, need, reason, partition.at))
    return found


def _reason_now(
    pool: Pool, contact: Contact, agent: Agent, asked: Collection[str], at: Millis
) -> Reason | None:
    """What speaks against this one contact for an agent who could take others like it."""
    if agent.id in asked:
        return "asked_already"
    if contact.transfer and contact.assignment and agent is contact.assignment.agent:
        return "has_it"
    if contact.tried.get(agent.id, 0) > at:
        return "asked_before"
    if contact.held_until and agent.id != contact.facts.preferred_agent:
        return "kept_for_another"
    if contact.ticket and pool.policy.holds:
        line = pool.index.lines[contact.signature]
        if not pool.policy.agents_open_to(line, 1 << agent.slot):
            return "reserved"
    return None


def _candidate(
    contact: Contact, agent: Agent, need: Need, reason: Reason | None, at: Millis
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "agent_id": agent.id,
        "eligible": reason is None,
        "reason": reason,
        "presence": agent.presence,
        "connected": agent.live > 0,
        "used": agent.used,
        "in_hand": dict(agent.load),
        "skills": {skill: agent.skills.get(skill, 0) for skill in need.required},
        "idle_ms": at - agent.idle_since,
    }
    if agent.id in contact.tried:
        found["tried"] = True
    return found
