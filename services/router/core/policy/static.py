"""Static policies: what a class is worth never changes while it waits."""

from services.contracts.base import Millis
from services.contracts.policy import PlanPair
from services.contracts.pool import ChannelConfig
from services.router.core.line import Line
from services.router.core.model import Agent
from services.router.core.policy.scored import Scored

_LIVE = ChannelConfig(cost=1)


class StaticPriority(Scored):
    """The greatest weight, then live before deferred, then the oldest. Asked is the agent with the
    fewest skills, where contacts leave room for more the least loaded first."""

    def line_for(self, lines: int, agent: Agent | None, at: Millis) -> Line | None:
        """By weight, then live before deferred, age, id."""
        best: Line | None = None
        best_key: tuple[float, bool, int, str] | None = None
        while lines:
            line = self.index.lines[(lines & -lines).bit_length() - 1]
            lines &= lines - 1
            head = line.head()
            if head is not None:
                weight = self.weight(line, self.queue(line))
                deferred = self.config.channels.get(line.channel, _LIVE).deferred
                key = (-weight, deferred, head[0], head[1])
                if best_key is None or key < best_key:
                    best, best_key = line, key
        return best

    def agent_for(self, line: Line, candidates: int) -> Agent:
        """The fewest skills."""
        if self.concurrent(line):
            candidates = self.least_loaded(candidates)
        return self.index.first_of_fewest_skills(candidates)


class StaticCmu(Scored):
    """The greatest c·mu with this agent, then the oldest. Asked is the fastest agent, where
    contacts leave room for more the least loaded first."""

    def advantage(self, pair: PlanPair) -> tuple[float, float]:
        """Agents are ranked by speed."""
        return 1.0, 1 / pair.handling

    def unknown(self, mean: float) -> float:
        """As fast as others."""
        return 1 / mean

    def agent_for(self, line: Line, candidates: int) -> Agent:
        """The fastest."""
        if self.concurrent(line):
            candidates = self.least_loaded(candidates)
        return super().agent_for(line, candidates)
