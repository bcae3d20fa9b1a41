"""A centre as a pool with its people: what an operator would write for it."""

from services.contracts.policy import PolicyConfig
from services.contracts.pool import ChannelConfig, PoolConfig, QueueConfig, Rule
from services.router.simulator.centres import Centre, ContactClass
from services.router.simulator.draw import MINUTE_MS
from services.router.simulator.floor import Kind, Person
from services.router.simulator.run import Site

POOL = "simulator/centre"
LIVE, DEFERRED = "live", "deferred"


def site_of(centre: Centre, policy: PolicyConfig) -> Site:
    """One queue and one skill for each class; an agent has one contact at a time."""
    names = tuple(one.id for one in centre.classes)
    order = _priorities(centre)
    config = PoolConfig(
        pool=POOL,
        partition=0,
        channels={
            LIVE: ChannelConfig(cost=100, auto_accept=True),
            DEFERRED: ChannelConfig(cost=100, auto_accept=True, deferred=True),
        },
        queues={
            one.id: QueueConfig(
                required={one.id: 1},
                priority=order[one.id] if policy.rule == "static_priority" else 5,
                target=60 * one.target_minutes,
                weight=one.weight,
            )
            for one in centre.classes
        },
        fallback_queue=names[0],
        skills=names,
        rules=tuple(Rule(queue=name, when={"topic": name}) for name in names),
        policy=policy,
    )
    return Site(
        config=config,
        people=people_of(centre),
        kinds=[Kind(_channel(one), topic=one.id) for one in centre.classes],
        means=centre.means() * MINUTE_MS,
    )


def people_of(centre: Centre) -> list[Person]:
    """Every agent of the centre, group by group."""
    return [
        Person(f"{group.id}-{place:04d}", number, dict.fromkeys(group.mean_handling_minutes, 1))
        for number, group in enumerate(centre.groups)
        for place in range(group.agents)
    ]


def _channel(one: ContactClass) -> str:
    return DEFERRED if one.deferred else LIVE


def _priorities(centre: Centre) -> dict[str, int]:
    """Live before deferred, then the heavier first: 9 is the most urgent."""
    ranks = sorted({(not one.deferred, one.weight) for one in centre.classes}, reverse=True)
    return {
        one.id: max(0, 9 - ranks.index((not one.deferred, one.weight))) for one in centre.classes
    }
