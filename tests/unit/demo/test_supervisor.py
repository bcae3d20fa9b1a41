"""What a supervisor does with what stands on the floor."""

import random
from types import SimpleNamespace
from typing import Any, cast

import pytest

from demo.customers.surroundings import Surroundings
from demo.door import Refused
from demo.floor import AgentNow, Contact, Floor
from demo.http import Response
from demo.places import POOL
from demo.supervisor import Supervisor

pytestmark = pytest.mark.anyio


class Door:
    def __init__(self, *, refuses: bool = False) -> None:
        self.asked: list[tuple[str, str, Any]] = []
        self._refuses = refuses

    async def ask(self, method: str, url: str, *, json: Any, **_: Any) -> None:
        self.asked.append((method, url, json))
        if self._refuses:
            raise Refused(Response(409, url, {}, b""))


def supervisor(door: Door, floor: Floor) -> Supervisor:
    around = SimpleNamespace(
        door=door,
        places=SimpleNamespace(api="http://api"),
        clock=SimpleNamespace(now_ms=lambda: 7),
        chance=random.Random(1),
    )
    return Supervisor(cast("Surroundings", around), floor)


def floor_with(*waiting: str) -> Floor:
    floor = Floor(POOL)
    for number, contact in enumerate(waiting):
        floor.contacts[contact] = Contact(
            contact, f"v-{contact}", "chat", "live-fi", "fi", 100 - number, ours=True
        )
    return floor


@pytest.mark.parametrize(
    ("what", "command", "body"),
    [(1, "set-priority", {"priority": 9}), (2, "move", {"queue": "none"})],
)
async def test_the_longest_waiting_contact_is_hastened_or_moved(
    what: int, command: str, body: dict[str, Any]
) -> None:
    door = Door()
    boss = supervisor(door, floor_with("younger", "older"))
    await boss._step_in(what)
    assert door.asked == [("POST", f"http://api/v1/contacts/{POOL}/older:{command}", body)]
    assert boss.steps == 1


async def test_a_contact_is_given_to_somebody_idle_and_to_nobody_else() -> None:
    door, floor = Door(), floor_with("c")
    boss = supervisor(door, floor)
    floor.agents["busy"] = AgentNow(presence="available", work={"o": floor.contacts["c"]})
    floor.agents["away"] = AgentNow(presence="break")
    await boss._step_in(3)
    assert door.asked == []
    floor.agents["idle"] = AgentNow(presence="available")
    await boss._step_in(3)
    assert [body for _, _, body in door.asked] == [{"agent_id": "idle"}]


async def test_who_is_on_a_break_is_called_back() -> None:
    door, floor = Door(), floor_with()
    floor.agents["away"] = AgentNow(presence="break")
    await supervisor(door, floor)._step_in(0)
    assert door.asked == [
        ("PUT", f"http://api/v1/agents/{POOL}/away/presence", {"presence": "available"})
    ]


async def test_a_refusal_is_no_step_and_no_error() -> None:
    boss = supervisor(Door(refuses=True), floor_with("c"))
    await boss._step_in(1)
    assert boss.steps == 0
