"""Tokens for whoever asks. These routes exist in development only."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from services.router.api.context import Context
from services.router.api.shapes import TokenBody


def create_router(context: Context) -> APIRouter:
    """The route."""
    router = APIRouter(prefix="/v1/dev", tags=["development"])

    @router.post("/token", summary="A token for anybody (development only)")
    async def token(body: TokenBody) -> JSONResponse:
        issued = context.auth.issue(body.subject, body.tenant, tuple(body.roles))
        return JSONResponse({"token": issued})

    return router
