"""Dry runs over HTTP: what a contact would get, from the pool as it is or from one not applied."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends
from fastapi.responses import Response

from services.kit.problem import Problem
from services.router.api.access import Caller, allow, caller_of
from services.router.api.context import Context
from services.router.api.examples import DRY_RUN, answers
from services.router.api.pools import parsed
from services.router.api.shapes import DryRunBody, PoolPart, Tenant
from services.router.core.dry_run import dry_run


def create_router(context: Context) -> APIRouter:
    """The route."""
    router = APIRouter(prefix="/v1/pools", tags=["pools"])
    Who = Annotated[Caller, Depends(caller_of(context.auth))]  # noqa: N806 - a type

    @router.post(
        "/{tenant}/{pool}:classify",
        summary="What a contact would get: a dry run of the rules",
        description="Queue, requirements, priority; the rule that decides and why those before "
        "it do not hold; whether the queue is open at `at` (now, if it is not given), what it does "
        "when it is closed, and where the contact ends up (`outcome`); how many of the pool's "
        "agents could take it there now. Limits of length and wait are left out. "
        "With `config`, YAML text or an object as for configuring the pool, the rules of that "
        "configuration are tried on the pool's agents. Nothing changes.",
        responses=answers(DRY_RUN, 403, 404),
    )
    async def classify(caller: Who, tenant: Tenant, pool: PoolPart, body: DryRunBody) -> Response:
        name = f"{tenant}/{pool}"
        allow(caller.principal, name, "supervisor", "administrator", "auditor")
        found = context.replica.find_pool(name)
        state = found[1] if found and found[1].version else None
        if body.config is not None:
            given = body.config
            text = given.encode() if isinstance(given, str) else msgspec.json.encode(given)
            config = await parsed(text, name, context.settings.partitions)
        elif state is not None:
            config = state.config
        else:
            raise Problem(404, f"There is no pool {name}.")
        agents = list(state.agents.values()) if state else []
        at = body.at if body.at is not None else context.clock.now_ms()
        document = {
            "pool": name,
            "version": state.version if state else 0,
            "draft": body.config is not None,
            "at": at,
            **dry_run(config, body.contact, agents, at),
        }
        return Response(msgspec.json.encode(document), media_type="application/json")

    return router
