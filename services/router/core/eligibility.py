"""Who may get what: skills and room. The rule itself; `index.py` keeps its answers at hand."""

from collections.abc import Mapping

from services.contracts.base import Level, Name
from services.contracts.pool import ChannelConfig
from services.router.core.model import CAPACITY, Agent

UNDECLARED = ChannelConfig(cost=CAPACITY)
"""A contact on a channel that the pool does not declare takes the whole agent: it is served, in
its queue like any other, and nothing is assumed about doing anything beside it."""


def able(skills: dict[Name, Level], required: dict[Name, Level]) -> bool:
    """Whether every required skill is there at its level or above."""
    return all(skills.get(skill, 0) >= level for skill, level in required.items())


def could_ever(
    agent: Agent, name: Name, channel: ChannelConfig, required: dict[Name, Level]
) -> bool:
    """Whether the agent could take such a contact, if there and with nothing in hand."""
    return able(agent.skills, required) and limit(agent, name, channel) > 0


def limit(agent: Agent, name: Name, channel: ChannelConfig) -> int:
    """Most contacts of the channel that the agent may have at once: the smaller of both limits."""
    return min(channel.max, agent.limits.get(name, channel.max))


def has_room(agent: Agent, name: Name, channel: ChannelConfig) -> bool:
    """Whether one more contact of the channel may come now."""
    return not agent.next_at and fits(agent, name, channel)


def fits(agent: Agent, name: Name, channel: ChannelConfig) -> bool:
    """Whether one more contact of the channel fits, open offers counted as if accepted.

    Interruptible work needs room beside everything in hand, firm work only beside what is firm,
    and an exclusive contact nothing firm at all, not even a quiet one.
    """
    if agent.load.get(name, 0) >= limit(agent, name, channel):
        return False
    if channel.exclusive:
        return agent.firm_held == 0
    taken = agent.used if channel.interruptible else agent.firm_used
    return taken + channel.cost <= CAPACITY


def open_to(agent: Agent, channels: Mapping[Name, ChannelConfig]) -> tuple[Name, ...]:
    """The channels that the agent has room for, present or not."""
    if agent.next_at or agent.firm_used >= CAPACITY:
        return ()
    return tuple([name for name, channel in channels.items() if fits(agent, name, channel)])
