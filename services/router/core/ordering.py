"""Agents in the order in which equally suited ones are asked, searchable by sets of them.

A search for the first of some candidates looks at blocks of neighbours, as sets: one `&` tells
whether a block holds a candidate at all. Keys mostly grow (who was busy last comes last), so that
adding is appending; an agent who gets an old place back is put between the others.
"""

from bisect import bisect_left
from collections.abc import Iterator
from operator import attrgetter, itemgetter

from services.router.core.model import Agent, AgentKey

SIZE = 64
"""Agents of a new block, at most; twice as many of one that others were put into."""


class Block:
    """Neighbours in the order: their keys by slot, ascending, and the slots as bits. No key is
    above `bound`, and all keys of the next block are."""

    __slots__ = ("bound", "keys", "mask")

    def __init__(self, keys: dict[int, AgentKey]) -> None:
        self.keys = keys
        self.mask = 0
        for slot, self.bound in keys.items():
            self.mask |= 1 << slot


class Ordering:
    """Each agent's `key` belongs to it."""

    __slots__ = ("_agents", "_block_of", "_blocks")

    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self._agents: dict[int, Agent] = {}
        self._block_of: dict[int, Block] = {}

    def __iter__(self) -> Iterator[AgentKey]:
        return (key for block in self._blocks for key in block.keys.values())

    def add(self, agent: Agent, key: AgentKey) -> None:
        """The agent, who is not in the order, comes into it. The last term of `key` is the
        agent's slot."""
        blocks, slot = self._blocks, agent.slot
        self._agents[slot] = agent
        agent.key = key
        if not blocks:
            self._append(slot, key)
            return
        block = blocks[-1]
        if key > block.bound:
            if len(block.keys) >= SIZE:
                self._append(slot, key)
                if len(blocks) > 16 + 4 * len(self._agents) // SIZE:
                    self._rebuild()
                return
            block.bound = key
            block.keys[slot] = key
        else:
            block = blocks[bisect_left(blocks, key, key=attrgetter("bound"))]
            block.keys[slot] = key
            block.keys = dict(sorted(block.keys.items(), key=itemgetter(1)))
        self._block_of[slot] = block
        block.mask |= 1 << slot
        if len(block.keys) > 2 * SIZE:
            self._rebuild()

    def remove(self, agent: Agent) -> None:
        """The agent leaves the order, if in it."""
        block = self._block_of.pop(agent.slot, None)
        if block is None:
            return
        del self._agents[agent.slot]
        del block.keys[agent.slot]
        block.mask ^= 1 << agent.slot
        agent.key = None
        if not block.keys:
            self._blocks.remove(block)

    def clear(self) -> None:
        """All leave."""
        for agent in list(self._agents.values()):
            self.remove(agent)

    def first(self, candidates: int) -> Agent:
        """The first of the candidates, who are not none and all in the order."""
        if not candidates & (candidates - 1):
            return self._agents[candidates.bit_length() - 1]
        for block in self._blocks:
            found = candidates & block.mask
            if found:
                if not found & (found - 1):
                    return self._agents[found.bit_length() - 1]
                return next(self._agents[slot] for slot in block.keys if found >> slot & 1)
        raise LookupError("none of the candidates is in the order")

    def _append(self, slot: int, key: AgentKey) -> None:
        block = self._block_of[slot] = Block({slot: key})
        self._blocks.append(block)

    def _rebuild(self) -> None:
        keys = [key for block in self._blocks for key in block.keys.items()]
        self._blocks = []
        for start in range(0, len(keys), SIZE):
            block = Block(dict(keys[start : start + SIZE]))
            self._blocks.append(block)
            for slot in block.keys:
                self._block_of[slot] = block
