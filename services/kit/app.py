"""The app factory: what every HTTP service has, written once.

`/healthz` (the loop turns), `/readyz` (each part's state), `/metrics`, problem details, a limit
on the size of requests, security headers, and a lifespan that starts and stops the parts.
"""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse, Response

from services.kit import problem
from services.kit.metrics import Metrics
from services.kit.middleware import LastResort, Limits, Measured, SecurityHeaders
from services.kit.parts import Part
from services.kit.quick import Quick, QuickRoute

log = logging.getLogger(__name__)


def create_app(
    title: str,
    *,
    metrics: Metrics,
    parts: Sequence[Part] = (),
    routers: Sequence[APIRouter] = (),
    quick: Sequence[QuickRoute] = (),
    description: str = "",
    max_body: int = 1024 * 1024,
    csp: str = "default-src 'none'; frame-ancestors 'none'",
) -> FastAPI:
    """An app with `routers`, whose `parts` are started in order and stopped in reverse.

    `quick` are routes of `routers` once more, for requests that are plainly right.
    `max_body` in bytes; `csp` is the Content-Security-Policy of all its answers.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for part in parts:
                await part.start()
                stack.push_async_callback(part.stop)
            log.info("%s started", title)
            yield

    app = FastAPI(
        title=title,
        description=description,
        version="1",
        lifespan=lifespan,
        # Nobody collects its spans, and looking whether somebody does costs every request 20 µs.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    # The last one added is the first to see a request, and the last to see its answer.
    if quick:
        app.add_middleware(Quick, routes=quick)
    app.add_middleware(LastResort)
    app.add_middleware(Limits, max_body=max_body)
    app.add_middleware(SecurityHeaders, csp=csp)
    app.add_middleware(Measured, metrics=metrics)
    problem.install(app)

    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz", include_in_schema=False)
    async def readyz() -> JSONResponse:
        state = {part.name: part.trouble() for part in parts}
        ready = all(trouble is None for trouble in state.values())
        body = {"ready": ready, "parts": {name: why or "ok" for name, why in state.items()}}
        return JSONResponse(body, status_code=200 if ready else 503)

    @app.get("/metrics", include_in_schema=False)
    async def scrape() -> Response:
        body, content_type = metrics.exposition()
        return Response(body, headers={"Content-Type": content_type})

    for router in routers:
        app.include_router(router)
    return app
