"""What every HTTP service has."""

import asyncio

import pytest
from fastapi import APIRouter, FastAPI

from services.kit.app import create_app
from services.kit.metrics import Metrics
from tests.unit.kit.http import client

pytestmark = pytest.mark.anyio


class NotedPart:
    """A part that notes what is done to it."""

    def __init__(self, name: str, notes: list[str], *, fails: bool = False) -> None:
        self.name = name
        self.why: str | None = None
        self._notes = notes
        self._fails = fails

    async def start(self) -> None:
        if self._fails:
            raise RuntimeError(f"{self.name} does not start")
        self._notes.append(f"{self.name} started")

    async def stop(self) -> None:
        self._notes.append(f"{self.name} stopped")

    def trouble(self) -> str | None:
        return self.why


def app_of(*parts: NotedPart) -> FastAPI:
    router = APIRouter()

    @router.get("/contacts/{contact_id}")
    async def contact(contact_id: str) -> dict[str, str]:
        return {"contact_id": contact_id}

    return create_app("Example", metrics=Metrics("example"), parts=parts, routers=[router])


async def test_parts_start_in_order_and_stop_in_reverse() -> None:
    notes: list[str] = []
    app = app_of(NotedPart("a", notes), NotedPart("b", notes))
    async with app.router.lifespan_context(app):
        assert notes == ["a started", "b started"]
    assert notes[2:] == ["b stopped", "a stopped"]


async def test_parts_that_have_started_are_stopped_when_another_one_does_not_start() -> None:
    notes: list[str] = []
    app = app_of(NotedPart("a", notes), NotedPart("b", notes, fails=True))
    with pytest.raises(RuntimeError, match="b does not start"):
        async with app.router.lifespan_context(app):
            pass
    assert notes == ["a started", "a stopped"]


async def test_ready_when_no_part_has_trouble_and_alive_all_the_time() -> None:
    part = NotedPart("kafka", [])
    async with client(app_of(part)) as http:
        assert (await http.get("/readyz")).json() == {"ready": True, "parts": {"kafka": "ok"}}
        part.why = "does not acknowledge"
        answer = await http.get("/readyz")
        assert answer.status_code == 503
        assert answer.json() == {"ready": False, "parts": {"kafka": "does not acknowledge"}}
        assert (await http.get("/healthz")).json() == {"status": "ok"}


async def test_requests_are_measured_by_the_pattern_of_their_route() -> None:
    async with client(app_of()) as http:
        await asyncio.gather(*(http.get(f"/contacts/{number}") for number in range(5)))
        await http.get("/contacts")
        scraped = await http.get("/metrics")
    assert scraped.headers["content-type"].startswith("text/plain")
    labels = '{method="GET",route="%s",service="example",status="%d"}'
    counts = [line for line in scraped.text.splitlines() if "http_request_seconds_count" in line]
    assert sorted(counts) == [
        f"http_request_seconds_count{labels % ('/contacts/{contact_id}', 200)} 5.0",
        f"http_request_seconds_count{labels % ('unmatched', 404)} 1.0",
    ]


async def test_own_paths_are_not_in_the_document_of_the_api() -> None:
    assert set(app_of().openapi()["paths"]) == {"/contacts/{contact_id}"}
