"""Who may do what: the one place where tenant, role and agent of a request are checked."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from services.kit.auth import Auth, Principal, Role
from services.kit.problem import Problem

BEARER = HTTPBearer(auto_error=False, description="A token with subject, tenant and roles.")
_TRACE = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and what identifies the request: `route` with its ids, `Idempotency-Key`."""

    principal: Principal
    route: str
    key: str | None
    traceparent: str


def caller_of(auth: Auth) -> Callable[..., Awaitable[Caller]]:
    """A FastAPI dependency: the caller; 401 without a good token."""

    async def dependency(  # a plain function would be given a thread for each request
        request: Request,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)],
        idempotency_key: Annotated[
            str | None,
            Header(
                min_length=1,
                max_length=200,
                description="The same key again changes nothing and gets the first answer.",
            ),
        ] = None,
        traceparent: Annotated[str | None, Header(include_in_schema=False)] = None,
    ) -> Caller:
        header = request.headers.get("authorization") if credentials else None
        trace = traceparent if traceparent and _TRACE.fullmatch(traceparent) else ""
        route = f"{request.method} {request.url.path}"
        return Caller(auth.from_header(header), route, idempotency_key, trace)

    return dependency


def allow(principal: Principal, pool: str, *roles: Role, agent: str | None = None) -> None:
    """Nothing if the caller may act in `pool` in one of `roles`; raises `Problem` 403 otherwise.

    The pool must be the caller's tenant's. The role `agent` counts only for what is the caller's
    own: where `agent` is named, it must be the caller.
    """
    if pool.partition("/")[0] != principal.tenant:
        raise Problem(403, f"The token is of the company {principal.tenant}, not of this pool.")
    others = [role for role in roles if role != "agent"]
    if principal.has(*others):
        return
    if "agent" in roles and principal.has("agent"):
        if agent is None or agent == principal.subject:
            return
        raise Problem(403, "An agent acts only for itself.")
    raise Problem(403, f"This needs one of the roles: {', '.join(roles)}.")
