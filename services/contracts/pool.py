"""A pool's configuration: everything that shares agents. Written as YAML by operators, checked at
the edge (`services/router/pool_file.py`), carried by `pool.configure` and by the journal."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Annotated, Literal

import msgspec

from services.contracts.base import Level, Name
from services.contracts.policy import PolicyConfig

Seconds = Annotated[float, msgspec.Meta(ge=0, le=31_536_000)]
POOL_NAME = r"^[a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9-]*$"
PoolName = Annotated[str, msgspec.Meta(max_length=80, pattern=POOL_NAME)]
"""`tenant/pool`."""
Units = Annotated[int, msgspec.Meta(ge=1, le=100)]
CLASSIFICATION_KEYS = ("channel", "language", "topic", "tier")
"""What a rule may compare, beside `field.<name>`."""


class ChannelConfig(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one contact of a channel asks of an agent.

    `cost` is taken from an agent's 100 units; `max` contacts of the channel at once; times in
    seconds. `wrap_up` 0 means that a finished assignment frees the agent at once.

    `exclusive`: takes the whole agent (`cost` must be 100), and agents are kept free for it.
    `interruptible`: in hand, it keeps no contact of another kind waiting. `inactive_cost`: what a
    conversation costs while the customer is quiet (none: no less). `deferred`: may wait for hours
    (e-mail, forms). `parallel_offers`: so many agents are asked at once, the first who accepts
    has it. A customer who is quiet is asked after `probe_after` and given up `give_up_after`
    later; 0: never.
    """

    cost: Units
    max: Annotated[int, msgspec.Meta(ge=1, le=100)] = 100
    offer_timeout: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 20.0
    wrap_up: Seconds = 0.0
    auto_accept: bool = False
    exclusive: bool = False
    interruptible: bool = False
    inactive_cost: Annotated[int, msgspec.Meta(ge=0, le=100)] | None = None
    deferred: bool = False
    parallel_offers: Annotated[int, msgspec.Meta(ge=1, le=10)] = 1
    probe_after: Seconds = 0.0
    give_up_after: Seconds = 0.0

    def problems(self) -> list[str]:
        """What does not go together, each as the end of a sentence about the channel."""
        found = []
        if self.exclusive:
            if self.cost != 100:
                found.append("is exclusive: its cost must be 100")
            if self.interruptible:
                found.append("cannot be both exclusive and interruptible")
            if self.inactive_cost is not None:
                found.append("is exclusive: it cannot cost less while the customer is quiet")
        if self.inactive_cost is not None and self.inactive_cost > self.cost:
            found.append("would cost more while the customer is quiet")
        return found


class Relaxation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A step down: `after` so many seconds of waiting, a required skill's level is lowered
    (`lower`), skills are required no more (`drop`), or anybody of the pool will do (`anyone`).
    What was required stays preferred. Steps add up, in the order of the list."""

    after: Seconds
    lower: dict[Name, Level] = {}
    drop: tuple[Name, ...] = ()
    anyone: bool = False


InsteadAction = Literal["park", "queue", "form", "callback", "reject"]


class Instead(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What becomes of a contact that its queue cannot take: `park` (wait for the next opening),
    another `queue`, or an end that its channel tells the customer about: a `form` to fill in, a
    `callback` to book, or `reject` with the reason and the next opening time."""

    action: InsteadAction
    queue: Name | None = None


class QueueConfig(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line of contacts: `channels` it takes (empty: all of the pool), the skills it asks for,
    and its promise: `service_level` share answered within `target` seconds.

    `priority` (9 is the most urgent): each step weighs threefold in the default policy; the
    simpler policies take the higher priority first, then the older contact. `weight` says how much
    a broken promise matters beside other queues; `handling` the expected seconds in an agent's
    hands until enough contacts were measured. `relax`: see `Relaxation`; its
    first sufficient step is taken at once when nobody signed in has the skills. A returning
    customer waits `preferred_agent` seconds for the agent they know, then for anybody.
    Outside the hours of `calendar` the contact goes the way of `closed`; beyond `max_length`
    waiting contacts, `max_wait` or `max_expected_wait` seconds it goes the way of `overflow`.
    `by_hand`: a second line that only transfers and supervisors reach, no rule.
    """

    channels: tuple[Name, ...] = ()
    required: dict[Name, Level] = {}
    preferred: dict[Name, Level] = {}
    priority: Annotated[int, msgspec.Meta(ge=0, le=9)] = 5
    target: Annotated[float, msgspec.Meta(gt=0)] = 60.0
    service_level: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.8
    weight: Annotated[float, msgspec.Meta(gt=0, le=1000)] = 1.0
    handling: Annotated[float, msgspec.Meta(gt=0, le=86_400)] | None = None
    relax: tuple[Relaxation, ...] = ()
    preferred_agent: Seconds = 0.0
    calendar: Name | None = None
    closed: Instead = Instead(action="park")
    max_length: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] | None = None
    max_wait: Annotated[float, msgspec.Meta(gt=0, le=31_536_000)] | None = None
    max_expected_wait: Annotated[float, msgspec.Meta(gt=0, le=31_536_000)] | None = None
    overflow: Instead = Instead(action="reject")
    by_hand: bool = False


class Rule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
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


class PresenceConfig(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How long an agent may be without a connection, in seconds: after `grace` nothing is offered
    and open offers go back; after `assignment_grace` (never before `grace`) live assignments go
    back, too. After `missed_offers` in a row an agent goes on a break. Who declined or missed a
    contact is not asked for the same one again for `ask_again` seconds, and later only if nobody
    else is free. In the first `ramp_period` seconds after becoming available an agent gets at most
    one new contact in `ramp_interval` seconds: the first in the morning is not buried."""

    grace: Seconds = 10.0
    assignment_grace: Seconds = 60.0
    missed_offers: Annotated[int, msgspec.Meta(ge=1, le=100)] = 3
    ask_again: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 15.0
    ramp_period: Seconds = 0.0
    ramp_interval: Seconds = 0.0


Interval = Annotated[
    str, msgspec.Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$")
]
"""`08:00-16:15`, local time; until 24:00 at the latest, never over midnight."""
Day = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]
"""`2026-12-24`."""


class WeeklyHours(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Open intervals of each day of the week, in order and apart; none: closed all day."""

    mon: tuple[Interval, ...] = ()
    tue: tuple[Interval, ...] = ()
    wed: tuple[Interval, ...] = ()
    thu: tuple[Interval, ...] = ()
    fri: tuple[Interval, ...] = ()
    sat: tuple[Interval, ...] = ()
    sun: tuple[Interval, ...] = ()


class CalendarConfig(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When a queue is open. `time_zone` is an IANA name. `holidays`: the country (ISO 3166, or
    with its subdivision: `DE-BY`) on whose public holidays it is closed. `exceptions` replace a
    day's hours, holiday or not."""

    time_zone: str
    hours: WeeklyHours
    holidays: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")] | None = None
    exceptions: dict[Day, tuple[Interval, ...]] = {}

    def days(self) -> Iterator[tuple[str, tuple[Interval, ...]]]:
        """The days of the week and the exceptions, with their hours."""
        for day in self.hours.__struct_fields__:
            yield day, getattr(self.hours, day)
        yield from self.exceptions.items()


class PoolConfig(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
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
    calendars: dict[Name, CalendarConfig] = {}
    policy: PolicyConfig = PolicyConfig()

    @property
    def tenant(self) -> str:
        """The company that the pool belongs to."""
        return self.pool.partition("/")[0]

    def problems(self) -> list[str]:
        """What the types cannot say and yet must hold, as sentences; empty if all is well."""
        found: list[str] = []
        if self.fallback_queue not in self.queues:
            found.append(f"the fallback queue {self.fallback_queue!r} is not declared")
        for name, channel in self.channels.items():
            found += [f"channel {name!r} {what}" for what in channel.problems()]
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
        for name, queue in self.queues.items():
            if queue.calendar is not None and queue.calendar not in self.calendars:
                found.append(f"queue {name!r} names the undeclared calendar {queue.calendar!r}")
            if queue.overflow.action == "park":
                found.append(f"queue {name!r} parks what overflows: only closed hours end")
            for instead in (queue.closed, queue.overflow):
                if instead.queue is not None and instead.queue not in self.queues:
                    found.append(f"queue {name!r} names the undeclared queue {instead.queue!r}")
                if (instead.action == "queue") != (instead.queue is not None):
                    found.append(f"queue {name!r}: a queue belongs to the action 'queue' alone")
        found += [f"contacts would go round: {' → '.join(way)}" for way in self.circles()]
        for name, calendar in self.calendars.items():
            for day, intervals in calendar.days():
                if not in_order(intervals):
                    found.append(f"calendar {name!r}: the hours of {day} overlap or are unordered")
        return found

    def circles(self) -> list[list[Name]]:
        """The ways on which contacts that are sent on would come round, each once: its queues in
        order, the first again at the end."""
        found: list[list[Name]] = []
        done: set[Name] = set()
        for start in self.queues:
            way = [start]
            ahead = [self._ways_on(start)]
            while ahead:
                following = next(ahead[-1], None)
                if following is None:
                    ahead.pop()
                    done.add(way.pop())
                elif following in way:
                    found.append([*way[way.index(following) :], following])
                elif following not in done:
                    way.append(following)
                    ahead.append(self._ways_on(following))
        return found

    def _ways_on(self, name: Name) -> Iterator[Name]:
        queue = self.queues[name]
        ways = [queue.closed] if queue.calendar is not None else []
        if not {queue.max_length, queue.max_wait, queue.max_expected_wait} <= {None}:
            ways.append(queue.overflow)
        return iter(
            [way.queue for way in ways if way.queue is not None and way.queue in self.queues]
        )


def in_order(intervals: Sequence[Interval]) -> bool:
    """Whether each interval ends after its beginning and begins no sooner than the one before it
    ends. (As texts: all are written with two digits.)"""
    times = [time for interval in intervals for time in interval.split("-")]
    return all(
        before < after if number % 2 == 0 else before <= after
        for number, (before, after) in enumerate(pairwise(times))
    )
