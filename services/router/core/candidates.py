"""Which agents could take a contact now, and why the others could not: for people who ask. The
engine itself chooses by bits (`index.py`); this says the same in words, one agent at a time."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from services.contracts.base import Level, Millis, Name
from services.contracts.pool import ChannelConfig
from services.router.core.eligibility import has_room
from services.router.core.model import Agent, Contact
from services.router.core.partition import Partition
from services.router.core.pool import Pool

Reason = Literal["lack_skills", "away", "no_room", "asked_before", "held_back", "kept_for_another"]
"""`away`: not connected or not available. `asked_before`: declined or missed this contact just
now. `held_back`: present and with room, but kept from new work of this kind for now.
`kept_for_another`: the contact waits for its preferred agent alone."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a contact asks of an agent."""

    name: Name
    channel: ChannelConfig
    required: dict[Name, Level]


def lacking(agent: Agent, required: dict[Name, Level]) -> dict[Name, Level]:
    """The required skills that the agent does not have at their level."""
    have = agent.skills
    return {skill: level for skill, level in required.items() if have.get(skill, 0) < level}


def reason_against(agent: Agent, need: Need) -> Reason | None:
    """Why the agent cannot get such a contact; None if nothing speaks against it."""
    if lacking(agent, need.required):
        return "lack_skills"
    if not agent.present:
        return "away"
    if not has_room(agent, need.name, need.channel):
        return "no_room"
    return None


def counts(agents: Iterable[Agent], need: Need) -> dict[str, int]:
    """How many agents have the skills (`able`), of them are there (`present`), of them could take
    such a contact at once (`free`); and the others by reason."""
    found = Counter(reason_against(agent, need) for agent in agents if agent.known)
    free = found[None]
    present = free + found["no_room"]
    return {
        "able": present + found["away"],
        "present": present,
        "free": free,
        "lack_skills": found["lack_skills"],
        "away": found["away"],
        "no_room": found["no_room"],
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
    return [
        _candidate(state, contact, agent, need, partition.at)
        for _, agent in sorted(state.agents.items())
        if agent.known
    ]


def _candidate(
    pool: Pool, contact: Contact, agent: Agent, need: Need, at: Millis
) -> dict[str, Any]:
    reason = reason_against(agent, need)
    if reason is None and contact.tried.get(agent.id, 0) > at:
        reason = "asked_before"
    elif reason is None and need.name in pool.index.channels and need.name not in agent.open_to:
        reason = "held_back"
    elif reason is None and contact.held_until and agent.id != contact.facts.preferred_agent:
        reason = "kept_for_another"
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
