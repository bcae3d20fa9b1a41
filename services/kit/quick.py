"""A quick way for the few routes that carry the load: past the framework, which takes longer to
find a route, solve its parameters and build its answer than the route takes to do its work.

The framework's route stays what counts: it documents, it validates, it words the errors. The quick
way takes only requests that are plainly right; whatever it is not sure of (it answers None) goes
the framework's way from the beginning.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from re import Pattern

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.kit import problem
from services.kit.errors import Unavailable


@dataclass(frozen=True, slots=True)
class QuickRequest:
    """`named`: the groups of the route's pattern. Of a header sent twice the framework decides, so
    that it is not in `headers` (by lower-case name)."""

    method: str
    path: str
    named: dict[str, str]
    headers: dict[bytes, bytes]
    body: bytes

    def header(self, name: bytes) -> str | None:
        """The header's value."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    @property
    def is_json(self) -> bool:
        """Whether the body says so."""
        return self.headers.get(b"content-type") == b"application/json"


@dataclass(frozen=True, slots=True)
class QuickRoute:
    """`path` is the framework's pattern of the same route; `pattern` matches whole paths. `handle`
    may raise `Problem` and `Unavailable`; None: not for the quick way."""

    method: str
    path: str
    pattern: Pattern[str]
    handle: Callable[[QuickRequest], Awaitable[Response | None]]


class Quick:
    """ASGI middleware: the innermost."""

    def __init__(self, app: ASGIApp, routes: Sequence[QuickRoute]) -> None:
        self._app = app
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, or pass it on."""
        if scope["type"] == "http":
            for route in self._routes:
                if route.method == scope["method"] and (
                    match := route.pattern.fullmatch(scope["path"])
                ):
                    await self._try(route, match.groupdict(), scope, receive, send)
                    return
        await self._app(scope, receive, send)

    async def _try(
        self, route: QuickRoute, named: dict[str, str], scope: Scope, receive: Receive, send: Send
    ) -> None:
        read: list[Message] = []
        body = b""
        while not read or read[-1].get("more_body", False):
            try:
                message = await receive()
            except HTTPException as error:  # the body is too large
                await problem.response(problem.Problem(error.status_code, error.detail))(
                    scope, receive, send
                )
                return
            read.append(message)
            if message["type"] != "http.request":
                break
            body += message.get("body", b"")
        headers: dict[bytes, bytes] = dict(scope["headers"])
        if len(headers) == len(scope["headers"]) and read[-1]["type"] == "http.request":
            request = QuickRequest(scope["method"], scope["path"], named, headers, body)
            try:
                answer = await route.handle(request)
            except problem.Problem as error:
                answer = problem.response(error)
            except Unavailable as error:
                answer = problem.response(problem.from_unavailable(error))
            if answer is not None:
                scope["route"] = route
                await answer(scope, receive, send)
                return

        async def again() -> Message:
            return read.pop(0) if read else await receive()

        await self._app(scope, again, send)
