"""A client that is told to come back later does, with the same ids."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from demo.customers.form import hidden_of
from demo.door import Door, GaveUp, Refused
from demo.http import Client
from demo.mailbox import text_of
from demo.pace import Pace

Answer = Callable[[bytes], bytes | None]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@asynccontextmanager
async def server(answer: Answer) -> AsyncIterator[tuple[Door, str, list[int]]]:
    """A door to a server that gives these bytes to each request (None: hangs up), its address,
    and the connections it had."""
    connections: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(len(connections))
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                given = answer(head + await reader.readexactly(length))
                if given is None:
                    break
                writer.write(given)
                await writer.drain()
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    client = Client()
    try:
        door = Door(client, Pace(1000.0, random.Random(1)))
        yield door, f"http://127.0.0.1:{port}/v1/chats", connections
    finally:
        client.close()
        listening.close()


async def refused_by(answer: bytes) -> Refused:
    async with server(lambda _: answer) as (door, url, _):
        with pytest.raises(Refused) as refused:
            await door.ask("POST", url)
        assert door.retries == 0
        return refused.value


@pytest.mark.anyio
async def test_request_is_sent_again_unchanged_until_it_is_answered() -> None:
    seen: list[bytes] = []

    def answer(request: bytes) -> bytes | None:
        seen.append(request)
        later = b"HTTP/1.1 503 Later\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n"
        return {1: None, 2: later}.get(len(seen), OK)

    async with server(answer) as (door, url, _):
        assert await door.said("POST", url, key="k", token="t", json={"a": 1}) == {}
        assert door.retries == 2
    assert len(seen) == 3
    assert len(set(seen)) == 1
    assert b"Idempotency-Key: k" in seen[0]
    assert b"Authorization: Bearer t" in seen[0]
    assert seen[0].endswith(b'\r\n\r\n{"a": 1}')


@pytest.mark.anyio
async def test_nobody_there_is_tried_again_until_patience_ends() -> None:
    async with server(lambda _: OK) as (door, url, _):
        pass
    with pytest.raises(GaveUp):
        await door.ask("POST", url, patience=0.5)
    assert door.retries >= 1


@pytest.mark.anyio
async def test_refusal_is_not_asked_again() -> None:
    refused = await refused_by(b"HTTP/1.1 409 Conflict\r\nContent-Length: 4\r\n\r\nover")
    assert refused.status == 409
    assert "/v1/chats: 409 over" in str(refused)


@pytest.mark.anyio
async def test_pause_that_the_service_asks_for_is_kept_in_the_demos_time() -> None:
    hour = b"HTTP/1.1 503 Later\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n"
    async with server(lambda _: hour) as (door, url, _):
        with pytest.raises(GaveUp):  # 3.6 s at this speed, longer than patience
            await door.ask("GET", url, patience=2)
        assert door.retries == 0


@pytest.mark.anyio
async def test_redirect_is_an_answer() -> None:
    moved = b"HTTP/1.1 303 See Other\r\nLocation: /receipt\r\nContent-Length: 0\r\n\r\n"
    async with server(lambda _: moved) as (door, url, _):
        answer = await door.ask("POST", url, data={"a": "ä ö"})
    assert (answer.status, answer.headers["location"]) == (303, "/receipt")


@pytest.mark.anyio
async def test_connections_are_used_again_and_chunks_are_put_together() -> None:
    chunks = (
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{"a"\r\n4\r\n: 1}\r\n0\r\n\r\n'
    )
    async with server(lambda _: chunks) as (door, url, connections):
        for _ in range(5):
            assert await door.said("GET", url) == {"a": 1}
        assert len(connections) == 1


@pytest.mark.anyio
async def test_many_requests_at_once_have_a_connection_each() -> None:
    async with server(lambda _: OK) as (door, url, connections):
        asked: list[Awaitable[object]] = [door.said("GET", url) for _ in range(20)]
        assert await asyncio.gather(*asked) == [{}] * 20
        assert 1 < len(connections) <= 20


def test_page_gives_its_token_back_and_its_trap_empty() -> None:
    page = """<form method="post"><input type="hidden" name="_token" value="t&amp;1">
        <input name="_homepage" type="text"><input type="radio" name="answer_by" value="email">
        <input name="model" value=""><button type="submit" name="_language" value="sv"></form>"""
    assert hidden_of(page) == {"_token": "t&1", "_homepage": "", "model": ""}


def test_mails_plain_text_is_read_whatever_its_encoding() -> None:
    raw = (
        b"Subject: =?utf-8?q?V=C3=A4rinkoodi?=\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\nHyv=C3=A4=C3=A4 p=C3=A4iv=C3=A4=\r\n"
        b"=C3=A4!\r\n"
    )
    assert text_of(raw).strip() == "Hyvää päivää!"
