"""The policies that are compared, by name."""

from dataclasses import dataclass

from services.contracts.policy import PolicyConfig

BASE = "longest_idle"
"""What the others are paired against."""
DEFAULT = "jonoton"


@dataclass(frozen=True, slots=True)
class Contender:
    """A policy as it enters the comparison; `plan`: it is given the planning LP's rates."""

    policy: PolicyConfig
    plan: bool = False


CONTENDERS: dict[str, Contender] = {
    BASE: Contender(PolicyConfig(rule="longest_idle")),
    "static_priority": Contender(PolicyConfig(rule="static_priority")),
}
