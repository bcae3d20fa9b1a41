"""Commands: published to the pool's partition, answered by the journal.

The router's answer is read from the journal like everything else: a command is done when its
record is durable and counts. A command without an answer in time is not lost: it has a URL.
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Callable

import msgspec
from fastapi.responses import JSONResponse

from services.contracts.codec import decode, encode
from services.contracts.contact_events import Command
from services.contracts.journal import Record, Reply
from services.contracts.topics import CONTACT_EVENTS
from services.kit.clock import Clock, derived_id, new_id, to_datetime
from services.kit.errors import Unavailable
from services.kit.metrics import Metrics
from services.kit.problem import Problem, from_unavailable, response
from services.kit.publisher import Publisher
from services.router.api.access import Caller
from services.router.api.replica import Replica
from services.router.core.partition import Partition

KEEP_PENDING = 10_000
Kind = Callable[..., Command]

WORDS = {
    "unknown_pool": "There is no such pool.",
    "unknown_queue": "There is no such queue.",
    "unknown_agent": "There is no such agent.",
    "unknown_offer": "There is no such offer.",
    "unknown_assignment": "There is no such assignment.",
    "unknown_contact": "There is no such contact.",
    "not_yours": "It belongs to another agent.",
    "offer_over": "The offer is over.",
    "assignment_over": "The assignment is over.",
    "contact_over": "The contact is over.",
    "contact_in_hand": "An agent has the contact.",
    "contact_not_in_hand": "No agent has the contact.",
    "contact_not_waiting": "The contact does not wait.",
    "contact_wrapping": "The talk is over already; the contact is being written up.",
    "unknown_channel": "There is no such channel.",
    "assignment_wrapping": "The talk is over already.",
    "transfer_open": "A transfer of the contact is open already.",
    "no_transfer": "No transfer of the contact is open.",
    "one_goal": "A transfer goes to exactly one place.",
    "no_pool_name": "That is no pool's name.",
    "foreign_pool": "The pool is another company's.",
    "own_pool": "The contact is in this pool already.",
    "own_agent": "The agent has the contact already.",
    "agent_away": "The agent is away.",
    "agent_busy": "The agent has no room for it.",
    "nobody_able": "Nobody else has the skills.",
    "queue_refuses_channel": "The queue does not take the contact's channel.",
    "unsupported": "The router cannot do this yet.",
    "wrong_partition": "The pool is on another partition.",
    "invalid": "The router refuses the configuration.",
}


class Commands:
    """Sends commands and hands out their answers. `after` hears the journal."""

    def __init__(
        self,
        publisher: Publisher,
        replica: Replica,
        clock: Clock,
        metrics: Metrics,
        *,
        reply_timeout: float,
    ) -> None:
        self._publisher = publisher
        self._replica = replica
        self._clock = clock
        self._metrics = metrics
        self._reply_timeout = reply_timeout
        self._waiting: dict[str, list[asyncio.Future[Reply]]] = {}
        self._pending: OrderedDict[str, None] = OrderedDict()

    def after(self, _partition: Partition, record: Record) -> None:
        """An answer may have come."""
        reply = record.reply
        if reply is None:
            return
        self._pending.pop(reply.id, None)
        for future in self._waiting.pop(reply.id, ()):
            if not future.done():
                future.set_result(reply)

    async def run(
        self, caller: Caller, pool: str, partition: int, kind: Kind, data: msgspec.Struct
    ) -> Reply | str:
        """Publish the command and wait for its answer: the answer, or the command's id when none
        has come in time.

        Raises `Unavailable` when the command is not durable, and `Problem` 422 for one that the
        router could not read.
        """
        command_id = _command_id(caller)
        event = kind(
            id=command_id,
            source="routing-api",
            time=to_datetime(self._clock.now_ms()),
            subject=pool,
            traceparent=caller.traceparent,
            data=data,
        )
        _refuse_unreadable(event)
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(command_id, []).append(future)
        started = self._clock.monotonic()
        try:
            self._note_pending(command_id)
            try:
                await self._publisher.publish(CONTACT_EVENTS, event, key=pool, partition=partition)
            except Unavailable as error:
                if not error.outcome_unknown:
                    self._pending.pop(command_id, None)
                raise
            await asyncio.wait([future], timeout=self._reply_timeout)
        finally:
            self._forget(command_id, future)
        if not future.done():
            return command_id
        self._metrics.observe("api_reply_seconds", self._clock.monotonic() - started)
        return future.result()

    async def answer(
        self, caller: Caller, pool: str, partition: int, kind: Kind, data: msgspec.Struct
    ) -> JSONResponse:
        """As `run`, as the HTTP response: the router's answer, 202 or 503."""
        try:
            outcome = await self.run(caller, pool, partition, kind, data)
        except Unavailable as error:
            problem = from_unavailable(error)
            if error.outcome_unknown and caller.key:
                problem.detail += " That is, with the same Idempotency-Key."
            return response(problem)
        if isinstance(outcome, str):
            return accepted(outcome)
        return response_to(outcome)

    def look_up(self, caller: Caller, command_id: str) -> Reply | None:
        """The answer; None while there is none. Raises `Problem` 404 for an unknown command, and
        for one of another tenant."""
        self._replica.require_live()
        if command_id.partition(".")[0] == caller.principal.tenant:
            for partition in self._replica.partitions:
                if (reply := partition.answer_to(command_id)) is not None:
                    return reply
            if command_id in self._pending:
                return None
        raise Problem(404, "There is no such command, or it was answered long ago.")

    def _note_pending(self, command_id: str) -> None:
        self._pending[command_id] = None
        if len(self._pending) > KEEP_PENDING:
            self._pending.popitem(last=False)

    def _forget(self, command_id: str, future: "asyncio.Future[Reply]") -> None:
        waiting = self._waiting.get(command_id, [])
        if future in waiting:
            waiting.remove(future)
        if not waiting:
            self._waiting.pop(command_id, None)


def accepted(command_id: str) -> JSONResponse:
    """202: durable, not answered yet."""
    location = f"/v1/commands/{command_id}"
    body = {"command_id": command_id, "state": "pending", "location": location}
    return JSONResponse(body, 202, headers={"Location": location, "Retry-After": "1"})


def response_to(reply: Reply) -> JSONResponse:
    """The router's answer over HTTP: its body, or a problem that holds the present state."""
    if reply.status < 400:
        return JSONResponse(reply.body, reply.status)
    reason = str(reply.body.get("reason", ""))
    return response(Problem(reply.status, WORDS.get(reason, "The router refused."), **reply.body))


def _command_id(caller: Caller) -> str:
    """The tenant stands in front, so that nobody can ask for another company's commands."""
    principal = caller.principal
    if caller.key is None:
        return f"{principal.tenant}.{new_id()}"
    derived = derived_id(principal.tenant, principal.subject, caller.route, caller.key)
    return f"{principal.tenant}.{derived}"


def _refuse_unreadable(event: Command) -> None:
    """What the router cannot read it does not answer: say so at the door, naming the field."""
    try:
        decode(CONTACT_EVENTS, encode(event))
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at `")
        field = re.sub(r"^\$\.(data\.)?", "", path.rstrip("`"))
        errors = [{"field": field, "message": what}]
        raise Problem(422, f"Not valid: {field}.", errors=errors) from error
