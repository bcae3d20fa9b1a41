"""Agents in the order in which equally suited ones are asked, searchable by sets of them.

A search for the first of some candidates looks at blocks of neighbours, as sets: one `&` tells
whether a block holds a candidate at all. Keys mostly grow (who was busy last comes last), so that
adding is appending; an agent who gets an old place back is put between the others.
"""

from bisect import bisect_left
from collections.abc import Iterator
from operator import attrgetter, itemgetter

from services.router.core.model import Agent, AgentKey

SIZE = 32
"""Agents of a new block, at most; twice as many of one that others were put into."""
_FEW = 5


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
    """Agents on shelves, each in an order of its own. Each agent's `key` belongs to it."""

    __slots__ = ("_agents", "_places", "shelves")

    def __init__(self) -> None:
        self.shelves: dict[int, list[Block]] = {}
        self._agents: dict[int, Agent] = {}
        self._places: dict[int, tuple[list[Block], Block]] = {}

    def __iter__(self) -> Iterator[AgentKey]:
        shelves = (self.shelves[shelf] for shelf in sorted(self.shelves))
        return (key for blocks in shelves for block in blocks for key in block.keys.values())

    def add(self, agent: Agent, key: AgentKey, shelf: int = 0) -> None:
        """The agent, who is not in the order, comes into it. The last term of `key` is the
        agent's slot."""
        slot = agent.slot
        self._agents[slot] = agent
        agent.key = key
        blocks = self.shelves.setdefault(shelf, [])
        if not blocks or (key > blocks[-1].bound and len(blocks[-1].keys) >= SIZE):
            block = Block({slot: key})
            blocks.append(block)
            self._places[slot] = (blocks, block)
            if len(blocks) > 4 and len(blocks) > 2 + 1.5 * _agents(blocks) / SIZE:
                self._rebuild(blocks)
            return
        block = blocks[-1]
        if key > block.bound:
            block.bound = key
            block.keys[slot] = key
        else:
            block = blocks[bisect_left(blocks, key, key=attrgetter("bound"))]
            block.keys[slot] = key
            block.keys = dict(sorted(block.keys.items(), key=itemgetter(1)))
        self._places[slot] = (blocks, block)
        block.mask |= 1 << slot
        if len(block.keys) > 2 * SIZE:
            self._rebuild(blocks)

    def remove(self, agent: Agent) -> None:
        """The agent leaves the order, if in it."""
        place = self._places.pop(agent.slot, None)
        if place is None:
            return
        blocks, block = place
        del self._agents[agent.slot]
        del block.keys[agent.slot]
        block.mask ^= 1 << agent.slot
        agent.key = None
        if not block.keys:
            blocks.remove(block)

    def clear(self) -> None:
        """All leave."""
        for agent in list(self._agents.values()):
            self.remove(agent)

    def first(self, candidates: int, shelf: int = 0) -> Agent:
        """The first of the candidates, who are not none and all on the shelf."""
        for block in self.shelves[shelf]:
            found = candidates & block.mask
            if found:
                break
        else:
            raise LookupError("none of the candidates is in the order")
        # A few are taken out bit by bit; of many the first comes soon in the block's order.
        keys, rest = block.keys, found
        slot = rest.bit_length() - 1
        best = keys[slot]
        for _ in range(_FEW):
            rest ^= 1 << slot
            if not rest:
                return self._agents[best[3]]
            slot = rest.bit_length() - 1
            if keys[slot] < best:
                best = keys[slot]
        return next(self._agents[slot] for slot in keys if found >> slot & 1)

    def _rebuild(self, blocks: list[Block]) -> None:
        keys = [key for block in blocks for key in block.keys.items()]
        blocks[:] = [Block(dict(keys[start : start + SIZE])) for start in range(0, len(keys), SIZE)]
        for block in blocks:
            for slot in block.keys:
                self._places[slot] = (blocks, block)


def _agents(blocks: list[Block]) -> int:
    return sum(len(block.keys) for block in blocks)
