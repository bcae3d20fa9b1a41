"""How a pool orders contacts and chooses agents, and the plan that helps it."""

from typing import Annotated, Literal

import msgspec

PolicyName = Literal[
    "jonoton",
    "longest_idle",
    "most_free",
    "round_robin",
    "best_skill",
    "static_priority",
    "static_cmu",
]
_Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
_Power = Annotated[float, msgspec.Meta(gt=0, le=10)]


class Urgency(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How urgency grows with `x`, the wait over the target:
    `b + (1-b) min(x,1)^p + eps max(0, x-1)`."""

    b: _Share
    p: _Power
    eps: Annotated[float, msgspec.Meta(ge=0, le=10)] = 0.02


class PolicyConfig(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`rule` chooses the policy; the rest belongs to `jonoton`. `q` is the exponent of the agents'
    comparative advantage (0 without a plan). `reserve` agents are kept wholly free where an
    exclusive channel shares them with others; none given, it follows from the queues' weights.
    When the plan says that the work is more than the agents can do, `overload` says what matters.
    """

    rule: PolicyName = "jonoton"
    live: Urgency = Urgency(b=0.7, p=1.0)
    deferred: Urgency = Urgency(b=0.1, p=2.0)
    q: Annotated[float, msgspec.Meta(ge=0, le=10)] = 1.0
    reserve: Annotated[int, msgspec.Meta(ge=0, le=10_000)] | None = None
    overload: Literal["fewer_misses", "less_abandonment", "protect_deferred", "off"] = "off"
