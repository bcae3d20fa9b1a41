"""Asks a server whether it does its work, with bare sockets: the supervisor stays small."""

from __future__ import annotations

import http.client
import socket
import struct
from urllib.parse import urlsplit

METADATA = struct.Struct(">hhihiB")
TIMEOUT = 1.0


def _receive(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = connection.recv(size - len(data))
        if not chunk:
            raise OSError("closed")
        data += chunk
    return data


def kafka_ready(host: str, port: int) -> bool:
    """Whether the broker answers a Metadata request and names itself, hence is not fenced.

    An open port is not enough: for a second or more the broker accepts connections but is not yet,
    or after a crash not again, part of its cluster.
    """
    api_key, api_version, correlation, no_client_id, no_topics, no_creation = 3, 4, 1, -1, 0, 0
    request = METADATA.pack(api_key, api_version, correlation, no_client_id, no_topics, no_creation)
    try:
        with socket.create_connection((host, port), TIMEOUT) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            size = struct.unpack(">i", _receive(connection, 4))[0]
            body = _receive(connection, size)
    except OSError:
        return False
    _correlation, _throttle, brokers = struct.unpack_from(">iii", body)
    return bool(brokers > 0)


def redis_ready(host: str, port: int) -> bool:
    """Whether Redis answers PING."""
    try:
        with socket.create_connection((host, port), TIMEOUT) as connection:
            connection.sendall(b"PING\r\n")
            return _receive(connection, 5) == b"+PONG"
    except OSError:
        return False


def http_ready(url: str) -> bool:
    """Whether the address answers 200."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
