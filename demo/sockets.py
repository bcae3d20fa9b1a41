"""A WebSocket that comes back: whoever holds one reconnects with back-off until told to stop."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, WebSocketException
from websockets.typing import Subprotocol

from demo.pace import Pace

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 2.0
STEADY_AFTER = 5.0
CLOSED = (WebSocketException, OSError, TimeoutError, EOFError)
"""What a connection that is gone, or never came, raises."""


async def connections(
    url: str,
    pace: Pace,
    *,
    token: str = "",
    subprotocols: Sequence[str] = (),
) -> AsyncGenerator[ClientConnection, None]:
    """One connection after another, for ever: each `async for` turn is a new one. Leave the loop
    to stop. A turn that ends, or raises nothing worse than `CLOSED`, leads to the next."""
    pause = FIRST_PAUSE
    loop = asyncio.get_running_loop()
    address = url.replace("http://", "ws://", 1)
    while True:
        try:
            connection = await connect(
                address,
                additional_headers={"Authorization": f"Bearer {token}"} if token else None,
                subprotocols=[Subprotocol(name) for name in subprotocols] or None,
                compression=None,
                proxy=None,
                open_timeout=10,
                ping_interval=10,
                ping_timeout=20,
                close_timeout=1,
            )
        except (*CLOSED, InvalidHandshake):
            pass
        else:
            since = loop.time()
            try:
                yield connection
            finally:
                await connection.close()
            if loop.time() - since > STEADY_AFTER:
                pause = FIRST_PAUSE
        await asyncio.sleep(pause * pace.chance.uniform(0.7, 1.3))
        pause = min(pause * 1.7, LONGEST_PAUSE)
