"""Policies that score waiting contacts by what it costs to let them wait, per second of work.

The score of a contact of class k for an agent of group g, after a wait of W (section 3 of the
router's specification; Mandelbaum & Stolyar 2004 for c-mu, Harrison & Lopez 1999 for the LP):

    score = c_k · phi(W / T_k) · mu_kg · e_kg^q

c is the queue's weight, threefold for each step of priority above 5 and a third for each below; T
the queue's target, or most of the time promised to a scheduled contact; mu_kg one over the expected
handling time, in seconds of a whole agent (a chat at a third of an agent's units takes a third),
from the plan where it knows, else as the configuration says, else the mean of what is known (1 if
nothing is: only ratios count).
"""

import math

from services.contracts.base import Millis
from services.contracts.policy import PlanPair, Urgency
from services.contracts.pool import PoolConfig, QueueConfig
from services.router.core.eligibility import UNDECLARED
from services.router.core.index import Index
from services.router.core.line import Entry, Line
from services.router.core.model import CAPACITY, Agent
from services.router.core.plan import SHORTEST, Planned
from services.router.core.policy.base import Policy

PRIORITY_STEP = 3.0
PROMISE = 0.75
"""A scheduled contact is as urgent as one that has waited for its target when so much of the time
is over in which it was promised to be served."""
_UNDECLARED = QueueConfig()
_CONSTANT = Urgency(b=1.0, p=1.0, eps=0.0)


class Terms:
    """What is known of a line: `rates` are c·mu·e^q and `advantages` e by group, the last entry
    standing for agents of no group; `tiers` the agents by descending `advantages`, as bits, true
    as of the index's count `skilling`; `plain` is what a score is made of, at hand."""

    __slots__ = ("advantages", "inverse", "plain", "rates", "skilling", "tiers", "urgency")

    def __init__(
        self, rates: list[float], advantages: list[float], target: float, urgency: Urgency
    ) -> None:
        self.rates = rates
        self.advantages = advantages
        self.inverse = 1 / (target * 1000)
        self.urgency = urgency
        self.plain = (rates, self.inverse, urgency.b, 1 - urgency.b, urgency.p, urgency.eps)
        self.tiers: list[tuple[float, int]] = []
        self.skilling = -1

    def phi(self, x: float) -> float:
        """The urgency after a wait of `x` targets."""
        urgency = self.urgency
        if x >= 1:
            return 1 + urgency.eps * (x - 1)
        return urgency.b + (1 - urgency.b) * math.pow(x, urgency.p)


class Scored(Policy):
    """The common part: `weight`, `urgency` and `advantage` say what a policy makes of it."""

    shelved = True

    def __init__(
        self, config: PoolConfig, index: Index, planned: Planned | None, overloaded: bool
    ) -> None:
        super().__init__(config, index, planned, overloaded)
        self._terms: list[Terms] = []
        known = [queue.handling for queue in config.queues.values() if queue.handling]
        self._handling = sum(known) / len(known) if known else 0.0

    def weight(self, line: Line, queue: QueueConfig) -> float:
        """c of the line."""
        return queue.weight * math.pow(PRIORITY_STEP, line.priority - 5)

    def urgency(self, line: Line) -> Urgency:
        """phi of the line."""
        return _CONSTANT

    def advantage(self, pair: PlanPair) -> tuple[float, float]:
        """The factor e^q in the score, and what agents are ranked by."""
        return 1.0, 1.0

    def unknown(self, _mean: float) -> float:
        """What agents are ranked by where the plan says nothing, at this mean handling time."""
        return 1.0

    def queue(self, line: Line) -> QueueConfig:
        """The line's queue; one that is gone from the configuration is like any other."""
        return self.config.queues.get(line.queue) or _UNDECLARED

    def terms_of(self, line: Line) -> Terms:
        """What is known of the line."""
        terms = self._terms
        while len(terms) <= line.number:
            terms.append(self._make(self.index.lines[len(terms)]))
        return terms[line.number]

    def _make(self, line: Line) -> Terms:
        queue = self.queue(line)
        planned = self.planned
        pairs = None
        share = self.index.channels.get(line.channel, UNDECLARED).cost / CAPACITY
        mean = (queue.handling or self._handling) * share or 1.0
        if planned is not None and planned.mean:
            key = line.key if line.key in planned.pairs else planned.of_queue.get(line.key[:2])
            pairs = planned.pairs.get(key) if key else None
            mean = planned.means[key] if key else (queue.handling or 0) * share or planned.mean
        mean, weight = max(SHORTEST, mean), self.weight(line, queue)
        groups = planned.groups if planned else 0
        rates, advantages = [weight / mean] * (groups + 1), [self.unknown(mean)] * (groups + 1)
        for group, pair in (pairs or {}).items():
            factor, advantages[group] = self.advantage(pair)
            rates[group] = weight / pair.handling * factor
        target = max(SHORTEST, line.window / 1000 * PROMISE if line.window else queue.target)
        return Terms(rates, advantages, target, self.urgency(line))

    def line_for(self, lines: int, agent: Agent | None, at: Millis) -> Line | None:
        """The highest score; equal ones: the oldest, then the smallest id."""
        index_lines, terms = self.index.lines, self._terms
        if len(terms) < len(index_lines):
            self.terms_of(index_lines[-1])
        group = agent.group if agent is not None else -1
        best: Line | None = None
        best_score, best_since, best_id = -1.0, 0, ""
        while lines:
            number = lines.bit_length() - 1
            lines ^= 1 << number
            line = index_lines[number]
            heap = line.heap
            entry: Entry | None = heap[0] if heap else None
            if entry is None or entry[3].ticket != entry[2]:
                entry = line.head()
                if entry is None:
                    continue
            rates, inverse, b, rise, p, eps = terms[number].plain
            x = (at - entry[0]) * inverse
            if x >= 1:
                score = rates[group] * (1 + eps * (x - 1))
            elif p == 1:
                score = rates[group] * (b + rise * x)
            else:
                score = rates[group] * (b + rise * x**p)
            if score < best_score:
                continue
            if score > best_score or (entry[0], entry[1]) < (best_since, best_id):
                best, best_score, best_since, best_id = line, score, entry[0], entry[1]
        return best

    def agent_for(self, line: Line, candidates: int) -> Agent:
        """The best advantage, then the fewest skills, then the longest idle."""
        return self.best(self.tiers(line), candidates)

    def tiers(self, line: Line) -> list[tuple[float, int]]:
        """The agents by descending advantage: (advantage, agents as bits)."""
        terms = self.terms_of(line)
        if terms.skilling != self.index.skilling:
            terms.skilling = self.index.skilling
            found: dict[float, int] = {}
            for group, mask in self.index.by_group.items():
                advantage = terms.advantages[group]
                found[advantage] = found.get(advantage, 0) | mask
            terms.tiers = sorted(found.items(), reverse=True)
        return terms.tiers

    def best(self, tiers: list[tuple[float, int]], candidates: int) -> Agent:
        """The first of the candidates by tier, number of skills, and the index's order."""
        if len(tiers) > 1:
            candidates = next(found for _, mask in tiers if (found := candidates & mask))
        return self.index.first_of_fewest_skills(candidates)

    def terms(self, line: Line, entry: Entry, agent: Agent, at: Millis) -> dict[str, float]:
        """The score and its parts."""
        terms = self.terms_of(line)
        x = (at - entry[0]) * terms.inverse
        return {
            "x": round(x, 3),
            "advantage": terms.advantages[agent.group],
            "score": terms.rates[agent.group] * terms.phi(x),
        }
