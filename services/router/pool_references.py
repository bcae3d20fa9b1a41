"""Names in a pool's file: what one part says of another must be declared there."""

import re
from collections.abc import Collection, Iterable

from services.contracts.pool import CLASSIFICATION_KEYS, PoolConfig, QueueConfig
from services.router.pool_places import Places, Step, choice
from services.router.pool_yaml import Mistake, Node


class References:
    """What one part of a well-shaped configuration says about another."""

    def __init__(self, root: Node, config: PoolConfig) -> None:
        self._places = Places(root)
        self._config = config
        self._languages = frozenset(config.languages)
        self._skills = self._languages.union(config.skills)

    def mistakes(self, partitions: int) -> Iterable[Mistake]:
        config = self._config
        if config.partition >= partitions:
            yield self._places.at(
                f"expected 0 to {partitions - 1}, the partitions here", "partition"
            )
        for name in ("channels", "queues"):
            if not getattr(config, name):
                yield self._places.at(f"expected at least one of the {name}", name)
        yield from self._known(config.fallback_queue, config.queues, "queue", "fallback_queue")
        fallback = config.queues.get(config.fallback_queue)
        if fallback and fallback.channels:
            message = "the fallback queue takes every channel: leave its channels out"
            yield self._places.at(message, "queues", config.fallback_queue, "channels")
        for name, queue in config.queues.items():
            here = ("queues", name)
            for number, channel in enumerate(queue.channels):
                place = (*here, "channels", number)
                yield from self._known(channel, config.channels, "channel", *place)
            yield from self._known_skills(queue.required, *here, "required")
            yield from self._known_skills(queue.preferred, *here, "preferred")
            yield from self._elsewhere(name, queue)
        for number in range(len(config.rules)):
            yield from self._rule(number)

    def _elsewhere(self, name: str, queue: QueueConfig) -> Iterable[Mistake]:
        config, here = self._config, ("queues", name)
        for number, step in enumerate(queue.relax):
            yield from self._known_skills(step.lower, *here, "relax", number, "lower")
            for index, skill in enumerate(step.drop):
                yield from self._known_skill(skill, *here, "relax", number, "drop", index)
        if queue.calendar is not None:
            yield from self._known(queue.calendar, config.calendars, "calendar", *here, "calendar")
        for way, instead in (("closed", queue.closed), ("overflow", queue.overflow)):
            if instead.queue is not None:
                yield from self._known(instead.queue, config.queues, "queue", *here, way, "queue")

    def _rule(self, number: int) -> Iterable[Mistake]:
        config, rule, here = self._config, self._config.rules[number], ("rules", number)
        yield from self._known(rule.queue, config.queues, "queue", *here, "queue")
        yield from self._known_skills(rule.require, *here, "require")
        yield from self._known_skills(rule.prefer, *here, "prefer")
        for key, wanted in rule.when.items():
            if key not in CLASSIFICATION_KEYS and not re.fullmatch(r"field\.[\w.:/-]+", key):
                keys = ", ".join(CLASSIFICATION_KEYS)
                message = f"nothing can be compared with {key}, expected {keys} or field.<name>"
                yield self._places.at(message, *here, "when", key, key=True)
            if wanted == ():
                yield self._places.at("expected at least one value", *here, "when", key)
        queue = config.queues.get(rule.queue)
        for channel, place in self._values(rule.when.get("channel", ()), *here, "when", "channel"):
            yield from self._known(channel, config.channels, "channel", *place)
            if queue and queue.channels and channel not in queue.channels:
                takes = ", ".join(queue.channels)
                message = f"the rule never holds: queue {rule.queue} takes only {takes}"
                yield self._places.at(message, *place)
        for language, place in self._values(
            rule.when.get("language", ()), *here, "when", "language"
        ):
            yield from self._known(language, self._languages, "language", *place)

    def _known(
        self, name: str, declared: Collection[str], what: str, *place: Step
    ) -> Iterable[Mistake]:
        if name not in declared:
            yield self._places.at(f"there is no {what} {name}{choice(name, declared)}", *place)

    def _known_skills(self, wanted: Iterable[str], *place: Step) -> Iterable[Mistake]:
        for name in wanted:
            yield from self._known_skill(name, *place, name)

    def _known_skill(self, name: str, *place: Step) -> Iterable[Mistake]:
        if name not in self._skills:
            hint = choice(name, self._skills)
            message = f"{name} is declared neither as skill nor as language{hint}"
            yield self._places.at(message, *place, key=True)

    @staticmethod
    def _values(
        wanted: str | tuple[str, ...], *place: Step
    ) -> Iterable[tuple[str, tuple[Step, ...]]]:
        if isinstance(wanted, str):
            yield wanted, place
        else:
            for number, one in enumerate(wanted):
                yield one, (*place, number)
