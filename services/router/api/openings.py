"""Opening a contact on a conversation that exists: a callback, an appointment, a case that goes on.
Channels open what customers begin; this is for people and programs who promise something."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from services.contracts.contact_events import ContactOpened, OpenedContact
from services.contracts.topics import CONTACT_EVENTS
from services.kit.clock import derived_id, new_id, to_datetime
from services.kit.problem import Problem
from services.router.api.access import Caller, allow, caller_of
from services.router.api.context import Context
from services.router.api.examples import CONTACT, answers
from services.router.api.shapes import OpeningBody, PoolPart, Tenant
from services.router.core import queries
from services.router.core.pool import Pool


def create_router(context: Context) -> APIRouter:
    """The route."""
    router = APIRouter(prefix="/v1/contacts", tags=["contacts"])
    Who = Annotated[Caller, Depends(caller_of(context.auth))]  # noqa: N806 - a type

    @router.post(
        "/{tenant}/{pool}",
        status_code=201,
        summary="Open a contact on a conversation that exists",
        description="A callback or an appointment has `not_before` and is promised to be served "
        "by `due_at`. `preferred_agent` is asked first. The same `Idempotency-Key`, or the same "
        "`contact_id`, is the same contact: once more changes nothing. 202: durable, the router "
        "has not taken it in yet; `Location` is where to look.",
        responses=answers(CONTACT, 403, 404, command=True, created=True),
    )
    async def open_contact(
        caller: Who, tenant: Tenant, pool: PoolPart, body: OpeningBody
    ) -> JSONResponse:
        name = f"{tenant}/{pool}"
        allow(caller.principal, name, "agent", "supervisor", "administrator", "integration")
        partition, state = context.pool(name)
        _refuse_unknown(state, body)
        now = context.clock.now_ms()
        contact_id = body.contact_id or _contact_id(caller)
        event = ContactOpened(
            id=derived_id("routing-api", "opened", name, contact_id),
            source="routing-api",
            time=to_datetime(now),
            subject=contact_id,
            traceparent=caller.traceparent,
            data=OpenedContact(
                pool=name,
                opened_at=now,
                **{**body.model_dump(exclude_none=True), "contact_id": contact_id},
            ),
        )
        await context.publisher.publish(CONTACT_EVENTS, event, key=name, partition=partition.number)
        await context.replica.until(
            lambda: queries.contact_view(partition, name, contact_id),
            context.settings.api_reply_timeout,
        )
        location = f"/v1/contacts/{name}/{contact_id}"
        view = queries.contact_view(partition, name, contact_id)
        if view is None:
            pending = {"contact_id": contact_id, "state": "pending", "location": location}
            return JSONResponse(pending, 202, headers={"Location": location, "Retry-After": "1"})
        return JSONResponse(view, 201, headers={"Location": location})

    return router


def _contact_id(caller: Caller) -> str:
    if caller.key is None:
        return new_id()
    principal = caller.principal
    return derived_id(principal.tenant, principal.subject, caller.route, caller.key)


def _refuse_unknown(pool: Pool, body: OpeningBody) -> None:
    """A field that no rule reads has no business in the router: it might say who somebody is."""
    config = pool.config
    read = {
        key.removeprefix("field.")
        for rule in config.rules
        for key in rule.when
        if key.startswith("field.")
    }
    errors = [
        {"field": f"fields.{name}", "message": f"no rule of {config.pool} reads {name}"}
        for name in body.fields
        if name not in read
    ]
    if body.channel not in config.channels:
        message = f"{config.pool} has no channel {body.channel}"
        errors.append({"field": "channel", "message": message})
    if body.preferred_agent and body.preferred_agent not in pool.agents:
        message = f"{config.pool} has no agent {body.preferred_agent}"
        errors.append({"field": "preferred_agent", "message": message})
    if errors:
        named = ", ".join(error["field"] for error in errors)
        raise Problem(422, f"Not valid: {named}.", errors=errors)
