"""Contacts over HTTP: what became of one, its place in line, withdrawing it, another channel."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from services.contracts.contact_events import (
    CancelContact,
    CancelData,
    ChangeChannel,
    ChangeChannelData,
)
from services.kit.auth import Role
from services.kit.problem import Problem
from services.router.api.access import Caller, allow, caller_of
from services.router.api.context import Context
from services.router.api.examples import CONTACT, POSITION, answers
from services.router.api.shapes import CancelBody, ChannelBody, ContactId, PoolPart, Tenant
from services.router.core import queries

_READERS: tuple[Role, ...] = ("supervisor", "administrator", "integration", "auditor")


def create_router(context: Context) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/v1/contacts/{tenant}/{pool}", tags=["contacts"])
    Who = Annotated[Caller, Depends(caller_of(context.auth))]  # noqa: N806 - a type

    @router.get(
        "/{contact_id}",
        summary="A contact, until a day after its end",
        responses=answers(CONTACT, 403, 404),
    )
    async def get(
        caller: Who, tenant: Tenant, pool: PoolPart, contact_id: ContactId
    ) -> JSONResponse:
        return JSONResponse(_view(context, caller, f"{tenant}/{pool}", contact_id))

    @router.get(
        "/{contact_id}/position",
        summary="A waiting contact's place in its queue, and how much longer it will wait",
        description="A place in line (by priority and age), no promise: agents' skills and the "
        "pool's policy let some overtake. `expected_wait` is how much longer, from now: the "
        "`median`, the middle half of such waits (`p50`), nine of ten (`p90`); or `unknown`, "
        "when nobody who could answer is there or too little was seen to be honest. "
        "409 for a contact that does not wait.",
        responses=answers(POSITION, 403, 404, 409),
    )
    async def position(
        caller: Who, tenant: Tenant, pool: PoolPart, contact_id: ContactId
    ) -> JSONResponse:
        name = f"{tenant}/{pool}"
        view = _view(context, caller, name, contact_id)
        now = context.clock.now_ms()
        place = context.lines.position(context.pool(name)[1], contact_id, now)
        if place is None:
            raise Problem(409, "The contact does not wait.", contact_state=view["state"])
        return JSONResponse(place)

    @router.post(
        "/{contact_id}:cancel",
        summary="Withdraw a contact that waits or is offered",
        responses=answers(
            {"contact_id": CONTACT["contact_id"], "contact_state": "withdrawn"},
            403, 404, 409, command=True,
        ),
    )  # fmt: skip
    async def cancel(
        caller: Who,
        tenant: Tenant,
        pool: PoolPart,
        contact_id: ContactId,
        body: CancelBody | None = None,
    ) -> JSONResponse:
        name = f"{tenant}/{pool}"
        allow(caller.principal, name, "supervisor", "administrator", "integration")
        partition, _ = context.pool(name)
        data = CancelData(pool=name, contact_id=contact_id, reason=body.reason if body else "")
        return await context.commands.answer(caller, name, partition.number, CancelContact, data)

    @router.post(
        "/{contact_id}:change-channel",
        summary="Go on with a contact on another channel",
        description="The same conversation, the same age. An agent changes what is in hand; for "
        "a supervisor, it is as if whoever has it did so. An integration speaks for the customer.",
        responses=answers(
            {**{key: CONTACT[key] for key in ("contact_id", "channel")}, "contact_state": "queued"},
            403, 404, 409, command=True,
        ),
    )  # fmt: skip
    async def change_channel(
        caller: Who, tenant: Tenant, pool: PoolPart, contact_id: ContactId, body: ChannelBody
    ) -> JSONResponse:
        name = f"{tenant}/{pool}"
        principal = caller.principal
        allow(principal, name, "agent", "supervisor", "administrator", "integration")
        partition, state = context.pool(name)
        if body.channel not in state.config.channels:
            errors = [{"field": "channel", "message": f"{name} has no channel {body.channel}"}]
            raise Problem(422, "Not valid: channel.", errors=errors)
        agent_id = ""
        if not principal.has("integration"):
            view = _view(context, caller, name, contact_id)
            if not principal.has("supervisor", "administrator"):
                agent_id = principal.subject
            elif view.get("assignment_id"):
                agent_id = str(view["agent_id"])
        data = ChangeChannelData(
            pool=name, contact_id=contact_id, channel=body.channel, agent_id=agent_id
        )
        return await context.commands.answer(caller, name, partition.number, ChangeChannel, data)

    return router


def _view(context: Context, caller: Caller, name: str, contact_id: str) -> dict[str, Any]:
    """The contact, which the caller may see: an agent those that are the agent's own, or that the
    agent is asked for."""
    allow(caller.principal, name, "agent", *_READERS)
    view = queries.contact_view(context.pool(name)[0], name, contact_id)
    if view is not None:
        whose = {view["agent_id"], *(one["agent_id"] for one in view.get("offers", ()))}
        subject = caller.principal.subject
        agent_id = subject if subject in whose else ""
        allow(caller.principal, name, "agent", *_READERS, agent=agent_id)
        return view
    raise Problem(404, f"There is no contact {contact_id} in {name}, or it ended long ago.")
