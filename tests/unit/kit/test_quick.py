"""The quick way past the framework: only for what is plainly right, and nobody can tell.

Seen failing: without reading the body again for the framework its answer is 422; without the catch
a body too large is a 500; without `scope["route"]` the request is measured as unmatched.
"""

import re
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.responses import Response

from services.kit.app import create_app
from services.kit.errors import Unavailable
from services.kit.metrics import Metrics
from services.kit.problem import Problem
from services.kit.quick import QuickRequest, QuickRoute
from tests.unit.kit.http import client

pytestmark = pytest.mark.anyio
JSON = {"Content-Type": "application/json"}


class Note(BaseModel):
    """A body."""

    text: str


async def quick(request: QuickRequest) -> Response | None:
    """Takes `{"text":"…"}` without a space, and knows what to refuse."""
    found = re.fullmatch(rb'\{"text":"(\w+)"\}', request.body)
    if not request.is_json or found is None:
        return None
    match found[1]:
        case b"taken":
            raise Problem(409, "It is taken.")
        case b"away":
            raise Unavailable("Kafka is away.")
        case b"bug":
            raise ValueError("a bug")
    return JSONResponse({"way": "quick", "size": len(found[1]), "of": request.named["name"]})


def app(metrics: Metrics | None = None) -> FastAPI:
    router = APIRouter()

    @router.post("/notes/{name}:add")
    async def add(name: str, note: Note) -> dict[str, object]:
        return {"way": "framework", "size": len(note.text), "of": name}

    pattern = re.compile(r"/notes/(?P<name>[^/]+):add")
    return create_app(
        "Quick",
        metrics=metrics or Metrics("test"),
        routers=[router],
        quick=[QuickRoute("POST", "/notes/{name}:add", pattern, quick)],
        max_body=1000,
    )


async def post(
    body: bytes | AsyncIterator[bytes],
    *,
    path: str = "/notes/a:add",
    headers: list[tuple[str, str]] | None = None,
    of: FastAPI | None = None,
) -> httpx.Response:
    """Send it."""
    async with client(of or app()) as http:
        sent = headers if headers is not None else list(JSON.items())
        return await http.post(path, content=body, headers=sent)


async def test_what_is_plainly_right_goes_the_quick_way_with_everybodys_headers() -> None:
    answer = await post(b'{"text":"hello"}')
    assert answer.json() == {"way": "quick", "size": 5, "of": "a"}
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b'{"text": "hello"}', None, 200),
        (b'{"text":7}', None, 422),
        (b"", None, 422),
        (b'{"text":"hello"}', [("Content-Type", "application/json; charset=utf-8")], 200),
        (b'{"text":"hello"}', [*JSON.items(), ("X-Twice", "1"), ("X-Twice", "2")], 200),
        (b'{"text":"hello"}', [("Content-Type", "text/plain")], 422),
    ],
)
async def test_everything_else_is_the_frameworks_from_the_beginning(
    body: bytes, headers: list[tuple[str, str]] | None, status: int
) -> None:
    answer = await post(body, headers=headers)
    assert answer.status_code == status
    if status == 200:
        assert answer.json() == {"way": "framework", "size": 5, "of": "a"}


async def test_body_in_pieces_is_put_together_and_handed_on_whole() -> None:
    async def pieces(text: bytes) -> AsyncIterator[bytes]:
        for start in range(0, len(text), 4):
            yield text[start : start + 4]

    assert (await post(pieces(b'{"text":"hello"}'))).json()["way"] == "quick"
    assert (await post(pieces(b'{"text": "hello"}'))).json() == {
        "way": "framework",
        "size": 5,
        "of": "a",
    }


@pytest.mark.parametrize(("text", "status"), [("taken", 409), ("away", 503), ("bug", 500)])
async def test_errors_are_problem_documents(text: str, status: int) -> None:
    answer = await post(b'{"text":"%s"}' % text.encode())
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_streamed_body_that_is_too_large_is_refused() -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 100

    assert (await post(endless())).status_code == 413


async def test_other_methods_and_paths_are_not_looked_at() -> None:
    async with client(app()) as http:
        assert (await http.get("/notes/a:add")).status_code == 405
        assert (await http.post("/notes/a:add/b", headers=JSON)).status_code == 404


async def test_it_is_measured_under_the_routes_pattern() -> None:
    metrics = Metrics("test")
    await post(b'{"text":"hello"}', of=app(metrics))
    assert b'route="/notes/{name}:add"' in metrics.exposition()[0]
