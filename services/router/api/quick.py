"""The quick way for what agents command for every contact: accepting it and completing it."""

import re
from collections.abc import Awaitable, Callable

from starlette.responses import Response

from services.contracts.contact_events import CompleteAssignment
from services.kit.quick import QuickRequest, QuickRoute
from services.router.api.access import quick_caller
from services.router.api.assignments import on_assignment
from services.router.api.context import Context
from services.router.api.offers import take

_ID = r"[oa]\d+-\d+-\d+"


def create_routes(context: Context) -> tuple[QuickRoute, ...]:
    """The routes."""

    async def accept(request: QuickRequest) -> Response | None:
        caller = quick_caller(context.auth, request)
        return None if caller is None else await take(context, caller, request.named["id"])

    async def complete(request: QuickRequest) -> Response | None:
        if request.body and not (request.is_json and request.body == b"{}"):
            return None  # it says how it ended
        caller = quick_caller(context.auth, request)
        if caller is None:
            return None
        return await on_assignment(context, caller, request.named["id"], CompleteAssignment)

    return (
        _route("/v1/offers/{offer_id}:accept", accept),
        _route("/v1/assignments/{assignment_id}:complete", complete),
    )


def _route(path: str, handle: Callable[[QuickRequest], Awaitable[Response | None]]) -> QuickRoute:
    prefix, _, suffix = re.split(r"(\{\w+\})", path)
    return QuickRoute("POST", path, re.compile(f"{prefix}(?P<id>{_ID}){suffix}"), handle)
