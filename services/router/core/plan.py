"""The plan that a pool decides by: which group an agent belongs to, what a class is to a group."""

from collections.abc import Mapping

from services.contracts.base import Level, Name
from services.contracts.policy import Plan, PlanPair
from services.router.core.class_key import ClassKey, class_key
from services.router.core.eligibility import able

OVERLOAD = 1.02
"""The planned load above which the agents cannot do the work, whatever the order."""
NO_GROUP = -1
FLOOR = 0.05
"""The least advantage: nobody who can do something is worth nothing for it."""
SHORTEST, LONGEST = 0.001, 1e9
"""Expected handling times beyond these, in seconds, are none: scores stay finite."""


class Planned:
    """A plan, quick to look at. `means` has each class's expected handling where it is known, in
    seconds, averaged over groups; `mean` that of all classes. `of_queue` names a class of each
    channel and queue: contacts whose requirement was relaxed are as long."""

    __slots__ = ("_by_able", "_by_skills", "groups", "mean", "means", "of_queue", "pairs", "plan")

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.groups = len(plan.groups)
        self.pairs: dict[ClassKey, dict[int, PlanPair]] = {}
        keys = [class_key(one.channel, one.queue, one.required) for one in plan.classes]
        for pair in plan.pairs:
            if pair.k >= len(keys) or pair.g >= self.groups:
                continue
            if SHORTEST <= pair.handling <= LONGEST:
                self.pairs.setdefault(keys[pair.k], {})[pair.g] = pair
        self.of_queue = {key[:2]: key for key in reversed(self.pairs)}
        self.means = {
            key: sum(pair.handling for pair in of.values()) / len(of)
            for key, of in self.pairs.items()
        }
        self.mean = sum(self.means.values()) / len(self.means) if self.means else 0.0
        self._by_skills = {
            tuple(sorted(group.skills.items())): number
            for number, group in enumerate(plan.groups)
            if group.skills is not None
        }
        self._by_able = {
            group.able: number for number, group in enumerate(plan.groups) if group.skills is None
        }

    def group_of(self, skills: Mapping[Name, Level]) -> int:
        """The group of agents with these skills, `NO_GROUP` if the plan does not know them."""
        number = self._by_skills.get(tuple(sorted(skills.items())))
        if number is None and self._by_able:
            markers = self.plan.classes[: self.plan.markers]
            mine = tuple(k for k, one in enumerate(markers) if able(dict(skills), one.required))
            number = self._by_able.get(mine)
        return NO_GROUP if number is None else number
