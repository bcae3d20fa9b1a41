"""Assignments over HTTP: finishing what is in hand, handing it to somebody else."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from services.contracts.contact_events import (
    AssignmentData,
    CancelTransfer,
    CompleteAssignment,
    TransferAssignment,
    TransferData,
    WrapUpAssignment,
)
from services.kit.problem import Problem
from services.router.api import work
from services.router.api.access import Caller, caller_of
from services.router.api.commands import Kind
from services.router.api.context import Context
from services.router.api.examples import OFFER, answers
from services.router.api.shapes import DispositionBody, TransferBody, WorkId
from services.router.api.work import Work

_HELD: dict[str, Any] = {"assignment_id": "a0-4720-0", "revision": 18}
_WRAPPING = {**_HELD, "state": "wrapping", "wrap_up_until": 1_750_000_060_000}
_DONE = {**_HELD, "state": "done"}
_TRANSFER = {
    **_HELD,
    "transfer": "open",
    "contact_id": OFFER["contact_id"],
    "contact_state": "assigned",
}


async def on_assignment(
    context: Context, caller: Caller, assignment_id: str, kind: Kind, disposition: str = ""
) -> JSONResponse:
    """Command something about the assignment."""
    found = await work.find(context, caller.principal, "a", assignment_id)
    data = AssignmentData(
        pool=found.pool,
        assignment_id=assignment_id,
        agent_id=found.agent_id,
        disposition=disposition,
    )
    return await context.commands.answer(caller, found.pool, found.partition, kind, data)


def create_router(context: Context) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/v1/assignments", tags=["assignments"])
    Who = Annotated[Caller, Depends(caller_of(context.auth))]  # noqa: N806 - a type

    @router.post(
        "/{assignment_id}:wrap-up",
        summary="The talk is over; write it up",
        responses=answers(_WRAPPING, 403, 404, 409, command=True),
    )
    async def wrap_up(
        caller: Who, assignment_id: WorkId, body: DispositionBody | None = None
    ) -> JSONResponse:
        disposition = body.disposition if body else ""
        return await on_assignment(context, caller, assignment_id, WrapUpAssignment, disposition)

    @router.post(
        "/{assignment_id}:complete",
        summary="All is done; the capacity is free",
        responses=answers(_DONE, 403, 404, 409, command=True),
    )
    async def complete(
        caller: Who, assignment_id: WorkId, body: DispositionBody | None = None
    ) -> JSONResponse:
        disposition = body.disposition if body else ""
        return await on_assignment(context, caller, assignment_id, CompleteAssignment, disposition)

    @router.post(
        "/{assignment_id}:transfer",
        summary="Hand the contact to somebody else",
        description="The agent keeps the contact until somebody else accepts it, and may take "
        "the transfer back until then. The contact keeps its age. `transfer` says how it stands: "
        "`open`, `accepted` (who is given contacts has it at once), `none`.",
        responses=answers(_TRANSFER, 403, 404, 409, command=True),
    )
    async def transfer(caller: Who, assignment_id: WorkId, body: TransferBody) -> JSONResponse:
        found = await work.find(context, caller.principal, "a", assignment_id)
        _refuse_foreign(context, found, body)
        data = TransferData(
            pool=found.pool,
            assignment_id=assignment_id,
            agent_id=found.agent_id,
            to_agent=body.to_agent or "",
            to_queue=body.to_queue or "",
            to_skills=body.to_skills or {},
            to_pool=body.to_pool or "",
            note_id=body.note_id or "",
        )
        return await context.commands.answer(
            caller, found.pool, found.partition, TransferAssignment, data
        )

    @router.post(
        "/{assignment_id}:cancel-transfer",
        summary="Keep the contact after all",
        responses=answers(_TRANSFER, 403, 404, 409, command=True),
    )
    async def cancel_transfer(caller: Who, assignment_id: WorkId) -> JSONResponse:
        return await on_assignment(context, caller, assignment_id, CancelTransfer)

    return router


def _refuse_foreign(context: Context, found: Work, body: TransferBody) -> None:
    """What another pool looks like the engine of this one cannot know; here it is known. A pool
    of another company is none."""
    name = body.to_pool
    if name is None:
        return
    own = name.partition("/")[0] == found.pool.partition("/")[0]
    there = context.replica.find_pool(name) if own else None
    if name == found.pool:
        errors = [{"field": "to_pool", "message": "the contact is in this pool already"}]
    elif there is None or there[1].version == 0:
        errors = [{"field": "to_pool", "message": f"there is no pool {name}"}]
    elif body.to_queue and body.to_queue not in there[1].config.queues:
        errors = [{"field": "to_queue", "message": f"{name} has no queue {body.to_queue}"}]
    else:
        return
    raise Problem(422, f"Not valid: {errors[0]['field']}.", errors=errors)
