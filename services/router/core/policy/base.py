"""What every routing policy answers, and what most of them have in common.

Equal terms break by age, then id, for contacts, and by longest without new work, fewest skills,
then id, for agents: the order in which things lie in memory decides nothing.
"""

from services.contracts.base import Millis
from services.contracts.policy import OverloadChoice
from services.contracts.pool import PoolConfig
from services.router.core.index import Index, longest_idle
from services.router.core.line import Entry, Line
from services.router.core.model import CAPACITY, Agent, AgentKey
from services.router.core.plan import Planned


class Policy:
    """One pool's policy under one configuration and plan. It reads the index and changes nothing.

    `holds` says whether agents are ever kept from contacts that they could take, `shelved` whether
    agents with fewer skills are asked before all others that are equally suited.
    """

    holds = False
    shelved = False

    def __init__(
        self, config: PoolConfig, index: Index, planned: Planned | None, overloaded: bool
    ) -> None:
        self.config = config
        self.index = index
        self.planned = planned
        channels = config.channels.items()
        self._concurrent = {name for name, channel in channels if channel.cost < CAPACITY}
        self.overload: OverloadChoice = config.policy.overload if overloaded else "off"

    def key(self, agent: Agent) -> AgentKey:
        """The order in which equally suited agents are asked, smallest first."""
        return longest_idle(agent)

    def line_for(self, lines: int, agent: Agent | None, at: Millis) -> Line | None:
        """The line, of these, whose head comes first: for the agent, or (None) for anybody.

        None if there is no head in any of them.
        """
        best: Line | None = None
        best_key: tuple[int, int, str] | None = None
        while lines:
            line = self.index.lines[(lines & -lines).bit_length() - 1]
            lines &= lines - 1
            head = line.head()
            if head is not None:
                key = (-line.priority, head[0], head[1])
                if best_key is None or key < best_key:
                    best, best_key = line, key
        return best

    def agent_for(self, line: Line, candidates: int) -> Agent:
        """Who of the candidates (not none) gets the line's head: nothing in hand comes first."""
        index = self.index
        idle = candidates & index.by_load.get(0, 0)
        return index.order.first(idle or candidates)

    # Holds: agents kept free for what is to come

    def lines_open_to(self, agent: Agent, lines: int) -> int:
        """Those of the lines that no hold keeps from the agent."""
        return lines

    def agents_open_to(self, line: Line, candidates: int) -> int:
        """Those of the candidates whom no hold keeps from the line."""
        return candidates

    def released(self) -> int:
        """The lines for which other agents are held than when this was asked last."""
        return 0

    def terms(self, line: Line, entry: Entry, agent: Agent, at: Millis) -> dict[str, float]:
        """What the choice was made by, for the journal."""
        return {}

    def concurrent(self, line: Line) -> bool:
        """Whether the line's contacts leave an agent room for more."""
        return line.channel in self._concurrent

    def least_loaded(self, candidates: int) -> int:
        """Those of the candidates with the least in hand."""
        by_load = self.index.by_load
        return next(found for load in sorted(by_load) if (found := candidates & by_load[load]))
