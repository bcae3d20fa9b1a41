"""Errors over HTTP: RFC 9457 problem details (`application/problem+json`)."""

import math
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from services.kit.errors import Unavailable

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """Answer with this status, title and detail. `members` are added to the document; `errors`
    is the customary member for fields: `[{"field": …, "message": …}]`."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        headers: dict[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}
        self.members = members


def response(problem: Problem) -> JSONResponse:
    """The problem as an HTTP response."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        **problem.members,
    }
    return JSONResponse(
        body, status_code=problem.status, headers=problem.headers, media_type=MEDIA_TYPE
    )


def from_unavailable(error: Unavailable) -> Problem:
    """503 with Retry-After. An unknown outcome is safe to retry with the same id."""
    detail = error.detail
    if error.outcome_unknown:
        detail += " The outcome is unknown: retry with the same id."
    return Problem(
        503,
        detail,
        headers={"Retry-After": str(math.ceil(error.retry_after))},
        outcome_unknown=error.outcome_unknown,
    )


def field_path(location: tuple[Any, ...]) -> str:
    """A pydantic location as a field's name: `("body", "skills", "fi")` → `skills.fi`."""
    parts = location[1:] if location and location[0] in {"body", "query", "path"} else location
    return ".".join(str(part) for part in parts) or str(location[0] if location else "")


def install(app: FastAPI) -> None:
    """Make every error that `app` expects a problem document (the others: `LastResort`)."""

    @app.exception_handler(Problem)
    async def _problem(_: Request, error: Problem) -> JSONResponse:
        return response(error)

    @app.exception_handler(Unavailable)
    async def _unavailable(_: Request, error: Unavailable) -> JSONResponse:
        return response(from_unavailable(error))

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> JSONResponse:
        return response(
            Problem(error.status_code, str(error.detail), headers=dict(error.headers or {}))
        )

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        errors = [
            {"field": field_path(tuple(item["loc"])), "message": item["msg"]}
            for item in error.errors()
        ]
        named = ", ".join(item["field"] for item in errors)
        return response(Problem(422, f"Not valid: {named}.", errors=errors))
