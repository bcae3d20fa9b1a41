"""What a contact would get, without a contact: for whoever writes rules. Nothing changes."""

from collections.abc import Collection
from typing import Any

from services.contracts.base import Millis
from services.contracts.pool import PoolConfig, QueueConfig
from services.contracts.routing_events import Classified
from services.router.core.calendars import hours_at
from services.router.core.candidates import Need, counts
from services.router.core.classify import Facts, classify, first_rule, known_language, mismatches
from services.router.core.eligibility import UNDECLARED, could_ever
from services.router.core.model import Agent
from services.router.core.relaxation import relaxed


def dry_run(
    config: PoolConfig, facts: Facts, agents: Collection[Agent], at: Millis
) -> dict[str, Any]:
    """What the configuration makes of the facts at the time `at`, and who of the agents could take
    such a contact now. JSON-ready. Limits of queues (length, wait) are left out: they depend on who
    waits."""
    found = classify(config, facts)
    outcome, ends = _outcome(config, facts, found, at)
    channel = config.channels.get(facts.channel, UNDECLARED)
    need = Need(facts.channel, channel, ends.required)
    return {
        "queue": found.queue,
        "priority": found.priority,
        "required": found.required,
        "preferred": found.preferred,
        "language": known_language(config, facts.language) or None,
        "channel_declared": facts.channel in config.channels,
        "rule": first_rule(config, facts),
        "rules": _rules(config, facts),
        **_opening(config, config.queues[found.queue], at),
        "outcome": outcome,
        "agents": counts(agents, need),
        **_relaxations(config.queues[ends.queue], ends, need, agents),
    }


def _outcome(
    config: PoolConfig, facts: Facts, found: Classified, at: Millis
) -> tuple[dict[str, Any], Classified]:
    """Where the contact ends up: closed queues may send it on, one after the other, never back.
    `result` is `queued`, or what the last queue does with it while it is closed."""
    left: list[str] = []
    result, now = "queued", found
    while not _opening(config, config.queues[now.queue], at)["open"]:
        instead = config.queues[now.queue].closed
        if instead.action != "queue":
            result = instead.action
            break
        if not instead.queue or instead.queue in (*left, now.queue):
            break
        left.append(now.queue)
        now = classify(config, facts, instead.queue)
    outcome = {
        "result": result,
        "queue": now.queue,
        "priority": now.priority,
        "required": now.required,
        "preferred": now.preferred,
        "sent_on_from": left,
    }
    return outcome, now


def _rules(config: PoolConfig, facts: Facts) -> list[dict[str, Any]]:
    """Every rule in order: `holds` is the one that decides; those after it are not asked."""
    decides = first_rule(config, facts)
    found = []
    for number, rule in enumerate(config.rules, 1):
        because = [
            {"key": key, "wanted": _listed(rule.when.get(key, ())), "got": _got(facts, key)}
            for key in mismatches(rule, config, facts)
            if key != "queue"
        ]
        taken = config.queues[rule.queue].channels
        if taken and facts.channel not in taken:
            because.append({"key": "queue", "wanted": list(taken), "got": facts.channel})
        result = "does_not_hold" if because else "holds"
        if decides is not None and number > decides:
            result = "not_asked"
        found.append({"rule": number, "queue": rule.queue, "result": result, "because": because})
    return found


def _listed(wanted: str | tuple[str, ...]) -> list[str]:
    return [wanted] if isinstance(wanted, str) else list(wanted)


def _got(facts: Facts, key: str) -> str | None:
    if key.startswith("field."):
        return facts.fields.get(key.removeprefix("field."))
    return str(getattr(facts, key, "")) or None


def _opening(config: PoolConfig, queue: QueueConfig, at: Millis) -> dict[str, Any]:
    """`open`, and until when that stays so (none: no end is known); `closed`: what then."""
    if queue.calendar is None or queue.calendar not in config.calendars:
        return {"open": True, "open_until": None, "opens_at": None, "closed": None}
    hours = hours_at(config.calendars[queue.calendar], at)
    instead = {"action": queue.closed.action, "queue": queue.closed.queue}
    return {
        "open": hours.open,
        "open_until": (hours.until or None) if hours.open else None,
        "opens_at": None if hours.open else (hours.until or None),
        "closed": instead,
    }


def _relaxations(
    queue: QueueConfig, found: Classified, need: Need, agents: Collection[Agent]
) -> dict[str, Any]:
    """What would be asked for after each step; `at_once`: so many of them are taken at once,
    because nobody signed in could do more."""
    signed_in = [agent for agent in agents if agent.signed_in]
    asked = found
    steps = []
    first = 0 if _in_reach(signed_in, need, asked) else None
    for number, step in enumerate(queue.relax, 1):
        asked = relaxed(asked, (step,))
        if first is None and _in_reach(signed_in, need, asked):
            first = number
        steps.append(
            {
                "after": step.after,
                "required": asked.required,
                "preferred": asked.preferred,
                "agents": counts(agents, Need(need.name, need.channel, asked.required)),
            }
        )
    return {"relaxations": steps, "at_once": first or 0}


def _in_reach(signed_in: list[Agent], need: Need, asked: Classified) -> bool:
    return any(could_ever(agent, need.name, need.channel, asked.required) for agent in signed_in)
