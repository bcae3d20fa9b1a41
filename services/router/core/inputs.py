"""From an input event to what decides on it; and what to say when nothing can."""

from collections.abc import Callable
from typing import Any, get_args

from services.contracts import contact_events as ce
from services.contracts import routing_events as ev
from services.contracts.journal import Reply
from services.router.core import (
    abroad,
    channel_change,
    commands,
    contacts,
    hours,
    planning,
    presence,
    silence,
    supervision,
    transfers,
)
from services.router.core.pool import Pool
from services.router.core.turn import Turn

_FACTS: dict[type, Callable[[Turn, Pool, Any], None]] = {
    ce.ContactOpened: contacts.opened,
    ce.ContactEnded: contacts.ended,
    ce.ContactQuiet: silence.quieted,
    ce.ContactActive: silence.woken,
    ce.TransferAnswered: abroad.answered,
    ce.TransferWithdrawn: abroad.withdrawn,
    ce.SessionOpened: presence.session_opened,
    ce.SessionEnded: presence.session_ended,
    ce.PlanProposed: planning.proposed,
}
_COMMANDS: dict[type, Callable[[Turn, Pool, Any], Reply]] = {
    ce.CancelContact: commands.cancel,
    ce.UpsertAgent: commands.upsert_agent,
    ce.SetPresence: commands.set_presence,
    ce.AcceptOffer: commands.accept,
    ce.DeclineOffer: commands.decline,
    ce.WrapUpAssignment: commands.wrap_up,
    ce.CompleteAssignment: commands.complete,
    ce.TransferAssignment: transfers.transfer,
    ce.CancelTransfer: transfers.cancel,
    ce.ChangeChannel: channel_change.change,
    ce.ReassignContact: supervision.reassign,
    ce.MoveContact: supervision.move,
    ce.PrioritiseContact: supervision.prioritise,
    ce.CloseContact: supervision.close,
}
_POOLLESS = (ce.GatewayHeartbeat, ce.ClockTick, ce.ConfigurePool)
COMMANDS = frozenset(get_args(ce.Command))
"""The types of events that are answered."""


def handle(turn: Turn, number: int, event: ce.InputEvent) -> Reply | None:
    """Decide on the event; the answer if it is a command. `number` is the partition's."""
    if isinstance(event, _POOLLESS):
        if isinstance(event, ce.ConfigurePool):
            return _configure(turn, number, event)
        if isinstance(event, ce.GatewayHeartbeat):
            presence.heartbeat(turn, event)
        return None
    pool = turn.pools.get(event.data.pool)
    if pool is None:
        turn.emit(ev.InputRejected(reason="unknown_pool", detail=event.data.pool))
        return commands.refused(event, 404, "unknown_pool") if type(event) in COMMANDS else None
    if type(event) in COMMANDS:
        obey = _COMMANDS.get(type(event))
        return obey(turn, pool, event) if obey else commands.refused(event, 501, "unsupported")
    if (decide := _FACTS.get(type(event))) is not None:
        decide(turn, pool, event)
    return None


def _configure(turn: Turn, number: int, command: ce.ConfigurePool) -> Reply:
    config = command.data.config
    if config.partition != number:
        detail = f"{config.pool} is configured for partition {config.partition}, this is {number}"
        turn.emit(ev.InputRejected(reason="wrong_partition", detail=detail))
        return commands.refused(command, 409, "wrong_partition", partition=config.partition)
    problems = config.problems() + hours.problems(config)
    if config.pool != command.data.pool:
        problems.append(f"the configuration of {config.pool} was sent to {command.data.pool}")
    if problems:
        turn.emit(ev.InputRejected(reason="invalid", detail="; ".join(problems)))
        return commands.refused(command, 422, "invalid", problems=problems)
    pool = turn.pools.get(config.pool)
    version = pool.version if pool else 0
    if pool is None or pool.config != config:
        version += 1
        turn.emit(ev.PoolConfigured(pool=config.pool, version=version, config=config))
        hours.look(turn, turn.pools[config.pool])
    return Reply(command.id, 200, {"pool": config.pool, "version": version})
