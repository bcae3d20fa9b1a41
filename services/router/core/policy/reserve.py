"""Agents kept wholly free for an exclusive channel that shares them with concurrent ones.

Spreading chats evenly leaves nobody free for a call; so a concurrent contact goes to agents who
take no calls anyway, then to the fullest agent who still has room, and to one who has nothing in
hand only while more of those are free than the reserve.
"""

from math import floor, sqrt

from services.contracts.pool import PoolConfig
from services.router.core.classify import takes
from services.router.core.index import Index
from services.router.core.model import CAPACITY, Agent


class Reserve:
    """The reserve of one pool. `weight` is the exclusive channels' share in the queues' weights:
    where no reserve is given, it is that share of the square root of the agents present who take
    exclusive contacts (a group of n agents fluctuates by about its square root)."""

    def __init__(self, config: PoolConfig, index: Index) -> None:
        self._index = index
        self._given = config.policy.reserve
        self._exclusive = [name for name, one in config.channels.items() if one.exclusive]
        queues = config.queues.values()
        self._required = [
            queue.required
            for queue in queues
            if any(takes(queue, channel) for channel in self._exclusive)
        ]
        total = sum(queue.weight for queue in queues)
        exclusive = sum(_share(config, queue.weight, queue.channels) for queue in queues)
        self._weight = exclusive / total if total else 0.0
        self._takers = 0
        self._skilling = -1
        self._spare: int | None = None
        self._kept = 0

    @classmethod
    def of(cls, config: PoolConfig, index: Index) -> "Reserve | None":
        """The reserve, if an exclusive channel shares the agents with concurrent ones."""
        channels = config.channels.values()
        shared = any(one.exclusive for one in channels) and any(
            one.cost < CAPACITY for one in channels
        )
        return cls(config, index) if shared else None

    def size(self) -> int:
        """How many agents are to be kept free now."""
        if self._given is not None:
            return self._given
        present = (self._able() & self._index.present).bit_count()
        return floor(self._weight * sqrt(present))

    def prefer(self, candidates: int) -> tuple[int, bool]:
        """Whom of the candidates a concurrent contact goes to, and whether it is to be packed."""
        able, whole = self._able(), self._whole()
        others = candidates & ~able
        if others:
            return others, False
        begun = candidates & ~whole
        return (begun, True) if begun else (candidates, False)

    def agents_open_to(self, candidates: int) -> int:
        """Of the candidates for a concurrent contact those who may take it."""
        whole = self._whole()
        return candidates if self._left(whole) > 0 else candidates & ~whole

    def lines_open_to(self, agent: Agent, lines: int) -> int:
        """Without the concurrent ones, if the agent is kept free."""
        whole = self._whole()
        if not whole >> agent.slot & 1 or self._left(whole) > 0:
            return lines
        return lines & ~self._concurrent()

    def released(self) -> int:
        """The concurrent lines, if more agents can be spared than when this was asked last, or if
        one who was kept free was given something all the same: they may be given more now."""
        whole = self._whole()
        before, self._spare = self._spare, self._left(whole)
        begun, self._kept = self._kept & ~whole, whole
        if begun or (self._spare > 0 and (before is None or self._spare > before)):
            return self._concurrent()
        return 0

    def _left(self, whole: int) -> int:
        return whole.bit_count() - self.size()

    def _whole(self) -> int:
        """Those who take exclusive contacts and could have one now."""
        free = 0
        for name in self._exclusive:
            free |= self._index.free.get(name, 0)
        return free & self._able()

    def _able(self) -> int:
        """Those whose skills allow an exclusive contact."""
        if self._skilling != self._index.skilling:
            self._skilling = self._index.skilling
            self._takers = 0
            for required in self._required:
                self._takers |= self._index.able(required)
        return self._takers

    def _concurrent(self) -> int:
        lines = 0
        for name, numbers in self._index.lines_of.items():
            if self._index.channels[name].cost < CAPACITY:
                lines |= numbers
        return lines & self._index.waiting


def _share(config: PoolConfig, weight: float, channels: tuple[str, ...]) -> float:
    kinds = [config.channels[name].exclusive for name in channels or config.channels]
    return weight * sum(kinds) / len(kinds) if kinds else 0.0
