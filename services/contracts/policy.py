"""How a pool orders contacts and chooses agents, and the plan that helps it."""

from typing import Annotated, Literal

import msgspec

from services.contracts.base import Level, Moment, Name

PolicyName = Literal[
    "jonoton",
    "longest_idle",
    "most_free",
    "round_robin",
    "best_skill",
    "static_priority",
    "static_cmu",
]
OverloadChoice = Literal["fewer_misses", "less_abandonment", "protect_deferred", "off"]
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
    When plans have said for `overload_after` seconds that the work is more than the agents can do,
    `overload` says what matters.
    """

    rule: PolicyName = "jonoton"
    live: Urgency = Urgency(b=0.7, p=1.0)
    deferred: Urgency = Urgency(b=0.1, p=2.0)
    q: Annotated[float, msgspec.Meta(ge=0, le=10)] = 1.0
    reserve: Annotated[int, msgspec.Meta(ge=0, le=10_000)] | None = None
    overload: OverloadChoice = "off"
    overload_after: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 180.0


_Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
_Positive = Annotated[float, msgspec.Meta(ge=0)]


class PlanClass(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Contacts that are alike for the plan: one queue, one channel, the same requirement."""

    queue: Name
    channel: Name
    required: dict[Name, Level] = {}


class PlanGroup(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Agents who are alike for the plan: those with exactly these skills, or, where skill sets are
    too many (`Plan.markers`), those who can do just the classes `able` of the first `markers`."""

    skills: dict[Name, Level] | None = None
    able: tuple[_Count, ...] = ()


class PlanPair(msgspec.Struct, frozen=True, array_like=True):
    """What class number `k` is to group number `g`: `handling` are the expected seconds of such an
    agent's whole time (a chat that takes a third of the units takes a third of its length),
    `advantage` (0 to 1) is the comparative advantage, 1 where the group is meant for the class."""

    k: _Count
    g: _Count
    handling: _Positive
    advantage: _Share


class Plan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The outcome of the planning LP at `made_at`: the load `rho` (1: all agents are just enough)
    and who is meant for what. A pair that is not listed is unknown, not forbidden."""

    made_at: Moment
    rho: _Positive
    classes: tuple[PlanClass, ...] = ()
    groups: tuple[PlanGroup, ...] = ()
    pairs: tuple[PlanPair, ...] = ()
    markers: _Count = 0
