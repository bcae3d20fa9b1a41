"""The policies that are compared, by name."""

from dataclasses import dataclass
from typing import Literal

from services.contracts.policy import PolicyConfig

BASE = "longest_idle"
"""What the others are paired against."""
DEFAULT = "jonoton"


@dataclass(frozen=True, slots=True)
class Contender:
    """A policy as it enters the comparison. `plan`: it is told none, the planner's plan from the
    centre's `known` rates and times, or one `learned` on the day itself, from nothing."""

    policy: PolicyConfig
    plan: Literal["none", "known", "learned"] = "none"


CONTENDERS: dict[str, Contender] = {
    BASE: Contender(PolicyConfig(rule="longest_idle")),
    "most_free": Contender(PolicyConfig(rule="most_free")),
    "round_robin": Contender(PolicyConfig(rule="round_robin")),
    "best_skill": Contender(PolicyConfig(rule="best_skill")),
    "static_priority": Contender(PolicyConfig(rule="static_priority")),
    "static_cmu": Contender(PolicyConfig(rule="static_cmu"), plan="known"),
    DEFAULT: Contender(PolicyConfig(rule="jonoton"), plan="known"),
    "jonoton_learning": Contender(PolicyConfig(rule="jonoton"), plan="learned"),
    "jonoton_without_plan": Contender(PolicyConfig(rule="jonoton")),
}
USUAL = (BASE, "static_priority", "static_cmu", DEFAULT)
"""Those that run unless others are named: the reference and its table's rivals."""
