"""The agents' stream over WebSocket: first frame `snapshot`, then `event` frames numbered by the
agent's revision. While one of an agent's sockets lives, the agent is present."""

import asyncio
import logging

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from services.kit import tasks
from services.kit.auth import Auth, Principal
from services.kit.errors import Unavailable
from services.kit.problem import Problem, from_unavailable, response
from services.router.api.access import allow
from services.router.api.context import Context
from services.router.api.streams import Stream
from services.router.core import queries

log = logging.getLogger(__name__)
PROTOCOL = "jonoton.bearer"
MAX_SOCKETS = 20
"""Of one agent in this process."""
TRY_AGAIN_LATER = 1013


def create_router(context: Context) -> APIRouter:
    """The route."""
    router = APIRouter()

    @router.websocket("/v1/agents/{tenant}/{pool}/{agent_id}/ws")
    async def stream(socket: WebSocket, tenant: str, pool: str, agent_id: str) -> None:
        name = f"{tenant}/{pool}"
        try:
            principal = _principal(context.auth, socket)
            allow(principal, name, "agent", "supervisor", "administrator", agent=agent_id)
            partition = await _partition(context, name, agent_id)
        except Problem as problem:
            await socket.send_denial_response(response(problem))
            return
        except Unavailable as error:
            await socket.send_denial_response(response(from_unavailable(error)))
            return
        offered = socket.scope.get("subprotocols", [])
        await socket.accept(subprotocol=PROTOCOL if PROTOCOL in offered else None)
        own = context.streams.subscribe(name, agent_id)
        session = context.gateway.open(name, agent_id, partition)
        try:
            await _serve(context, socket, own)
        finally:
            context.gateway.close(session)
            context.streams.unsubscribe(own)

    return router


def _principal(auth: Auth, socket: WebSocket) -> Principal:
    """From the `Authorization` header, else from the subprotocols `jonoton.bearer, <token>`:
    browsers cannot set headers of a WebSocket."""
    header = socket.headers.get("authorization")
    offered: list[str] = socket.scope.get("subprotocols", [])
    if header is None and len(offered) == 2 and offered[0] == PROTOCOL:
        return auth.check(offered[1])
    return auth.from_header(header)


async def _partition(context: Context, pool: str, agent_id: str) -> int:
    """The partition of the pool's agent, who may have been provisioned a moment ago."""
    partition, _ = context.pool(pool)
    known = await context.replica.until(
        lambda: queries.agent_view(partition, pool, agent_id), context.settings.api_reply_timeout
    )
    if not known:
        raise Problem(404, f"There is no agent {agent_id} in {pool}.")
    if context.streams.sockets_of(pool, agent_id) >= MAX_SOCKETS:
        raise Problem(429, f"An agent may have {MAX_SOCKETS} connections.")
    return partition.number


async def _serve(context: Context, socket: WebSocket, own: Stream) -> None:
    sending = asyncio.create_task(_send(context, socket, own))
    hearing = asyncio.create_task(_hear(socket))
    try:
        await asyncio.wait([sending, hearing], return_when=asyncio.FIRST_COMPLETED)
        if sending.done() and not hearing.done():
            sending.result()
    except TimeoutError:
        log.info("an agent's socket takes nothing: closed")
        await _close(socket)
    except (WebSocketDisconnect, RuntimeError):
        return
    finally:
        await tasks.stop(sending)
        await tasks.stop(hearing)
        for ended in (sending, hearing):
            if not ended.cancelled():
                ended.exception()  # seen


async def _send(context: Context, socket: WebSocket, own: Stream) -> None:
    """Frames for ever. Raises `TimeoutError` when the client does not take one."""
    while True:
        for frame in await context.streams.next_frames(own):
            async with asyncio.timeout(context.settings.api_send_timeout):
                await socket.send_text(frame)


async def _hear(socket: WebSocket) -> None:
    """Until the client is gone. What it says means nothing: commands go over HTTP."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        continue


async def _close(socket: WebSocket) -> None:
    try:
        async with asyncio.timeout(1):
            await socket.close(TRY_AGAIN_LATER)
    except (TimeoutError, RuntimeError):
        return
