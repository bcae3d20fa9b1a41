"""What arrives how often and how long it takes, learned from the journal of one pool.

Moving averages: what happened counts less with its age, by the factor e in `ARRIVALS_MS` for rates
and in `HANDLING_MS` for handling times. What is known of a class in one group shrinks towards what
is known of the class, and that towards what the configuration expects, by `PRIOR` observations.
"""

import math
from dataclasses import dataclass, field
from typing import TypeVar

from services.contracts import routing_events as ev
from services.contracts.base import Level, Millis, Name
from services.contracts.pool import QueueConfig
from services.router.core.class_key import ClassKey, class_key
from services.router.core.model import CAPACITY
from services.router.core.pool import Pool

ARRIVALS_MS = 30 * 60_000
HANDLING_MS = 8 * 3_600_000
PRIOR = 10.0
UNKNOWN_S = 300.0
"""Seconds of an agent's time that a contact takes of which nothing at all is known."""
_FORGET = 0.05

K = TypeVar("K")
Skills = tuple[tuple[Name, Level], ...]


@dataclass(slots=True)
class Average:
    """A sum of `weight` values, fading with time."""

    weight: float = 0.0
    total: float = 0.0
    at: Millis = 0

    def add(self, value: float, at: Millis, fade_ms: float) -> None:
        """One more value."""
        self.fade(at, fade_ms)
        self.weight += 1
        self.total += value

    def fade(self, at: Millis, fade_ms: float) -> None:
        """Time has gone by."""
        if at > self.at:
            share = math.exp((self.at - at) / fade_ms)
            self.weight *= share
            self.total *= share
            self.at = at

    def mean(self, otherwise: float, prior: float = PRIOR) -> float:
        """The mean, as if `prior` values of `otherwise` had been seen, too."""
        return (self.total + prior * otherwise) / (self.weight + prior)


@dataclass(slots=True)
class Estimates:
    """One pool's. `note` before each event is applied, then ask. `since` is the first event."""

    since: Millis = 0
    _arrivals: dict[ClassKey, Average] = field(default_factory=dict)
    _classes: dict[ClassKey, Average] = field(default_factory=dict)
    _pairs: dict[tuple[ClassKey, Skills], Average] = field(default_factory=dict)
    _started: dict[str, tuple[ClassKey, Skills, Millis, float]] = field(default_factory=dict)

    def note(self, pool: Pool | None, event: ev.AnyRoutingEvent, at: Millis) -> None:
        """One event of the pool; `pool` is its state before, None if there is none yet."""
        if not self.since:
            self.since = at
        if isinstance(event, ev.ContactQueued):
            facts = event.contact
            key = class_key(facts.channel, facts.queue, facts.required)
            self._arrivals.setdefault(key, Average(at=at)).add(1, at, ARRIVALS_MS)
        elif pool is None:
            return
        elif isinstance(event, ev.AssignmentStarted):
            contact, agent = pool.contacts.get(event.contact), pool.agents.get(event.agent)
            if contact is not None and agent is not None:
                key = class_key(event.channel, event.queue, contact.facts.required)
                share = pool.channel(event.channel).cost / CAPACITY
                skills = tuple(sorted(agent.skills.items()))
                self._started[event.assignment] = (key, skills, at, share)
        elif isinstance(event, ev.AssignmentEnded):
            started = self._started.pop(event.assignment, None)
            if started is not None and event.result != "agent_lost":
                key, skills, began, share = started
                seconds = (at - began) / 1000 * share
                self._classes.setdefault(key, Average(at=at)).add(seconds, at, HANDLING_MS)
                pair = self._pairs.setdefault((key, skills), Average(at=at))
                pair.add(seconds, at, HANDLING_MS)

    def rates(self, now: Millis) -> dict[ClassKey, float]:
        """Arrivals per second by class, of those that have not been forgotten."""
        seen = -math.expm1(-max(1.0, now - self.since) / ARRIVALS_MS)
        found = {}
        for key, average in list(self._arrivals.items()):
            average.fade(now, ARRIVALS_MS)
            if average.weight < _FORGET:
                del self._arrivals[key]
            else:
                found[key] = average.weight / (ARRIVALS_MS / 1000) / seen
        return found

    def handling(self, pool: Pool, now: Millis) -> "Handling":
        """Expected seconds of an agent's time, as of now."""
        self._classes = _faded(self._classes, now)
        self._pairs = _faded(self._pairs, now)
        return Handling(pool, self._classes, self._pairs)


def _faded(averages: dict[K, Average], now: Millis) -> dict[K, Average]:
    """Those that are not forgotten by now."""
    for average in averages.values():
        average.fade(now, HANDLING_MS)
    return {key: average for key, average in averages.items() if average.weight >= _FORGET}


class Handling:
    """Expected seconds of an agent's whole time, by class and by class and skill set."""

    def __init__(
        self,
        pool: Pool,
        classes: dict[ClassKey, Average],
        pairs: dict[tuple[ClassKey, Skills], Average],
    ) -> None:
        self._pool = pool
        self._classes = classes
        self._pairs = pairs
        known = [queue.handling for queue in pool.config.queues.values() if queue.handling]
        weight = sum(average.weight for average in classes.values())
        total = sum(average.total for average in classes.values())
        expected = sum(known) / len(known) if known else UNKNOWN_S
        self._anything = (total + PRIOR * expected) / (weight + PRIOR)

    def of_class(self, key: ClassKey) -> float:
        """Whoever does it."""
        queue = self._pool.config.queues.get(key[1], QueueConfig())
        share = self._pool.channel(key[0]).cost / CAPACITY
        expected = queue.handling * share if queue.handling else self._anything
        average = self._classes.get(key)
        return average.mean(expected) if average is not None else expected

    def of_pair(self, key: ClassKey, skills: Skills) -> float:
        """By agents with these skills."""
        average = self._pairs.get((key, skills))
        return self.of_class(key) if average is None else average.mean(self.of_class(key))
