"""Whatever goes wrong is told as a problem document (RFC 9457)."""

import logging
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Body, FastAPI, HTTPException
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from services.kit.app import create_app
from services.kit.errors import Unavailable
from services.kit.metrics import Metrics
from services.kit.problem import MEDIA_TYPE, Problem
from tests.unit.kit.http import client

pytestmark = pytest.mark.anyio


class Agent(BaseModel):
    """A body."""

    skills: dict[str, Annotated[int, Body(ge=1)]]


def broken_app() -> FastAPI:
    router = APIRouter(prefix="/v1")

    @router.put("/agents/{agent_id}")
    async def put(agent_id: int, agent: Agent, limit: int = 1) -> dict[str, Any]:
        return {"agent_id": agent_id, "skills": agent.skills, "limit": limit}

    @router.get("/problem")
    async def problem() -> None:
        raise Problem(409, "The offer is over.", headers={"X-Try": "again"}, contact_state="closed")

    @router.get("/away")
    async def away() -> None:
        raise Unavailable("Kafka is away.", retry_after=1.2)

    @router.get("/unknown")
    async def unknown() -> None:
        raise Unavailable("Kafka has not acknowledged in time.", outcome_unknown=True)

    @router.get("/teapot")
    async def teapot() -> None:
        raise HTTPException(418, "short and stout", headers={"X-Pot": "tea"})

    @router.get("/bug/{customer}")
    async def bug(customer: str) -> None:
        raise RuntimeError("a secret of the inside")

    @router.get("/late-bug")
    async def late_bug() -> StreamingResponse:
        async def parts() -> Any:
            yield b"begun"
            raise RuntimeError("too late for another answer")

        return StreamingResponse(parts())

    return create_app("Broken", metrics=Metrics("test"), routers=[router])


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "document"),
    [
        ("GET", "/v1/problem", None, 409, {"title": "Conflict", "contact_state": "closed"}),
        ("GET", "/v1/away", None, 503, {"detail": "Kafka is away.", "outcome_unknown": False}),
        ("GET", "/v1/teapot", None, 418, {"detail": "short and stout"}),
        ("GET", "/v1/nowhere", None, 404, {"title": "Not Found"}),
        ("DELETE", "/v1/problem", None, 405, {"title": "Method Not Allowed"}),
        ("GET", "/v1/bug/7", None, 500, {"detail": "Something went wrong on our side."}),
        ("PUT", "/v1/agents/7", "{", 422, {"title": "Unprocessable Entity"}),
    ],
)
async def test_every_failure_is_a_problem_document_with_the_headers_of_every_answer(
    method: str, path: str, body: str | None, status: int, document: dict[str, Any]
) -> None:
    async with client(broken_app()) as http:
        answer = await http.request(
            method, path, content=body, headers={"Content-Type": "application/json"}
        )
    assert answer.status_code == status
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.headers["x-content-type-options"] == "nosniff"
    found = answer.json()
    assert found["status"] == status
    assert found["type"] == "about:blank"
    assert document.items() <= found.items()


async def test_headers_of_a_problem_and_of_an_http_exception_are_sent() -> None:
    async with client(broken_app()) as http:
        assert (await http.get("/v1/problem")).headers["x-try"] == "again"
        assert (await http.get("/v1/teapot")).headers["x-pot"] == "tea"
        assert (await http.delete("/v1/problem")).headers["allow"] == "GET"


async def test_unavailable_says_when_to_try_again_and_whether_it_may_be_done() -> None:
    async with client(broken_app()) as http:
        away = await http.get("/v1/away")
        unknown = await http.get("/v1/unknown")
    assert away.headers["retry-after"] == "2"  # whole seconds, not too early
    assert unknown.json()["outcome_unknown"] is True
    assert unknown.json()["detail"].endswith("retry with the same id.")


async def test_every_wrong_field_is_named_by_its_path() -> None:
    async with client(broken_app()) as http:
        answer = await http.put(
            "/v1/agents/anna?limit=few", json={"skills": {"fi": 5, "sv": "much", "en": 0}}
        )
    assert answer.status_code == 422
    named = {error["field"]: error["message"] for error in answer.json()["errors"]}
    assert set(named) == {"agent_id", "limit", "skills.sv", "skills.en"}
    assert all(named.values())
    assert all(field in answer.json()["detail"] for field in named)


async def test_a_body_that_is_missing_is_named() -> None:
    async with client(broken_app()) as http:
        answer = await http.put("/v1/agents/7")
    assert [error["field"] for error in answer.json()["errors"]] == ["body"]


async def test_a_bug_is_logged_once_with_the_pattern_of_its_route_and_told_to_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with client(broken_app()) as http:
        answer = await http.get("/v1/bug/aino")
    assert "secret" not in answer.text
    (record,) = [r for r in caplog.records if r.levelno >= logging.ERROR]
    assert record.exc_info
    assert vars(record)["route"] == "/v1/bug/{customer}"


async def test_a_bug_in_the_middle_of_an_answer_breaks_the_answer_off() -> None:
    async with client(broken_app()) as http:
        answer = await http.get("/v1/late-bug")
    assert answer.content == b"begun"
    assert answer.status_code == 200
