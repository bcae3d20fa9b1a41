"""A routing event about a contact in plain English, for people who ask why.

An event type without words of its own here is told by its name and fields: nothing that the
journal holds about a contact is left out.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from services.contracts import routing_events as ev
from services.contracts.base import event_type
from services.contracts.pool import PoolConfig
from services.router.api.phrases import condition, duration, fields, listed, moment, plain, skills
from services.router.core.classify import first_rule

_HIDDEN = frozenset({"type", "pool", "contact", "conversation"})

_REQUEUED = {
    "declined": "the agent declined",
    "expired": "nobody answered the offer in time",
    "agent_lost": "the agent's connection was gone for too long",
    "reconfigured": "the pool was configured anew",
    "presence": "the agent went away",
    "channel_changed": "it goes on on another channel",
    "moved": "a supervisor moved it",
}
_BEYOND = {
    "closed": "the queue is closed",
    "max_length": "the queue is full",
    "max_wait": "it has waited too long there",
    "max_expected_wait": "it would wait too long there",
}
_INSTEAD = {
    "form": "to write by the form instead",
    "callback": "to book a callback instead",
    "reject": "that nobody can answer now",
}
_PROMISED = {
    "kept": "The promise was kept",
    "late": "The promise was kept, but late",
    "broken": "The promise was broken",
    "cancelled": "The promise is not needed any more",
}
_WITHDRAWN = {
    "abandoned": "the customer left while waiting",
    "cancelled": "it was cancelled",
    "closed": "a supervisor closed it",
    "solved": "it was solved without an agent",
    "customer_left": "the customer left",
    "silent": "the customer was silent and did not answer when asked",
}
_OFFER_ENDED = {
    "declined": "declined it",
    "expired": "did not answer in time",
    "rescinded": "is not asked any more: it was taken back",
}
_ENDED = {
    "completed": "the agent finished",
    "timed_out": "the time for wrapping up was over",
    "agent_lost": "the agent's connection was gone for too long",
    "customer_left": "the customer left",
    "transferred": "another agent has it",
    "channel_changed": "it goes on on another channel",
    "closed": "a supervisor closed it",
    "customer_silent": "the customer was silent and did not answer when asked",
}
_DIRECT = {
    "transfer": "Nobody else is asked: the transfer names this agent",
    "reassign": "A supervisor chose this agent",
}
_AUDITED = {
    "contact.reassign": "gives it to {agent}",
    "contact.move": "moves it to the queue {detail}",
    "contact.set-priority": "gives it the priority {detail}",
    "contact.close": "closes it",
}
_TRANSFERRED = {
    "accepted": "somebody else has it",
    "cancelled": "it was taken back",
    "declined": "the agent asked declined",
    "expired": "the agent asked did not answer in time",
    "unavailable": "the agent asked went away",
    "agent_lost": "the connection of the agent who wanted it was gone for too long",
    "over": "the talk is",
    "refused": "the other pool does not take it",
}
_GIVEN_AWAY = frozenset({"accepted", "agent_lost", "over"})
_AGAINST = (
    ("lack_skills", "lacked a skill"),
    ("away", "{were} away"),
    ("no_room", "had no room"),
)


def terms(event: ev.AnyRoutingEvent) -> dict[str, Any]:
    """The event's own fields, JSON-ready, without what the whole story has in common."""
    plain: dict[str, Any] = msgspec.to_builtins(event)
    if isinstance(event, ev.ContactQueued):
        plain |= plain.pop("contact")
    return {key: value for key, value in plain.items() if key not in _HIDDEN}


def sentence(event: ev.AnyRoutingEvent, at: int, config: PoolConfig | None) -> str:
    """What happened, as one or two sentences. `at`: when; `config`: the pool's, at that time."""
    words = _WORDS.get(type(event))
    return words(event, at, config) if words else _generic(event)


def _queued(event: ev.ContactQueued, at: int, config: PoolConfig | None) -> str:
    facts = event.contact
    known = [f"channel {facts.channel}"]
    known += [
        f"{key} {value}"
        for key, value in (
            ("language", facts.language),
            ("topic", facts.topic),
            ("tier", facts.tier),
            *sorted(facts.fields.items()),
        )
        if value
    ]
    said = f"It came in: {', '.join(known)}."
    if facts.origin is not None:
        said += f" The pool {facts.origin.pool} hands it over."
    if facts.not_before > at:
        said += f" It is scheduled for {moment(facts.not_before)}."
    waited = at - facts.virtual_start
    if waited >= 1000:
        said += f" Its wait had begun {duration(waited)} before."
    said += f" {_by_rule(facts, config)}{_wants(facts.required, facts.preferred)}"
    return said + (f" Asked first: {facts.preferred_agent}." if facts.preferred_agent else "")


def _by_rule(facts: ev.QueuedContact, config: PoolConfig | None) -> str:
    put = f"put it in the queue {facts.queue} with priority {facts.priority}."
    number = first_rule(config, facts) if config else None
    rule = config.rules[number - 1] if config and number else None
    if rule is not None and rule.queue == facts.queue:
        return f"Rule {number} ({condition(rule)}) {put}"
    if config and number is None and config.fallback_queue == facts.queue:
        return f"No rule held, so the fallback queue: the router {put}"
    return f"The router {put}"


def _wants(required: Mapping[str, int], preferred: Mapping[str, int]) -> str:
    said = f" It needs {skills(required)}." if required else " It needs no particular skill."
    return f"{said} Preferred: {skills(preferred)}." if preferred else said


def _requeued(event: ev.ContactRequeued, _at: int, _config: PoolConfig | None) -> str:
    why = _REQUEUED.get(event.reason, plain(event.reason))
    said = f"It waits again, at its old age: {why}."
    if event.reason == "reconfigured":
        said = f"It waits on: {why}."
    if event.reason == "due":
        said = "Its time has come: it waits from now on."
    if event.reason == "opened":
        said = "Its queue is open: it is back, at its old age."
    now = event.classified
    if event.reason in _BEYOND and now is not None:
        why = _BEYOND[event.reason]
        return f"It goes on to the queue {now.queue}: {why}.{_wants(now.required, now.preferred)}"
    if now is None:
        return said
    if event.chosen:
        return f"{said} It goes to the queue {now.queue}.{_wants(now.required, now.preferred)}"
    return (
        f"{said} The rules now put it in the queue {now.queue} with priority {now.priority}."
        f"{_wants(now.required, now.preferred)}"
    )


def _relaxed(event: ev.ContactRelaxed, _at: int, _config: PoolConfig | None) -> str:
    why = "it has waited long enough"
    if event.reason == "nobody_able":
        why = "nobody signed in could do what it asked for"
    return f"It asks for less (step {event.step}): {why}.{_wants(event.required, event.preferred)}"


def _released(_event: ev.ContactReleased, _at: int, _config: PoolConfig | None) -> str:
    return "The agent it was kept for did not become free in time: anybody may have it."


def _parked(event: ev.ContactParked, _at: int, _config: PoolConfig | None) -> str:
    until = f" at {moment(event.opens_at)}" if event.opens_at else ""
    return f"The queue is closed: it is kept, and comes back at the opening{until}."


def _overflowed(event: ev.ContactOverflowed, _at: int, _config: PoolConfig | None) -> str:
    said = f"It is over: {_BEYOND[event.reason]}. The customer is told {_INSTEAD[event.action]}."
    return f"{said} It opens at {moment(event.opens_at)}." if event.opens_at else said


def _promise(event: ev.PromiseSettled, _at: int, _config: PoolConfig | None) -> str:
    return f"{_PROMISED[event.result]}: to be served by {moment(event.due_at)}."


def _withdrawn(event: ev.ContactWithdrawn, _at: int, _config: PoolConfig | None) -> str:
    return f"It needs nobody any more: {_WITHDRAWN.get(event.reason, plain(event.reason))}."


def _channel_changed(event: ev.ContactChannelChanged, _at: int, _: PoolConfig | None) -> str:
    said = f"It goes on on the channel {event.channel}."
    if not event.agent:
        return said
    return f"{said} {event.agent} keeps it, for {event.cost} units from here on."


def _prioritised(event: ev.ContactPrioritised, _at: int, _config: PoolConfig | None) -> str:
    return f"Its priority is {event.priority} from here on."


def _audited(event: ev.AuditNoted, _at: int, _config: PoolConfig | None) -> str:
    words = _AUDITED.get(event.action)
    if words is None:
        what = ", ".join(part for part in (event.action, event.agent, event.detail) if part)
        return f"{event.by} steps in ({what})."
    return f"{event.by} steps in and {words.format(agent=event.agent, detail=event.detail)}."


def _closed(event: ev.ContactClosed, _at: int, _config: PoolConfig | None) -> str:
    ending = f" Disposition: {event.disposition}." if event.disposition else ""
    by = f" by {event.agent}" if event.agent else ""
    return f"It was closed{by}.{ending}"


def _quieted(event: ev.ContactQuieted, _at: int, _config: PoolConfig | None) -> str:
    said = "The customer has not written for a while."
    if event.agent:
        said += f" It costs {event.agent} {event.cost} units meanwhile."
    return f"{said} They are asked at {moment(event.probe_at)}." if event.probe_at else said


def _probed(event: ev.ContactProbed, _at: int, _config: PoolConfig | None) -> str:
    said = "The customer was asked whether they are still there."
    if not event.give_up_at:
        return said
    return f"{said} Without an answer it is given up at {moment(event.give_up_at)}."


def _woken(event: ev.ContactWoken, _at: int, _config: PoolConfig | None) -> str:
    cost = f" It costs {event.agent} {event.cost} units again." if event.agent else ""
    return f"The customer has written again.{cost}"


def _offered(event: ev.OfferMade, at: int, config: PoolConfig | None) -> str:
    said = (
        f"Offered to {event.agent} ({event.channel}, queue {event.queue}) after a wait of "
        f"{duration(event.waited_ms)}, for {duration(max(0, event.expires_at - at))}."
    )
    if event.from_agent:
        said += f" {event.from_agent} hands it over."
    if "direct" in event.why:
        direct = str(event.why["direct"])
        return f"{said} {_DIRECT.get(direct, f'Chosen by people: {plain(direct)}')}."
    rule = config.policy.rule if config else ""
    return f"{said}{_choice({'rule': rule, **event.why})}"


def _choice(why: dict[str, int | float | str]) -> str:
    """The choice's terms: those with words of their own first, then the others by name. `x` is
    the wait over the queue's target."""
    said = ""
    count = why.pop("candidates", None)
    if count is not None:
        said += f" {count} {'agent' if count == 1 else 'agents'} could take it"
        others = []
        for key, words in _AGAINST:
            if number := why.pop(key, 0):
                others.append(f"{number} {words.format(were='was' if number == 1 else 'were')}")
        said += f"; {listed(others)}." if others else "."
    idle = why.pop("idle_ms", None)
    if isinstance(idle, int | float):
        said += f" Without new work for {duration(idle)}."
    if rule := why.pop("rule", None):
        said += f" Policy: {plain(str(rule))}."
    x = why.pop("x", None)
    if isinstance(x, int | float):
        said += f" It had waited {x:.0%} of its queue's target."
    return said + (f" Terms: {fields(why)}." if why else "")


def _offer_ended(event: ev.OfferEnded, _at: int, _config: PoolConfig | None) -> str:
    return f"{event.agent} {_OFFER_ENDED.get(event.result, plain(event.result))}."


def _assigned(event: ev.AssignmentStarted, _at: int, _config: PoolConfig | None) -> str:
    if event.from_agent:
        return f"{event.agent} has it, from {event.from_agent}."
    return f"{event.agent} has it, after a wait of {duration(event.waited_ms)}."


def _transfer_started(event: ev.TransferStarted, _at: int, _config: PoolConfig | None) -> str:
    note = " There is a note." if event.note else ""
    said = f"{event.agent} wants to hand it over and keeps it until somebody accepts."
    if event.to_agent:
        return f"{said} Asked is {event.to_agent} alone.{note}"
    if event.to_pool:
        queue = f", for the queue {event.queue}" if event.queue else ""
        return f"{said} It goes to the pool {event.to_pool}{queue}.{note}"
    wanted = event.wanted
    if wanted is None:
        return f"{said}{note}"
    return (
        f"{said} It stands in line in the queue {wanted.queue}."
        f"{_wants(wanted.required, wanted.preferred)}{note}"
    )


def _transfer_ended(event: ev.TransferEnded, _at: int, _config: PoolConfig | None) -> str:
    how = _TRANSFERRED.get(event.result, plain(event.result))
    keeps = "" if event.result in _GIVEN_AWAY else f" {event.agent} keeps it."
    return f"The transfer is over: {how}.{keeps}"


def _recalled(event: ev.TransferRecalled, _at: int, _config: PoolConfig | None) -> str:
    why = f"{event.agent} would keep it after all"
    if event.lost:
        why = f"{event.agent} is gone, and it should go back to its queue"
    return f"{why}: the other pool is asked, for somebody there may have accepted."


def _handed_over(event: ev.ContactHandedOver, _at: int, _config: PoolConfig | None) -> str:
    return f"The pool {event.to_pool} has it, as {event.to_contact}. Here it is over."


def _wrapping(event: ev.AssignmentWrapping, _at: int, _config: PoolConfig | None) -> str:
    how = _ENDED.get(event.reason, plain(event.reason))
    over = "The talk goes on" if event.reason == "transferred" else "The talk is over"
    return (
        f"{over}: {how}. {event.agent} writes it up, until {moment(event.until)} at "
        f"the latest.{_disposition(event.disposition)}"
    )


def _assignment_ended(event: ev.AssignmentEnded, _at: int, _config: PoolConfig | None) -> str:
    how = _ENDED.get(event.result, plain(event.result))
    return f"{event.agent} has it no more: {how}.{_disposition(event.disposition)}"


def _disposition(disposition: str) -> str:
    return f" Disposition: {disposition}." if disposition else ""


_WORDS: dict[type, Callable[[Any, int, PoolConfig | None], str]] = {
    ev.ContactQueued: _queued,
    ev.ContactRequeued: _requeued,
    ev.ContactRelaxed: _relaxed,
    ev.ContactReleased: _released,
    ev.ContactParked: _parked,
    ev.ContactOverflowed: _overflowed,
    ev.PromiseSettled: _promise,
    ev.ContactWithdrawn: _withdrawn,
    ev.ContactClosed: _closed,
    ev.ContactChannelChanged: _channel_changed,
    ev.ContactPrioritised: _prioritised,
    ev.AuditNoted: _audited,
    ev.ContactQuieted: _quieted,
    ev.ContactProbed: _probed,
    ev.ContactWoken: _woken,
    ev.OfferMade: _offered,
    ev.OfferEnded: _offer_ended,
    ev.AssignmentStarted: _assigned,
    ev.AssignmentWrapping: _wrapping,
    ev.AssignmentEnded: _assignment_ended,
    ev.TransferStarted: _transfer_started,
    ev.TransferEnded: _transfer_ended,
    ev.TransferRecalled: _recalled,
    ev.ContactHandedOver: _handed_over,
}


def _generic(event: ev.AnyRoutingEvent) -> str:
    """`contact.parked` with `until` → `Contact parked (until 2026-11-23 08:00:00 UTC).`"""
    what = event_type(type(event)).replace(".", " ").replace("-", " ").capitalize()
    said = fields(terms(event))
    return f"{what} ({said})." if said else f"{what}."
