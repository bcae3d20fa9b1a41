"""A centre as a pool with its people: what an operator would write for it."""

from services.contracts.base import Level, Name
from services.contracts.policy import PolicyConfig
from services.contracts.pool import ChannelConfig, PoolConfig, QueueConfig, Rule
from services.router.simulator.centres import Centre, ContactClass, Group
from services.router.simulator.draw import MINUTE_MS
from services.router.simulator.floor import Kind, Person
from services.router.simulator.run import Site

POOL = "simulator/centre"
LIVE, DEFERRED = "live", "deferred"


def site_of(centre: Centre, policy: PolicyConfig) -> Site:
    """One queue and one skill for each class; an agent has one contact at a time."""
    names = tuple(one.id for one in centre.classes)
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
                target=60 * one.target_minutes,
                weight=one.weight,
            )
            for one in centre.classes
        },
        fallback_queue=names[0],
        skills=(*names, *(mark(group) for group in centre.groups)),
        rules=tuple(Rule(queue=name, when={"topic": name}) for name in names),
        policy=policy,
    )
    return Site(
        config=config,
        people=people_of(centre),
        kinds=[Kind(channel_of(one), topic=one.id) for one in centre.classes],
        means=centre.means() * MINUTE_MS,
    )


def people_of(centre: Centre) -> list[Person]:
    """Every agent of the centre, group by group."""
    return [
        Person(f"{group.id}-{place:04d}", number, skills_of(group))
        for number, group in enumerate(centre.groups)
        for place in range(group.agents)
    ]


def skills_of(group: Group) -> dict[Name, Level]:
    """What the group can do, and its mark: two groups with the same skills may differ in speed."""
    return {**dict.fromkeys(group.mean_handling_minutes, 1), mark(group): 1}


def mark(group: Group) -> Name:
    """The skill that tells the group's agents from others."""
    return f"group:{group.id}"


def channel_of(one: ContactClass) -> Name:
    """The channel of the class's contacts."""
    return DEFERRED if one.deferred else LIVE
