"""Who may do what: the one place where tenant, role and agent of a request are checked."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Header, Request
from fastapi.security import HTTPBearer
from fastapi.security.base import SecurityBase

from services.kit.auth import Auth, Principal, Role
from services.kit.problem import Problem
from services.kit.quick import QuickRequest

BEARER = HTTPBearer(auto_error=False, description="A token with subject, tenant and roles.")
LONGEST_KEY = 200
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
    return _CallerOf(auth)


class _CallerOf(SecurityBase):
    """Tells FastAPI no more than its documents need: each parameter declared costs a request some
    50 µs, each dependency too."""

    def __init__(self, auth: Auth) -> None:
        self.model = BEARER.model
        self.scheme_name = BEARER.scheme_name
        self._auth = auth

    async def __call__(
        self,
        request: Request,
        idempotency_key: Annotated[
            str | None,
            Header(
                min_length=1,
                max_length=LONGEST_KEY,
                description="The same key again changes nothing and gets the first answer.",
            ),
        ] = None,
    ) -> Caller:
        """Who asks."""
        headers = request.headers
        principal = self._auth.from_header(headers.get("authorization"))
        route = f"{request.method} {request.scope['path']}"
        return Caller(principal, route, idempotency_key, _trace(headers.get("traceparent")))


def quick_caller(auth: Auth, request: QuickRequest) -> Caller | None:
    """The caller, by the quick way; 401 without a good token, None for an odd key."""
    key = request.header(b"idempotency-key")
    if key is not None and not 1 <= len(key) <= LONGEST_KEY:
        return None
    principal = auth.from_header(request.header(b"authorization"))
    route = f"{request.method} {request.path}"
    return Caller(principal, route, key, _trace(request.header(b"traceparent")))


def _trace(traceparent: str | None) -> str:
    return traceparent if traceparent and _TRACE.fullmatch(traceparent) else ""


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
