"""Commands over HTTP: what became of one that got 202."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from fastapi.responses import JSONResponse

from services.router.api.access import Caller, caller_of
from services.router.api.commands import accepted
from services.router.api.context import Context
from services.router.api.examples import COMMAND, answers


def create_router(context: Context) -> APIRouter:
    """The route."""
    router = APIRouter(prefix="/v1/commands", tags=["commands"])
    Who = Annotated[Caller, Depends(caller_of(context.auth))]  # noqa: N806 - a type

    @router.get(
        "/{command_id}",
        summary="The answer to a command, for 15 minutes",
        description="`status` and `body` are what the command itself would have been answered.",
        responses=answers(COMMAND, 404, command=True),
    )
    async def get(caller: Who, command_id: Annotated[str, Path(max_length=200)]) -> JSONResponse:
        reply = context.commands.look_up(caller, command_id)
        if reply is None:
            return accepted(command_id)
        return JSONResponse(
            {
                "command_id": command_id,
                "state": "done",
                "status": reply.status,
                "body": reply.body,
            }
        )

    return router
