"""ASGI middleware of every service: measures, limits, security headers, the last resort. Plain
ASGI, because Starlette's BaseHTTPMiddleware costs a task per request and breaks streaming."""

import logging

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.kit.clock import SystemClock
from services.kit.metrics import Metrics
from services.kit.problem import Problem, response

log = logging.getLogger(__name__)
_OWN_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})


def _route(scope: Scope) -> str:
    """The route's pattern, never the path: that holds ids."""
    return str(getattr(scope.get("route"), "path", "unmatched"))


class Measured:
    """Counts and times requests, by the route's pattern."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics
        self._clock = SystemClock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http" or scope["path"] in _OWN_PATHS:
            await self._app(scope, receive, send)
            return
        started = self._clock.monotonic()
        status = "500"

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            self._metrics.observe(
                "http_request_seconds",
                self._clock.monotonic() - started,
                method=scope["method"],
                route=_route(scope),
                status=status,
            )


class Limits:
    """Refuses bodies over `max_body` bytes with 413, whether announced or streamed."""

    def __init__(self, app: ASGIApp, max_body: int) -> None:
        self._app = app
        self._max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on unless it is too large."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        too_large = f"The body may have {self._max_body} bytes at most."
        announced = b"0"
        for name, value in scope["headers"]:
            if name == b"content-length":
                announced = value
        if not announced.isdigit():
            await response(Problem(400, "Content-Length is no number."))(scope, receive, send)
            return
        if int(announced) > self._max_body:
            await response(Problem(413, too_large))(scope, receive, send)
            return
        seen = 0

        async def count() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._max_body:
                # Of all that a body's reader may raise, FastAPI passes on only this.
                raise HTTPException(413, too_large)
            return message

        await self._app(scope, count, send)


class SecurityHeaders:
    """The headers that every answer carries."""

    def __init__(self, app: ASGIApp, csp: str) -> None:
        self._app = app
        self._headers = (
            (b"content-security-policy", csp.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"same-origin"),
            (b"x-frame-options", b"DENY"),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers that the answer does not set itself."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                there = {name.lower() for name, _ in headers}
                headers += [own for own in self._headers if own[0] not in there]
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, add)


class LastResort:
    """Answers a bug with a problem document, 500, and logs it. Starlette would do so outside of all
    middleware: without the headers, and with the error raised once more."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except Exception as error:
            if started:
                raise
            log.error("unhandled error", exc_info=error, extra={"route": _route(scope)})
            bug = Problem(500, "Something went wrong on our side.")
            await response(bug)(scope, receive, send)
