"""Explanations over HTTP: why a contact went where it went, and where people stepped in."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from services.kit.problem import Problem
from services.router.api.access import Caller, allow, caller_of
from services.router.api.context import Context
from services.router.api.examples import AUDIT, EXPLANATION, answers
from services.router.api.shapes import ContactId, PoolPart, Tenant
from services.router.core import queries


def create_router(context: Context) -> APIRouter:
    """The route."""
    router = APIRouter(prefix="/v1", tags=["supervision"])
    Who = Annotated[Caller, Depends(caller_of(context.auth))]  # noqa: N806 - a type

    @router.get(
        "/contacts/{tenant}/{pool}/{contact_id}/explain",
        summary="Why a contact went where it went, until a day after its end",
        description="The steps in order, each as a sentence (`text`) and as what stands in the "
        "journal (`terms`). `complete` is false if some steps of a very long story are left out. "
        "With `candidates`, each offer lists every agent of the pool as they were at that moment, "
        "with the reason why they could not have it: the journal is replayed for that, one at a "
        "time (429), and for a limited time (503).",
        responses=answers(EXPLANATION, 403, 404, 429),
    )
    async def explain(
        caller: Who,
        tenant: Tenant,
        pool: PoolPart,
        contact_id: ContactId,
        candidates: Annotated[bool, Query(description="List every agent at each offer.")] = False,
    ) -> Response:
        name = f"{tenant}/{pool}"
        allow(caller.principal, name, "supervisor", "administrator", "auditor")
        partition, _ = context.pool(name)
        story = await context.explainer.explain(partition, name, contact_id, candidates=candidates)
        if story is None:
            raise Problem(404, f"There is no contact {contact_id} in {name}, or it ended long ago.")
        return Response(msgspec.json.encode(story), media_type="application/json")

    @router.get(
        "/pools/{tenant}/{pool}/audit",
        summary="What supervisors did of late, the newest first",
        description="Who reassigned, moved, hastened and closed contacts, who forced presences.",
        responses=answers(AUDIT, 403, 404),
    )
    async def audit(caller: Who, tenant: Tenant, pool: PoolPart) -> Response:
        name = f"{tenant}/{pool}"
        allow(caller.principal, name, "supervisor", "administrator", "auditor")
        noted = queries.audit_view(context.pool(name)[0], name)
        document = {"pool": name, "audit": noted}
        return Response(msgspec.json.encode(document), media_type="application/json")

    return router
