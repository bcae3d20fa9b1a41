"""Policies that many know, for those who want them and for comparison.

All take the waiting contact of the highest priority, then the oldest. They differ in whom they ask.
"""

from services.router.core.bitset import bits
from services.router.core.line import Line
from services.router.core.model import Agent, AgentKey
from services.router.core.policy.base import Policy


class LongestIdle(Policy):
    """Whoever has nothing in hand, then whoever has been longest without new work."""


class MostFree(Policy):
    """Whoever has the most free capacity, then the longest without new work."""

    def agent_for(self, line: Line, candidates: int) -> Agent:
        """The least loaded."""
        return self.index.order.first(self.least_loaded(candidates))


class RoundRobin(Policy):
    """One after the other: whoever was asked longest ago, whatever became of it."""

    def key(self, agent: Agent) -> AgentKey:
        """By the number of the offer that was the agent's last."""
        return (agent.asked, len(agent.skills), agent.id, agent.slot)

    def agent_for(self, line: Line, candidates: int) -> Agent:
        """The next in turn."""
        return self.index.order.first(candidates)


class BestSkill(Policy):
    """Whoever has the highest levels, summed over the skills that the contact requires, then the
    least loaded, then the longest without new work."""

    def agent_for(self, line: Line, candidates: int) -> Agent:
        """The most skilled."""
        index = self.index
        best, found = -1, 0
        for slot in bits(candidates):
            agent = index.slots[slot]
            if agent is not None:
                level = sum(agent.skills.get(skill, 0) for skill in line.required)
                if level > best:
                    best, found = level, 0
                if level == best:
                    found |= 1 << slot
        return index.order.first(self.least_loaded(found))
