"""The default policy: saturating urgency, comparative advantage, agents kept free for the phone."""

from services.contracts.policy import PlanPair, PolicyConfig, Urgency
from services.contracts.pool import PoolConfig, QueueConfig
from services.router.core.eligibility import UNDECLARED
from services.router.core.index import Index
from services.router.core.line import Line
from services.router.core.model import CAPACITY, Agent
from services.router.core.plan import FLOOR, Planned
from services.router.core.policy.reserve import Reserve
from services.router.core.policy.scored import Scored


class Jonoton(Scored):
    """See `scored.py` for the score of waiting contacts.

    Asked is the agent with the highest advantage e, then the fewest skills, then the longest idle.
    Where contacts leave room for more, e counts by the share of the agent that is free; but as soon
    as an exclusive channel shares the agents, see `reserve.py`.
    """

    def __init__(
        self, config: PoolConfig, index: Index, planned: Planned | None, overloaded: bool
    ) -> None:
        super().__init__(config, index, planned, overloaded)
        self._policy: PolicyConfig = config.policy
        self._reserve = Reserve.of(config, index)
        self.holds = self._reserve is not None

    def advantage(self, pair: PlanPair) -> tuple[float, float]:
        """e^q and e."""
        advantage = max(FLOOR, pair.advantage)
        return advantage**self._policy.q, advantage

    def weight(self, line: Line, queue: QueueConfig) -> float:
        """In overload deferred work weighs less or more, as the operator chose."""
        weight = super().weight(line, queue)
        if self._deferred(line):
            weight *= _DEFERRED_WEIGHT.get(self.overload, 1.0)
        return weight

    def urgency(self, line: Line) -> Urgency:
        """By the channel: live or deferred."""
        if self._deferred(line):
            return self._policy.deferred
        if self.overload == "fewer_misses":
            return Urgency(b=max(self._policy.live.b, 0.9), p=1.0, eps=0.0)
        return self._policy.live

    def agent_for(self, line: Line, candidates: int) -> Agent:
        """The best advantage; of concurrent work, spread or packed."""
        concurrent = line.channel in self._concurrent
        if self.planned is None and not concurrent:
            return self.index.first_of_fewest_skills(candidates)
        tiers = self.tiers(line)
        if not concurrent:
            return self.best(tiers, candidates)
        if self._reserve is not None:
            candidates, pack = self._reserve.prefer(candidates)
            if pack:
                by_load = self.index.by_load
                candidates = next(
                    found
                    for load in sorted(by_load, reverse=True)
                    if (found := candidates & by_load[load])
                )
                return self.best(tiers, candidates)
        return self.best(tiers, self._spread(tiers, candidates))

    def _spread(self, tiers: list[tuple[float, int]], candidates: int) -> int:
        """Those with the most advantage times free capacity; of equal ones the least loaded."""
        if len(tiers) == 1:
            return self.least_loaded(candidates)
        best, chosen = -1.0, candidates
        for load, mask in sorted(self.index.by_load.items()):
            able = candidates & mask
            if able:
                advantage, found = next(
                    (advantage, found) for advantage, tier in tiers if (found := able & tier)
                )
                worth = advantage * max(0, CAPACITY - load)
                if worth > best:
                    best, chosen = worth, found
        return chosen

    def lines_open_to(self, agent: Agent, lines: int) -> int:
        """Without those that the agent is kept free from."""
        return lines if self._reserve is None else self._reserve.lines_open_to(agent, lines)

    def agents_open_to(self, line: Line, candidates: int) -> int:
        """Without those kept free for exclusive channels."""
        if self._reserve is None or not self.concurrent(line):
            return candidates
        return self._reserve.agents_open_to(candidates)

    def released(self) -> int:
        """Concurrent lines, when more agents can be spared than before."""
        return 0 if self._reserve is None else self._reserve.released()

    def _deferred(self, line: Line) -> bool:
        return self.config.channels.get(line.channel, UNDECLARED).deferred


_DEFERRED_WEIGHT = {"less_abandonment": 1 / 3, "protect_deferred": 3.0}
