"""Small sites and days for these tests; times in ms from the start of the day."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from services.contracts.pool import ChannelConfig, PoolConfig, QueueConfig
from services.router.simulator.centres import Centre, ContactClass, Group
from services.router.simulator.floor import Kind, Person
from services.router.simulator.run import ENDLESS, Day, Site

CALL = Kind("phone")


def config(**changes: Any) -> PoolConfig:
    """One queue, one exclusive channel, unless changed."""
    given: dict[str, Any] = {
        "pool": "test/pool",
        "partition": 0,
        "channels": {"phone": ChannelConfig(cost=100, auto_accept=True)},
        "queues": {"calls": QueueConfig()},
        "fallback_queue": "calls",
    }
    return PoolConfig(**{**given, **changes})


def site(agents: int = 1, **more: Any) -> Site:
    """Agents who are alike and take calls."""
    people = [Person(f"a{number}", 0, {}) for number in range(agents)]
    given = {"config": config(), "people": people, "kinds": [CALL], "means": np.ones((1, 1))}
    return Site(**{**given, **more})


def day(
    arrival: Sequence[int],
    work: Sequence[float],
    patience: Sequence[int] | None = None,
    acts: Sequence[Any] = (),
) -> Day:
    """Contacts of one kind."""
    return Day(
        arrival=np.array(arrival, dtype=np.int64),
        kind=np.zeros(len(arrival), dtype=np.int64),
        work=np.array(work, dtype=float),
        patience=np.array(patience or [ENDLESS] * len(arrival), dtype=np.int64),
        acts=acts,
    )


def centre(**changes: Any) -> Centre:
    """Two classes, two groups: the second can do both."""
    call = ContactClass(
        id="call",
        deferred=False,
        arrivals_per_minute_at_full_load=1.0,
        target_minutes=0.5,
        mean_patience_minutes=3.0,
        weight=2.0,
    )
    mail = ContactClass(
        id="mail",
        deferred=True,
        arrivals_per_minute_at_full_load=0.5,
        target_minutes=60.0,
        mean_patience_minutes=None,
        weight=1.0,
    )
    given: dict[str, Any] = {
        "name": "small",
        "day_minutes": 120,
        "slot_minutes": 30,
        "profile": (0.8, 1.2, 1.2, 0.8),
        "classes": (call, mail),
        "groups": (
            Group(id="callers", agents=3, mean_handling_minutes={"call": 4.0}),
            Group(id="both", agents=2, mean_handling_minutes={"call": 4.0, "mail": 4.0}),
        ),
    }
    return Centre(**{**given, **changes})
