"""A public HTTP door, knocked at with patience: what a well-behaved client does.

A request that got no answer, or was told to come back later, is sent again with the same ids,
after the pause the service asked for, until it is answered or patience ends.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any

from demo.http import Client, Response
from demo.pace import Pace

LATER = frozenset({429, 502, 503, 504})
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 2.0
PATIENCE = 120.0


class Refused(Exception):
    """The door's answer is no, and asking again would not change it."""

    def __init__(self, response: Response) -> None:
        super().__init__(f"{response.path}: {response.status} {response.text}")
        self.status = response.status
        self.response = response


class GaveUp(Exception):
    """Nobody answered for as long as patience lasted: nothing was accepted."""


class Door:
    """Requests to the platform. `retries` counts those that had to be sent again."""

    def __init__(self, client: Client, pace: Pace) -> None:
        self._client = client
        self._pace = pace
        self.retries = 0

    async def ask(
        self,
        method: str,
        url: str,
        *,
        token: str = "",
        key: str = "",
        headers: Mapping[str, str] | None = None,
        patience: float = PATIENCE,
        **request: Any,
    ) -> Response:
        """The answer (2xx or 3xx). `token`: bearer; `key`: the Idempotency-Key; `patience` in
        seconds. Raises `Refused` or `GaveUp`."""
        sent = dict(headers or {})
        if token:
            sent["Authorization"] = f"Bearer {token}"
        if key:
            sent["Idempotency-Key"] = key
        loop = asyncio.get_running_loop()
        deadline = loop.time() + patience
        pause = FIRST_PAUSE
        while True:
            wait = pause
            try:
                response = await self._client.request(method, url, headers=sent, **request)
            except (OSError, TimeoutError):
                pass
            else:
                if response.status not in LATER:
                    if response.status >= 400:
                        raise Refused(response)
                    return response
                with contextlib.suppress(KeyError, ValueError):
                    wait = max(pause, self._pace.real(float(response.headers["retry-after"])))
            if loop.time() + wait > deadline:
                raise GaveUp(f"{method} {url}")
            self.retries += 1
            await asyncio.sleep(wait * self._pace.chance.uniform(0.8, 1.2))
            pause = min(pause * 1.6, LONGEST_PAUSE)

    async def said(self, method: str, url: str, **request: Any) -> Any:
        """The answer's JSON."""
        return (await self.ask(method, url, **request)).json()
