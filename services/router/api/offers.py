"""Offers over HTTP: taking a contact, leaving it to others."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from services.contracts.contact_events import AcceptOffer, DeclineData, DeclineOffer, OfferData
from services.router.api import work
from services.router.api.access import Caller, caller_of
from services.router.api.context import Context
from services.router.api.examples import OFFER, answers
from services.router.api.shapes import DeclineBody, WorkId

_ACCEPTED: dict[str, Any] = {
    "assignment_id": "a0-4720-0",
    "contact_id": OFFER["contact_id"],
    "conversation_id": OFFER["conversation_id"],
    "revision": 18,
}
_DECLINED = {"offer_id": OFFER["offer_id"], "contact_id": OFFER["contact_id"], "revision": 18}


async def take(context: Context, caller: Caller, offer_id: str) -> JSONResponse:
    """Accept the offer."""
    found = await work.find(context, caller.principal, "o", offer_id)
    data = OfferData(pool=found.pool, offer_id=offer_id, agent_id=found.agent_id)
    return await context.commands.answer(caller, found.pool, found.partition, AcceptOffer, data)


def create_router(context: Context) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/v1/offers", tags=["offers"])
    Who = Annotated[Caller, Depends(caller_of(context.auth))]  # noqa: N806 - a type

    @router.post(
        "/{offer_id}:accept",
        summary="Take the contact",
        responses=answers(_ACCEPTED, 403, 404, 409, command=True),
    )
    async def accept(caller: Who, offer_id: WorkId) -> JSONResponse:
        return await take(context, caller, offer_id)

    @router.post(
        "/{offer_id}:decline",
        summary="Leave the contact to others",
        description="It keeps its age; the agent is not asked for it again for a while, and for "
        "nothing at all for `pause` seconds.",
        responses=answers(_DECLINED, 403, 404, 409, command=True),
    )
    async def decline(
        caller: Who, offer_id: WorkId, body: DeclineBody | None = None
    ) -> JSONResponse:
        found = await work.find(context, caller.principal, "o", offer_id)
        data = DeclineData(
            pool=found.pool,
            offer_id=offer_id,
            agent_id=found.agent_id,
            pause=body.pause if body else 0.0,
        )
        return await context.commands.answer(
            caller, found.pool, found.partition, DeclineOffer, data
        )

    return router
