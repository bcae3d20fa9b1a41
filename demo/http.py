"""A small HTTP/1.1 client that keeps connections: hundreds of people share one process and two
cores with the whole platform, so a request must cost next to nothing."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

import httptools

TIMEOUT = 10.0
MOST_CONNECTIONS = 100
"""To one address; whoever comes later waits for one to be free."""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer; the names of `headers` are in lower case."""

    status: int
    path: str
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode(errors="replace")

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.content)


@dataclass(slots=True)
class _Place:
    """Connections to one address."""

    idle: list["_Connection"] = field(default_factory=list)
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_CONNECTIONS))


class Client:
    """Requests to any number of addresses. A request that fails raises `OSError` (a lost
    connection, nobody there) or `TimeoutError`; it may have been done all the same."""

    def __init__(self) -> None:
        self._places: defaultdict[tuple[str, int], _Place] = defaultdict(_Place)

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        json: Any = None,
        data: Mapping[str, str] | None = None,
        content: bytes = b"",
    ) -> Response:
        """Send a request with a JSON document, a form or bytes; the answer is not followed."""
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 80
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        kind, body = _body(json, data, content)
        head = {"host": f"{host}:{port}", "content-length": str(len(body)), **kind, **headers}
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items())]
        raw = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
        place = self._places[host, port]
        async with place.room, asyncio.timeout(TIMEOUT):
            connection = await self._connection(place, host, port)
            try:
                response = await connection.exchange(raw, parts.path)
            except BaseException:
                connection.close()
                raise
            if connection.reusable:
                place.idle.append(connection)
            else:
                connection.close()
            return response

    def close(self) -> None:
        """Let all connections go."""
        for place in self._places.values():
            for connection in place.idle:
                connection.close()
            place.idle.clear()

    async def _connection(self, place: _Place, host: str, port: int) -> "_Connection":
        while place.idle:
            connection = place.idle.pop()
            if connection.reusable:
                return connection
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(_Connection, host, port)
        return connection


class _Connection(asyncio.Protocol):
    """One request at a time; httptools calls the `on_…` methods."""

    def __init__(self) -> None:
        self.reusable = True
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[Response] | None = None
        self._path = ""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []

    async def exchange(self, raw: bytes, path: str) -> Response:
        """Send the bytes of a request and wait for its answer."""
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError("closed")
        self._path = path
        self._parser = httptools.HttpResponseParser(self)
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(raw)
        return await self._answer

    def close(self) -> None:
        """Hang up."""
        self.reusable = False
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio's."""
        self._fail(exc or ConnectionResetError("the server hung up"))

    def data_received(self, data: bytes) -> None:
        """asyncio's."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(ConnectionError(f"not HTTP: {error}"))

    def on_message_begin(self) -> None:
        """An answer begins."""
        self._headers, self._body = {}, []

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header."""
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """An answer is there."""
        self.reusable = bool(self._parser.should_keep_alive())
        status = self._parser.get_status_code()
        if self._answer is not None and not self._answer.done():
            content = b"".join(self._body)
            self._answer.set_result(Response(status, self._path, self._headers, content))

    def _fail(self, error: Exception) -> None:
        self.reusable = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error if isinstance(error, OSError) else OSError(str(error)))


def _body(
    document: Any, form: Mapping[str, str] | None, content: bytes
) -> tuple[dict[str, str], bytes]:
    if document is not None:
        return {"content-type": "application/json"}, json.dumps(document).encode()
    if form is not None:
        kind = {"content-type": "application/x-www-form-urlencoded"}
        return kind, urlencode(form).encode()
    return {}, content
