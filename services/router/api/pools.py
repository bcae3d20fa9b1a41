"""Pools over HTTP: the configuration, validated as a whole, with a dry run."""

import asyncio
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from services.contracts.contact_events import ConfigurePool, ConfigurePoolData
from services.contracts.pool import PoolConfig
from services.kit.errors import Unavailable
from services.kit.problem import Problem, from_unavailable, response
from services.router.api.access import Caller, allow, caller_of
from services.router.api.commands import accepted, response_to
from services.router.api.context import Context
from services.router.api.examples import answers
from services.router.api.shapes import PoolPart, Tenant
from services.router.pool_file import InvalidPool, parse

_YAML = """\
pool: kaarna/service
partition: 0
languages: [fi, sv, en]
channels:
  chat: {cost: 33, max: 3, wrap_up: 30}
queues:
  general: {target: 60}
fallback_queue: general
"""
_CONFIG = {
    "pool": "kaarna/service",
    "partition": 0,
    "languages": ["fi", "sv", "en"],
    "channels": {"chat": {"cost": 33, "max": 3, "wrap_up": 30.0}},
    "queues": {"general": {}},
    "fallback_queue": "general",
}
_POOL = {"pool": "kaarna/service", "version": 3, "config": _CONFIG}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/yaml": {"schema": {"type": "string"}, "example": _YAML},
            "application/json": {"schema": {"type": "object"}, "example": _CONFIG},
        },
    }
}


def create_router(context: Context) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/v1/pools", tags=["pools"])
    Who = Annotated[Caller, Depends(caller_of(context.auth))]  # noqa: N806 - a type

    @router.put(
        "/{tenant}/{pool}",
        summary="Configure a pool, with YAML or JSON",
        description="Valid as a whole or refused as a whole: `errors` holds every mistake with "
        "line, column, field and what was expected. Open work goes on under the new "
        "configuration. A pool's partition cannot change.",
        responses=answers(_POOL, 403, 404, 409, command=True),
        openapi_extra=_BODY,
    )
    async def put(
        caller: Who,
        request: Request,
        tenant: Tenant,
        pool: PoolPart,
        dry_run: Annotated[bool, Query(description="Only validate.")] = False,
    ) -> Response:
        name = f"{tenant}/{pool}"
        allow(caller.principal, name, "administrator")
        config = await parsed(await request.body(), name, context.settings.partitions)
        found = context.replica.find_pool(name)
        if found and found[1].version and found[0].number != config.partition:
            raise Problem(
                409,
                f"The pool is on partition {found[0].number}, and that cannot change.",
                partition=found[0].number,
            )
        if dry_run:
            version = found[1].version if found else 0
            return _json({"pool": name, "version": version, "dry_run": True, "config": config})
        return await _configure(context, caller, config)

    @router.get(
        "/{tenant}/{pool}",
        summary="A pool's configuration",
        responses=answers(_POOL, 403, 404),
    )
    async def get(caller: Who, tenant: Tenant, pool: PoolPart) -> Response:
        name = f"{tenant}/{pool}"
        allow(caller.principal, name, "supervisor", "administrator", "auditor")
        _, state = context.pool(name)
        return _json({"pool": name, "version": state.version, "config": state.config})

    return router


async def _configure(context: Context, caller: Caller, config: PoolConfig) -> Response:
    data = ConfigurePoolData(pool=config.pool, config=config)
    try:
        outcome = await context.commands.run(
            caller, config.pool, config.partition, ConfigurePool, data
        )
        if isinstance(outcome, str):
            return accepted(outcome)
        if outcome.status >= 400:
            return response_to(outcome)
        await context.declarations.declare(config)
    except Unavailable as error:
        return response(from_unavailable(error))
    return _json({**outcome.body, "config": config})


async def parsed(body: bytes, name: str, partitions: int) -> PoolConfig:
    """The configuration of the pool `name`. Raises `Problem` 422 with every mistake."""
    try:
        config = await asyncio.to_thread(parse, body, partitions=partitions)
    except InvalidPool as error:
        errors = [
            {"field": m.field, "message": m.message, "line": m.line, "column": m.column}
            for m in error.mistakes
        ]
        raise Problem(422, f"The configuration is not valid: {error}.", errors=errors) from error
    if config.pool != name:
        errors = [{"field": "pool", "message": f"expected {name}, as in the address"}]
        raise Problem(422, f"This is the configuration of {config.pool}.", errors=errors)
    return config


def _json(document: dict[str, Any]) -> Response:
    return Response(msgspec.json.encode(document), media_type="application/json")
