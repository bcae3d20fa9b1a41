"""A client that costs little, because it shares the machine with what it measures: HTTP/1.1 over
kept connections and WebSockets, as asyncio protocols, for answers as this platform gives them
(`Content-Length`, unmasked single frames). A shape it does not know is an error, never a guess."""

import asyncio
import base64
import os
import time
from collections import deque
from collections.abc import Callable
from typing import cast

_GUID_LINE = b" 101 "
_KEPT = 2.0
"""Seconds after which an unused connection is not used again: servers close theirs after 5 s."""
_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10


class WireError(Exception):
    """The other side closed, or said what this client does not understand."""


class _Connection(asyncio.Protocol):
    """One kept connection; one request at a time."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.answer: asyncio.Future[tuple[int, bytes]] | None = None
        self.used = 0.0
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        at = head.find(b"\r\ncontent-length:")
        if at < 0:
            self._fail("an answer without Content-Length")
            return
        length = int(head[at + 17 :].split(b"\r\n", 1)[0])
        if len(self._buffer) < end + 4 + length:
            return
        body, self._buffer = self._buffer[end + 4 : end + 4 + length], b""
        answer, self.answer = self.answer, None
        if answer is not None and not answer.done():
            answer.set_result((int(head[9:12]), body))

    def connection_lost(self, _: Exception | None) -> None:
        self.transport = None
        self._fail("the connection was closed")

    def _fail(self, why: str) -> None:
        answer, self.answer = self.answer, None
        if answer is not None and not answer.done():
            answer.set_exception(WireError(why))


class Http:
    """Requests to one address, over as many kept connections as are in use at once."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._free: deque[_Connection] = deque()

    async def send(
        self, method: str, path: str, headers: dict[str, str], body: bytes = b""
    ) -> tuple[int, bytes]:
        """Status and body of the answer. Raises `WireError`."""
        connection = await self._connection()
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"{method} {path} HTTP/1.1\r\nHost: {self._host}\r\n{lines}"
        answer = connection.answer = asyncio.get_running_loop().create_future()
        assert connection.transport is not None
        connection.transport.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        result: tuple[int, bytes] = await answer
        if connection.transport is not None:
            connection.used = time.perf_counter()
            self._free.append(connection)
        return result

    async def _connection(self) -> _Connection:
        while self._free:
            connection = self._free.pop()
            if connection.transport is None:
                continue
            if time.perf_counter() - connection.used < _KEPT:
                return connection
            connection.transport.close()
        loop = asyncio.get_running_loop()
        _, made = await loop.create_connection(_Connection, self._host, self._port)
        return made

    def close(self) -> None:
        """Close what is not in use."""
        while self._free:
            connection = self._free.pop()
            if connection.transport is not None:
                connection.transport.close()


class Socket(asyncio.Protocol):
    """A WebSocket's client side: `heard` is called with each text frame, in the moment it comes."""

    def __init__(self, head: bytes, heard: Callable[[bytes], None]) -> None:
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed = False
        self._head = head
        self._heard = heard
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._head)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self.opened.done():
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            if _GUID_LINE not in self._buffer[:16]:
                self.opened.set_exception(WireError(self._buffer[:200].decode(errors="replace")))
                return
            self._buffer = self._buffer[end + 4 :]
            self.opened.set_result(None)
        while self._take_frame():
            continue

    def connection_lost(self, _: Exception | None) -> None:
        self.closed = True
        if not self.opened.done():
            self.opened.set_exception(WireError("the connection was closed"))

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    def _take_frame(self) -> bool:
        buffer = self._buffer
        if len(buffer) < 2:
            return False
        code, length, start = buffer[0], buffer[1], 2
        if length == 126:
            length, start = int.from_bytes(buffer[2:4]), 4
        elif length == 127:
            length, start = int.from_bytes(buffer[2:10]), 10
        if len(buffer) < start or len(buffer) < start + length:
            return False
        payload, self._buffer = buffer[start : start + length], buffer[start + length :]
        if code == 0x80 | _TEXT:
            self._heard(payload)
        elif code == 0x80 | _PING:
            self._pong(payload)
        elif code == 0x80 | _CLOSE:
            self.close()
        elif code != 0x80 | _PONG:
            raise WireError(f"a frame of the kind {code:#x}")
        return True

    def _pong(self, payload: bytes) -> None:
        assert self._transport is not None
        # Masked with zeros: a mask like any other, and the payload is its own ciphertext.
        self._transport.write(bytes((0x80 | _PONG, 0x80 | len(payload))) + bytes(4) + payload)


async def open_socket(
    host: str, port: int, path: str, headers: dict[str, str], heard: Callable[[bytes], None]
) -> Socket:
    """An open WebSocket. Raises `WireError` when it is refused."""
    key = base64.b64encode(os.urandom(16)).decode()
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = (
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{lines}\r\n"
    ).encode()
    loop = asyncio.get_running_loop()
    _, socket = await loop.create_connection(lambda: Socket(head, heard), host, port)
    await socket.opened
    return socket
