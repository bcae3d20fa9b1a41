"""The policies that are compared, by name."""

from dataclasses import dataclass

from services.contracts.policy import PolicyConfig

BASE = "longest_idle"
"""What the others are paired against."""
DEFAULT = "jonoton"


@dataclass(frozen=True, slots=True)
class Contender:
    """A policy as it enters the comparison; `plan`: it is told the planner's plan."""

    policy: PolicyConfig
    plan: bool = False


CONTENDERS: dict[str, Contender] = {
    BASE: Contender(PolicyConfig(rule="longest_idle")),
    "most_free": Contender(PolicyConfig(rule="most_free")),
    "round_robin": Contender(PolicyConfig(rule="round_robin")),
    "best_skill": Contender(PolicyConfig(rule="best_skill")),
    "static_priority": Contender(PolicyConfig(rule="static_priority")),
    "static_cmu": Contender(PolicyConfig(rule="static_cmu"), plan=True),
    DEFAULT: Contender(PolicyConfig(rule="jonoton"), plan=True),
    "jonoton_without_plan": Contender(PolicyConfig(rule="jonoton")),
}
USUAL = (BASE, "static_priority", "static_cmu", DEFAULT)
"""Those that run unless others are named: the reference and its table's rivals."""
