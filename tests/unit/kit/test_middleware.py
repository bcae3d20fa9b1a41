"""Limits on bodies, announced and streamed, and the headers of every answer."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, Request
from pydantic import BaseModel

from services.kit.app import create_app
from services.kit.metrics import Metrics
from services.kit.problem import MEDIA_TYPE
from tests.unit.kit.http import client

pytestmark = pytest.mark.anyio
LIMIT = 1000


class Note(BaseModel):
    """A body."""

    text: str


def app() -> FastAPI:
    router = APIRouter()

    @router.post("/json")
    async def as_json(note: Note) -> dict[str, int]:
        return {"size": len(note.text)}

    @router.post("/raw")
    async def raw(request: Request) -> dict[str, int]:
        return {"size": len(await request.body())}

    @router.post("/form")
    async def form(request: Request) -> dict[str, int]:
        return {"fields": len(await request.form())}

    @router.post("/unread")
    async def unread() -> dict[str, int]:
        return {}

    return create_app("Limited", metrics=Metrics("test"), routers=[router], max_body=LIMIT)


async def streamed(size: int) -> AsyncIterator[bytes]:
    yield b'{"text":"'
    for _ in range(size // 100):
        yield b"x" * 100
    yield b'"}'


@pytest.mark.parametrize("path", ["/json", "/raw", "/form", "/unread"])
async def test_body_that_announces_too_much_is_refused_unread(path: str) -> None:
    async with client(app()) as http:
        answer = await http.post(path, content=b" " * (LIMIT + 1))
    assert answer.status_code == 413
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.json()["detail"] == "The body may have 1000 bytes at most."


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/json", "application/json"),
        ("/raw", "text/plain"),
        ("/form", "application/x-www-form-urlencoded"),
    ],
)
async def test_body_that_grows_too_large_is_refused(path: str, kind: str) -> None:
    async with client(app()) as http:
        answer = await http.post(
            path, content=streamed(LIMIT + 100), headers={"Content-Type": kind}
        )
    assert answer.status_code == 413
    assert answer.headers["content-type"] == MEDIA_TYPE


async def test_body_up_to_the_limit_is_taken() -> None:
    async with client(app()) as http:
        assert (await http.post("/raw", content=b" " * LIMIT)).json() == {"size": LIMIT}
        streamed_too = await http.post(
            "/json", content=streamed(LIMIT - 100), headers={"Content-Type": "application/json"}
        )
        assert streamed_too.json() == {"size": LIMIT - 100}


async def test_announced_size_that_is_no_number_is_refused() -> None:
    async with client(app()) as http:
        answer = await http.post("/raw", headers={"Content-Length": "-5"})
    assert (answer.status_code, answer.headers["content-type"]) == (400, MEDIA_TYPE)


@pytest.mark.parametrize(
    ("path", "size"), [("/raw", 1), ("/raw", LIMIT + 1), ("/json", 1), ("/nowhere", 1)]
)
async def test_every_answer_has_the_security_headers(path: str, size: int) -> None:
    async with client(app()) as http:
        headers = (await http.post(path, content=b"x" * size)).headers
    wanted: dict[str, Any] = {
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "x-frame-options": "DENY",
    }
    assert wanted.items() <= dict(headers).items()
