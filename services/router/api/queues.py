"""Queues over HTTP: how it stands, for supervisors' walls and for agents."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from services.router.api.access import Caller, allow, caller_of
from services.router.api.context import Context
from services.router.api.examples import QUEUES, answers
from services.router.api.shapes import PoolPart, Tenant
from services.router.core import queries


def create_router(context: Context) -> APIRouter:
    """The route."""
    router = APIRouter(prefix="/v1/queues", tags=["queues"])
    Who = Annotated[Caller, Depends(caller_of(context.auth))]  # noqa: N806 - a type

    @router.get(
        "/{tenant}/{pool}",
        summary="Every queue of a pool with its numbers",
        description="`at` is the router's time of the newest decision, in ms like all times.",
        responses=answers(QUEUES, 403, 404),
    )
    async def get(caller: Who, tenant: Tenant, pool: PoolPart) -> JSONResponse:
        name = f"{tenant}/{pool}"
        allow(caller.principal, name, "agent", "supervisor", "administrator", "auditor")
        partition, _ = context.pool(name)
        views = queries.queue_views(partition, name)
        return JSONResponse({"pool": name, "at": partition.at, "queues": views})

    return router
