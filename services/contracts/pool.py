"""A pool's configuration: everything that shares agents. Written as YAML by operators, checked at
the edge (`services/router/pool_file.py`), carried by `pool.configure` and by the journal."""

from typing import Annotated

import msgspec

from services.contracts.base import Level, Name

Seconds = Annotated[float, msgspec.Meta(ge=0, le=31_536_000)]
PoolName = Annotated[
    str, msgspec.Meta(max_length=80, pattern=r"^[a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9-]*$")
]
"""`tenant/pool`."""
Units = Annotated[int, msgspec.Meta(ge=1, le=100)]
CLASSIFICATION_KEYS = ("channel", "language", "topic", "tier")
"""What a rule may compare, beside `field.<name>`."""


class ChannelConfig(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """What one contact of a channel asks of an agent.

    `cost` is taken from an agent's 100 units; `max` contacts of the channel at once; times in
    seconds. `wrap_up` 0 means that a finished assignment frees the agent at once.
    """

    cost: Units
    max: Annotated[int, msgspec.Meta(ge=1, le=100)] = 100
    offer_timeout: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 20.0
    wrap_up: Seconds = 0.0
    auto_accept: bool = False


class QueueConfig(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """A line of contacts: `channels` it takes (empty: all of the pool), the skills it asks for,
    and its promise: `service_level` share answered within `target` seconds. Of two waiting
    contacts the one with the higher `priority` (9 is the most urgent) comes first, then the older.
    """

    channels: tuple[Name, ...] = ()
    required: dict[Name, Level] = {}
    preferred: dict[Name, Level] = {}
    priority: Annotated[int, msgspec.Meta(ge=0, le=9)] = 5
    target: Annotated[float, msgspec.Meta(gt=0)] = 60.0
    service_level: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.8


class Rule(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """Classification: the first rule whose `when` holds gives queue, extra skills and priority.

    `when` compares `channel`, `language`, `topic`, `tier` or `field.<name>` with one value or
    with any of several; a language also holds for its regions (`de` for `de-AT`). A rule whose
    queue does not take the contact's channel does not hold.
    """

    queue: Name
    when: dict[str, str | tuple[str, ...]] = {}
    require: dict[Name, Level] = {}
    prefer: dict[Name, Level] = {}
    priority: Annotated[int, msgspec.Meta(ge=0, le=9)] | None = None


class PresenceConfig(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """How long an agent may be without a connection, in seconds: after `grace` nothing is offered
    and open offers go back; after `assignment_grace` (never before `grace`) live assignments go
    back, too. After `missed_offers` in a row an agent goes on a break. Who declined or missed a
    contact is not asked for the same one again for `ask_again` seconds, and later only if nobody
    else is free."""

    grace: Seconds = 10.0
    assignment_grace: Seconds = 60.0
    missed_offers: Annotated[int, msgspec.Meta(ge=1, le=100)] = 3
    ask_again: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 15.0


class PoolConfig(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """One pool = one Kafka key = one partition = one writer. An agent belongs to one pool."""

    pool: PoolName
    partition: Annotated[int, msgspec.Meta(ge=0)]
    channels: dict[Name, ChannelConfig]
    queues: dict[Name, QueueConfig]
    fallback_queue: Name
    skills: tuple[Name, ...] = ()
    languages: tuple[Name, ...] = ()
    rules: tuple[Rule, ...] = ()
    presence: PresenceConfig = PresenceConfig()

    @property
    def tenant(self) -> str:
        """The company that the pool belongs to."""
        return self.pool.partition("/")[0]

    def problems(self) -> list[str]:
        """What the types cannot say and yet must hold, as sentences; empty if all is well."""
        found: list[str] = []
        if self.fallback_queue not in self.queues:
            found.append(f"the fallback queue {self.fallback_queue!r} is not declared")
        for name, queue in self.queues.items():
            found += [
                f"queue {name!r} takes the undeclared channel {channel!r}"
                for channel in queue.channels
                if channel not in self.channels
            ]
        for number, rule in enumerate(self.rules, 1):
            if rule.queue not in self.queues:
                found.append(f"rule {number} names the undeclared queue {rule.queue!r}")
            found += [
                f"rule {number} compares {key!r}, which is no classification key"
                for key in rule.when
                if key not in CLASSIFICATION_KEYS and not key.startswith("field.")
            ]
        return found
