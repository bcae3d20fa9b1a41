"""Running apps under uvicorn: one, or several in one process (development, demo, small sites)."""

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import uvicorn
import uvloop
from fastapi import FastAPI

from services.kit import tasks


@dataclass(frozen=True, slots=True)
class Served:
    """An app and its address."""

    app: FastAPI
    host: str
    port: int


class _Server(uvicorn.Server):
    """A server that leaves the signals to whoever runs it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def run(*served: Served) -> None:
    """Serve until SIGTERM or SIGINT, then drain and stop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(served))


async def serve(served: Sequence[Served]) -> None:
    """As `run`, inside a loop. Ends with an error if one of the apps does not start."""
    servers = [_server(one) for one in served]
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for server in servers:
            server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    calm_gc()
    ends = [asyncio.create_task(server.serve()) for server in servers]
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    stop()
    for end in await asyncio.gather(*ends, return_exceptions=True):
        if isinstance(end, BaseException):
            raise end


def calm_gc() -> None:
    """What is there now stays; and of what comes, most lives as long as a contact. With the usual
    thresholds every few requests would look through it in vain."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@asynccontextmanager
async def running(one: Served) -> AsyncIterator[None]:
    """Serve an app beside other work, until the block ends."""
    server = _server(one)
    task = tasks.start(f"http-{one.port}", server.serve())
    try:
        yield
    finally:
        server.should_exit = True
        await task


def _server(one: Served) -> _Server:
    return _Server(
        uvicorn.Config(
            one.app,
            host=one.host,
            port=one.port,
            log_config=None,
            access_log=False,
            backlog=4096,
            ws_per_message_deflate=False,
            ws_max_size=256 * 1024,
            timeout_graceful_shutdown=5,
        )
    )
