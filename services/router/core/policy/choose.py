"""From a pool's configuration to its policy."""

from services.contracts.policy import PolicyName
from services.contracts.pool import PoolConfig
from services.router.core.index import Index
from services.router.core.plan import Planned
from services.router.core.policy.base import Policy
from services.router.core.policy.classic import BestSkill, LongestIdle, MostFree, RoundRobin
from services.router.core.policy.jonoton import Jonoton
from services.router.core.policy.static import StaticCmu, StaticPriority

_RULES: dict[PolicyName, type[Policy]] = {
    "jonoton": Jonoton,
    "longest_idle": LongestIdle,
    "most_free": MostFree,
    "round_robin": RoundRobin,
    "best_skill": BestSkill,
    "static_priority": StaticPriority,
    "static_cmu": StaticCmu,
}


def policy_for(
    config: PoolConfig, index: Index, planned: Planned | None, overloaded: bool
) -> Policy:
    """The policy that the configuration names, deciding by the plan (None: without)."""
    return _RULES[config.policy.rule](config, index, planned, overloaded)
