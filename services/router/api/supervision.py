"""What supervisors do with contacts: give one to an agent, move it, hasten it, close it. `by` is
the subject of the token: the journal says who it was."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from services.contracts.contact_events import (
    CloseContact,
    CloseData,
    MoveContact,
    MoveData,
    PrioritiseContact,
    PrioritiseData,
    ReassignContact,
    ReassignData,
)
from services.router.api.access import Caller, allow, caller_of
from services.router.api.commands import Kind
from services.router.api.context import Context
from services.router.api.examples import CONTACT, answers
from services.router.api.shapes import (
    ContactId,
    DispositionBody,
    MoveBody,
    PoolPart,
    PriorityBody,
    ReassignBody,
    Tenant,
)


def _done(state: str) -> dict[str, Any]:
    return {"contact_id": CONTACT["contact_id"], "contact_state": state}


def create_router(context: Context) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/v1/contacts/{tenant}/{pool}", tags=["supervision"])
    Who = Annotated[Caller, Depends(caller_of(context.auth))]  # noqa: N806 - a type

    async def command(
        caller: Caller, pool: str, contact_id: str, kind: Kind, shape: type, **what: Any
    ) -> JSONResponse:
        allow(caller.principal, pool, "supervisor", "administrator")
        partition, _ = context.pool(pool)
        by = caller.principal.subject
        data = shape(pool=pool, contact_id=contact_id, by=by, **what)
        return await context.commands.answer(caller, pool, partition.number, kind, data)

    @router.post(
        "/{contact_id}:reassign",
        summary="Give a contact to an agent, now",
        description="From the queue, from an offer, from another agent. 409 if the agent cannot "
        "have it.",
        responses=answers(_done("assigned"), 403, 404, 409, command=True),
    )
    async def reassign(
        caller: Who, tenant: Tenant, pool: PoolPart, contact_id: ContactId, body: ReassignBody
    ) -> JSONResponse:
        name = f"{tenant}/{pool}"
        return await command(
            caller, name, contact_id, ReassignContact, ReassignData, agent_id=body.agent_id
        )

    @router.post(
        "/{contact_id}:move",
        summary="Let a waiting contact wait in another queue",
        description="It keeps its age.",
        responses=answers(_done("queued"), 403, 404, 409, command=True),
    )
    async def move(
        caller: Who, tenant: Tenant, pool: PoolPart, contact_id: ContactId, body: MoveBody
    ) -> JSONResponse:
        name = f"{tenant}/{pool}"
        return await command(caller, name, contact_id, MoveContact, MoveData, queue=body.queue)

    @router.post(
        "/{contact_id}:set-priority",
        summary="Give a waiting contact another priority",
        responses=answers(_done("queued"), 403, 404, 409, command=True),
    )
    async def set_priority(
        caller: Who, tenant: Tenant, pool: PoolPart, contact_id: ContactId, body: PriorityBody
    ) -> JSONResponse:
        name = f"{tenant}/{pool}"
        return await command(
            caller, name, contact_id, PrioritiseContact, PrioritiseData, priority=body.priority
        )

    @router.post(
        "/{contact_id}:close",
        summary="End a contact, whatever its state",
        responses=answers(_done("closed"), 403, 404, 409, command=True),
    )
    async def close(
        caller: Who,
        tenant: Tenant,
        pool: PoolPart,
        contact_id: ContactId,
        body: DispositionBody | None = None,
    ) -> JSONResponse:
        name = f"{tenant}/{pool}"
        disposition = body.disposition if body else ""
        return await command(
            caller, name, contact_id, CloseContact, CloseData, disposition=disposition
        )

    return router
