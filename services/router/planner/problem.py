"""What is to be planned for one pool: bounded, whatever the pool's size.

At most `CLASSES` classes, those with the most work; at most `GROUPS` groups. Agents of equal skills
are one group; where skill sets are more than that, agents are alike who can do the same of the
`markers` heaviest classes, for the largest number of markers that makes few enough groups.
"""

from collections import Counter
from dataclasses import dataclass

from services.contracts.base import Millis
from services.contracts.policy import Plan, PlanClass, PlanGroup
from services.router.core.bitset import bits
from services.router.core.class_key import ClassKey
from services.router.core.eligibility import able
from services.router.core.pool import Pool
from services.router.planner.estimates import Estimates, Handling, Skills
from services.router.planner.propose import propose

CLASSES = 100
GROUPS = 100


@dataclass(frozen=True, slots=True)
class Problem:
    """Classes, groups, arrivals per second, seconds of handling (None: cannot), agents."""

    classes: tuple[PlanClass, ...]
    groups: tuple[PlanGroup, ...]
    arrivals: tuple[float, ...]
    handling: tuple[tuple[float | None, ...], ...]
    agents: tuple[float, ...]
    markers: int = 0

    def plan(self, made_at: Millis) -> Plan:
        """The plan; takes a while."""
        return propose(
            made_at,
            self.classes,
            self.groups,
            arrivals=self.arrivals,
            handling=self.handling,
            agents=self.agents,
            markers=self.markers,
        )


def problem_of(pool: Pool, estimates: Estimates, now: Millis) -> Problem | None:
    """What is to be planned for the agents who are there; None if there is nothing to plan."""
    handling = estimates.handling(pool, now)
    rates = estimates.rates(now)
    work = {
        key: rate * handling.of_class(key)
        for key, rate in rates.items()
        if key[1] in pool.config.queues
    }
    keys = sorted(work, key=lambda key: (-work[key], key))[:CLASSES]
    sets = Counter(
        tuple(sorted(agent.skills.items()))
        for slot in bits(pool.index.present)
        if (agent := pool.index.slots[slot]) is not None
    )
    if not keys or not sets:
        return None
    markers = 0 if len(sets) <= GROUPS else _markers(sets, keys)
    members: dict[Skills | tuple[int, ...], list[Skills]] = {}
    for skills in sorted(sets):
        members.setdefault(_able(skills, keys[:markers]) if markers else skills, []).append(skills)
    groups = [
        PlanGroup(able=key) if markers else PlanGroup(skills=dict(of[0]))  # type: ignore[arg-type]
        for key, of in members.items()
    ]
    return Problem(
        classes=tuple(PlanClass(channel=c, queue=q, required=dict(r)) for c, q, r in keys),
        groups=tuple(groups),
        arrivals=tuple(rates[key] for key in keys),
        handling=tuple(
            tuple(_mean(handling, key, of, sets) for of in members.values()) for key in keys
        ),
        agents=tuple(float(sum(sets[skills] for skills in of)) for of in members.values()),
        markers=markers,
    )


def _markers(sets: Counter[Skills], keys: list[ClassKey]) -> int:
    """The most of the first classes that tell few enough groups of agents apart; at least one."""
    low, high = 1, len(keys)
    while low < high:
        middle = (low + high + 1) // 2
        if len({_able(skills, keys[:middle]) for skills in sets}) <= GROUPS:
            low = middle
        else:
            high = middle - 1
    return low


def _able(skills: Skills, keys: list[ClassKey]) -> tuple[int, ...]:
    mine = dict(skills)
    return tuple(number for number, key in enumerate(keys) if able(mine, dict(key[2])))


def _mean(
    handling: Handling, key: ClassKey, of: list[Skills], sets: Counter[Skills]
) -> float | None:
    """The expected seconds by the group's members; None if most of them cannot do it."""
    required = dict(key[2])
    those = [skills for skills in of if able(dict(skills), required)]
    if 2 * sum(sets[skills] for skills in those) < sum(sets[skills] for skills in of):
        return None
    number = sum(sets[skills] for skills in those)
    return sum(handling.of_pair(key, skills) * sets[skills] for skills in those) / number
