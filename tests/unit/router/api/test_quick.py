"""The quick way past the framework answers as the framework does."""

from pathlib import Path
from typing import Any

import pytest

from services.contracts import contact_events as ce
from services.kit.auth import Role
from services.router.api import quick
from tests.unit.router.api.door import Door
from tests.unit.router.core.world import World

pytestmark = pytest.mark.anyio
TWICE = [("X-Twice", "1"), ("X-Twice", "2")]
"""What the quick way leaves to the framework."""


@pytest.fixture
def door(tmp_path: Path) -> Door:
    """Anna has c1 in hand and is offered o1."""
    world = World()
    world.agent("anna")
    world.opened("c1")
    world.accept("c1")
    world.opened("o1")
    return Door(world, tmp_path)


def path_of(door: Door, what: str) -> str:
    if what == "accept":
        return f"/v1/offers/{door.world.offer_of('o1')}:accept"
    return f"/v1/assignments/{door.world.assignment_of('c1')}:complete"


@pytest.mark.parametrize("what", ["accept", "complete"])
@pytest.mark.parametrize(
    ("subject", "role", "tenant"),
    [
        ("anna", "agent", "acme"),
        ("bertil", "agent", "acme"),
        ("boss", "supervisor", "acme"),
        ("boss", "supervisor", "other"),
        ("who", "auditor", "acme"),
    ],
)
@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ([("Idempotency-Key", "k")], b""),
        ([("Idempotency-Key", "k"), ("Content-Type", "application/json")], b"{}"),
        ([("Idempotency-Key", "k"), ("Content-Type", "application/json")], b'{"disposition":"x"}'),
        ([("Idempotency-Key", "k" * 201)], b""),
        ([("Idempotency-Key", "k"), ("Authorization", "Bearer nonsense")], b""),
    ],
)
async def test_the_same_answer_by_both_ways(
    door: Door,
    what: str,
    subject: str,
    role: Role,
    tenant: str,
    headers: list[tuple[str, str]],
    body: bytes,
) -> None:
    path = path_of(door, what)
    kind = ce.AcceptOffer if what == "accept" else ce.CompleteAssignment
    answers: list[Any] = []
    async with door.client(subject, role, tenant=tenant) as client:
        for more in ([], TWICE):
            answer = await client.post(path, content=body, headers=headers + more)
            answers.append((answer.status_code, answer.json(), door.sent(kind)[:1]))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("what", ["accept", "complete"])
async def test_what_agents_say_for_every_contact_goes_the_quick_way(
    door: Door, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(*_: object) -> None:
        raise AssertionError

    for name in ("take", "on_assignment"):
        monkeypatch.setattr(quick, name, gone)
    async with door.client("anna", "agent") as client:
        answer = await client.post(path_of(door, what))
    assert answer.status_code == 500
