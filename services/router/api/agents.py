"""Agents over HTTP: who they are, what they can do, whether contacts may come."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from services.contracts.contact_events import (
    SetPresence,
    SetPresenceData,
    UpsertAgent,
    UpsertAgentData,
)
from services.kit.problem import Problem
from services.router.api.access import Caller, allow, caller_of
from services.router.api.context import Context
from services.router.api.examples import AGENT, answers
from services.router.api.shapes import AgentBody, AgentId, PoolPart, PresenceBody, Tenant
from services.router.core import queries
from services.router.core.pool import Pool


def create_router(context: Context) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/v1/agents", tags=["agents"])
    Who = Annotated[Caller, Depends(caller_of(context.auth))]  # noqa: N806 - a type

    @router.put(
        "/{tenant}/{pool}/{agent_id}",
        summary="Create an agent, or replace skills and limits",
        responses=answers({"agent_id": "agent-1", "revision": 1}, 403, 404, command=True),
    )
    async def upsert(
        caller: Who, tenant: Tenant, pool: PoolPart, agent_id: AgentId, body: AgentBody
    ) -> JSONResponse:
        name = f"{tenant}/{pool}"
        allow(caller.principal, name, "supervisor", "administrator")
        partition, state = context.pool(name)
        _refuse_unknown(state, body)
        data = UpsertAgentData(
            pool=name,
            agent_id=agent_id,
            skills=body.skills,
            limits=body.limits,
            auto_accept=tuple(body.auto_accept),
        )
        return await context.commands.answer(caller, name, partition.number, UpsertAgent, data)

    @router.get(
        "/{tenant}/{pool}/{agent_id}",
        summary="An agent with all that is in hand",
        responses=answers(AGENT, 403, 404),
    )
    async def get(caller: Who, tenant: Tenant, pool: PoolPart, agent_id: AgentId) -> JSONResponse:
        name = f"{tenant}/{pool}"
        allow(
            caller.principal, name, "agent", "supervisor", "administrator", "auditor",
            agent=agent_id,
        )  # fmt: skip
        view = queries.agent_view(context.pool(name)[0], name, agent_id)
        if view is None:
            raise Problem(404, f"There is no agent {agent_id} in {name}.")
        return JSONResponse(view)

    @router.put(
        "/{tenant}/{pool}/{agent_id}/presence",
        summary="Say whether contacts may come",
        description="On `break` and `offline` open offers go to others; what is in hand stays. "
        "A supervisor's word stands in the journal with the supervisor's id.",
        responses=answers(
            {"agent_id": "agent-1", "presence": "available", "revision": 3},
            403, 404, command=True,
        ),
    )  # fmt: skip
    async def presence(
        caller: Who, tenant: Tenant, pool: PoolPart, agent_id: AgentId, body: PresenceBody
    ) -> JSONResponse:
        name = f"{tenant}/{pool}"
        allow(caller.principal, name, "agent", "supervisor", "administrator", agent=agent_id)
        partition, _ = context.pool(name)
        forced = caller.principal.subject != agent_id
        data = SetPresenceData(
            pool=name,
            agent_id=agent_id,
            presence=body.presence,
            by=caller.principal.subject if forced else "",
        )
        return await context.commands.answer(caller, name, partition.number, SetPresence, data)

    return router


def _refuse_unknown(pool: Pool, body: AgentBody) -> None:
    """A skill that the pool does not declare would silently never bring a contact."""
    config = pool.config
    known = {*config.skills, *config.languages}
    errors = [
        {"field": f"skills.{skill}", "message": f"{config.pool} declares no skill {skill}"}
        for skill in body.skills
        if skill not in known
    ] + [
        {"field": field, "message": f"{config.pool} has no channel {channel}"}
        for field, channel in (
            *((f"limits.{channel}", channel) for channel in body.limits),
            *((f"auto_accept.{place}", channel) for place, channel in enumerate(body.auto_accept)),
        )
        if channel not in config.channels
    ]
    if errors:
        named = ", ".join(error["field"] for error in errors)
        raise Problem(422, f"Not valid: {named}.", errors=errors)
