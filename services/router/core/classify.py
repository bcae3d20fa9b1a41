"""Classification: a pool's rules turn a contact's facts into queue, requirements, priority."""

from typing import Protocol

from services.contracts.base import Level, Name
from services.contracts.pool import PoolConfig, QueueConfig, Rule
from services.contracts.routing_events import Classified

KEEP = 4_096
"""So many different sets of facts are remembered with their classification."""


class Facts(Protocol):
    """What rules may look at."""

    @property
    def channel(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def topic(self) -> str: ...
    @property
    def tier(self) -> str: ...
    @property
    def fields(self) -> dict[str, str]: ...


class Classifier:
    """`classify` under one configuration, remembering what it has seen: contacts are alike."""

    __slots__ = ("_config", "_fields", "_seen")

    def __init__(self, config: PoolConfig) -> None:
        self._config = config
        keys = {key for rule in config.rules for key in rule.when if key.startswith("field.")}
        self._fields = tuple(sorted(key.removeprefix("field.") for key in keys))
        self._seen: dict[tuple[str | None, ...], Classified] = {}

    def __call__(self, facts: Facts, placed: Name = "") -> Classified:
        """What the rules make of the facts; not to be changed by the caller."""
        key: tuple[str | None, ...] = (
            facts.channel, facts.language, facts.topic, facts.tier, placed,
        )  # fmt: skip
        if self._fields:
            key += tuple(facts.fields.get(name) for name in self._fields)
        found = self._seen.get(key)
        if found is None:
            if len(self._seen) >= KEEP:
                self._seen.clear()
            found = self._seen[key] = classify(self._config, facts, placed)
        return found


def classify(config: PoolConfig, facts: Facts, placed: Name = "") -> Classified:
    """The first rule that holds decides; if none does, the fallback queue (never nowhere).

    Requirements of queue and rule are joined, the higher level counts. The contact's language
    becomes a required skill of level 1 if the pool lists it (or, for `de-AT`, lists `de`). `placed`
    is the queue that the contact was put into instead: as if the rule had named that one.
    """
    number = first_rule(config, facts)
    rule = config.rules[number - 1] if number else None
    queue_name = placed or (rule.queue if rule else config.fallback_queue)
    queue = config.queues[queue_name]
    required = _joined(queue.required, rule.require if rule else {})
    language = known_language(config, facts.language)
    if language:
        required.setdefault(language, 1)
    return Classified(
        queue=queue_name,
        priority=rule.priority if rule and rule.priority is not None else queue.priority,
        required=required,
        preferred=_joined(queue.preferred, rule.prefer if rule else {}),
    )


def first_rule(config: PoolConfig, facts: Facts) -> int | None:
    """The number, from 1, of the first rule that holds; None if none does."""
    for number, rule in enumerate(config.rules, 1):
        if _holds(rule, config, facts):
            return number
    return None


def mismatches(rule: Rule, config: PoolConfig, facts: Facts) -> list[str]:
    """The keys for which the rule does not hold; `queue` if its queue does not take the channel."""
    found = [key for key, wanted in rule.when.items() if not _matches(key, wanted, facts)]
    queue = config.queues.get(rule.queue)
    return found if queue and takes(queue, facts.channel) else [*found, "queue"]


def classify_into(config: PoolConfig, facts: Facts, queue_name: Name) -> Classified:
    """What a contact asks for in a queue that people chose, which must be declared."""
    queue = config.queues[queue_name]
    required = dict(queue.required)
    language = known_language(config, facts.language)
    if language:
        required.setdefault(language, 1)
    return Classified(
        queue=queue_name,
        priority=queue.priority,
        required=required,
        preferred=dict(queue.preferred),
    )


def known_language(config: PoolConfig, language: str) -> Name:
    """The language skill that serves `language`: itself or the longest prefix listed, or ""."""
    if not language or not config.languages:
        return ""
    listed = {name.lower(): name for name in config.languages}
    wanted = language.lower()
    while wanted:
        if wanted in listed:
            return listed[wanted]
        wanted = wanted.rpartition("-")[0]
    return ""


def takes(queue: QueueConfig, channel: str) -> bool:
    """Whether contacts of the channel may wait in the queue by a rule."""
    return not queue.channels or channel in queue.channels


def _holds(rule: Rule, config: PoolConfig, facts: Facts) -> bool:
    queue = config.queues.get(rule.queue)
    if queue is None or not takes(queue, facts.channel):
        return False
    return all(_matches(key, wanted, facts) for key, wanted in rule.when.items())


def _matches(key: str, wanted: str | tuple[str, ...], facts: Facts) -> bool:
    values = (wanted,) if isinstance(wanted, str) else wanted
    if key == "language":
        language = facts.language.lower()
        return any(
            language == value.lower() or language.startswith(f"{value.lower()}-")
            for value in values
        )
    if key == "channel":
        return facts.channel in values
    if key == "topic":
        return facts.topic in values
    if key == "tier":
        return facts.tier in values
    if key.startswith("field."):
        return facts.fields.get(key.removeprefix("field.")) in values
    return False


def _joined(first: dict[Name, Level], second: dict[Name, Level]) -> dict[Name, Level]:
    joined = dict(first)
    for skill, level in second.items():
        joined[skill] = max(level, joined.get(skill, 0))
    return joined
