"""Offers and assignments over HTTP: taking a contact, leaving it to others, finishing it."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from services.contracts.contact_events import (
    AcceptOffer,
    AssignmentData,
    CompleteAssignment,
    DeclineOffer,
    OfferData,
    WrapUpAssignment,
)
from services.router.api import work
from services.router.api.access import Caller, caller_of
from services.router.api.commands import Kind
from services.router.api.context import Context
from services.router.api.shapes import OFFER, DispositionBody, WorkId, answers

_REVISION = {"revision": 18}
_ACCEPTED: dict[str, Any] = {
    "assignment_id": "a0-4720-0",
    "contact_id": OFFER["contact_id"],
    "conversation_id": OFFER["conversation_id"],
    **_REVISION,
}
_DECLINED = {"offer_id": OFFER["offer_id"], "contact_id": OFFER["contact_id"], **_REVISION}
_WRAPPING = {
    "assignment_id": "a0-4720-0",
    "state": "wrapping",
    "wrap_up_until": 1_750_000_060_000,
    **_REVISION,
}
_DONE = {"assignment_id": "a0-4720-0", "state": "done", **_REVISION}


def create_router(context: Context) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/v1", tags=["offers and assignments"])
    Who = Annotated[Caller, Depends(caller_of(context.auth))]  # noqa: N806 - a type

    async def on_offer(caller: Caller, offer_id: str, kind: Kind) -> JSONResponse:
        found = await work.find(context, caller.principal, "o", offer_id)
        data = OfferData(pool=found.pool, offer_id=offer_id, agent_id=found.agent_id)
        return await context.commands.answer(caller, found.pool, found.partition, kind, data)

    async def on_assignment(
        caller: Caller, assignment_id: str, kind: Kind, body: DispositionBody | None
    ) -> JSONResponse:
        found = await work.find(context, caller.principal, "a", assignment_id)
        data = AssignmentData(
            pool=found.pool,
            assignment_id=assignment_id,
            agent_id=found.agent_id,
            disposition=body.disposition if body else "",
        )
        return await context.commands.answer(caller, found.pool, found.partition, kind, data)

    @router.post(
        "/offers/{offer_id}:accept",
        summary="Take the contact",
        responses=answers(_ACCEPTED, 403, 404, 409, command=True),
    )
    async def accept(caller: Who, offer_id: WorkId) -> JSONResponse:
        return await on_offer(caller, offer_id, AcceptOffer)

    @router.post(
        "/offers/{offer_id}:decline",
        summary="Leave the contact to others",
        description="It keeps its age; the agent is not asked for it again for a while.",
        responses=answers(_DECLINED, 403, 404, 409, command=True),
    )
    async def decline(caller: Who, offer_id: WorkId) -> JSONResponse:
        return await on_offer(caller, offer_id, DeclineOffer)

    @router.post(
        "/assignments/{assignment_id}:wrap-up",
        summary="The talk is over; write it up",
        responses=answers(_WRAPPING, 403, 404, 409, command=True),
    )
    async def wrap_up(
        caller: Who, assignment_id: WorkId, body: DispositionBody | None = None
    ) -> JSONResponse:
        return await on_assignment(caller, assignment_id, WrapUpAssignment, body)

    @router.post(
        "/assignments/{assignment_id}:complete",
        summary="All is done; the capacity is free",
        responses=answers(_DONE, 403, 404, 409, command=True),
    )
    async def complete(
        caller: Who, assignment_id: WorkId, body: DispositionBody | None = None
    ) -> JSONResponse:
        return await on_assignment(caller, assignment_id, CompleteAssignment, body)

    return router
