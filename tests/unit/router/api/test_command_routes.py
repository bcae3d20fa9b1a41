"""What each command route writes for whom. What the engine makes of it, its own tests say."""

from pathlib import Path
from typing import Any

import pytest

from services.contracts import contact_events as ce
from services.contracts.base import Event
from services.contracts.pool import PoolConfig
from services.kit.auth import Role
from tests.unit.router.api.door import Door
from tests.unit.router.core.world import POOL, World, config

pytestmark = pytest.mark.anyio
WAITS = f"/v1/contacts/{POOL}/w1"
HELD = f"/v1/contacts/{POOL}/c1"
OFFERED = f"/v1/contacts/{POOL}/o1"


@pytest.fixture
def door(tmp_path: Path) -> Door:
    """Anna has c1 in hand and is offered o1; w1 waits for somebody who can do billing."""
    world = World()
    world.configure(PoolConfig(**{**_fields(config()), "pool": "acme/sales", "rules": ()}))
    world.configure(PoolConfig(**{**_fields(config()), "pool": "other/sales", "rules": ()}))
    world.agent("anna")
    world.upsert("bertil", {"billing": 1})
    world.opened("c1")
    world.accept("c1")
    world.opened("o1")
    world.opened("w1", topic="billing")
    return Door(world, tmp_path)


def _fields(of: PoolConfig) -> dict[str, Any]:
    return {name: getattr(of, name) for name in of.__struct_fields__}


async def post(
    door: Door, path: str, body: Any, subject: str, role: Role, **more: Any
) -> tuple[int, dict[str, Any]]:
    async with door.client(subject, role, **more) as client:
        answer = await client.post(path, json=body)
        return answer.status_code, answer.json()


def held(door: Door) -> str:
    return f"/v1/assignments/{door.world.assignment_of('c1')}"


async def only(
    door: Door, kind: type[Event], path: str, body: Any, subject: str, role: Role
) -> dict[str, Any]:
    """The one command that the request led to, without the pool."""
    status, _ = await post(door, path, body, subject, role)
    assert status not in (401, 403, 404, 422)
    [data] = door.sent(kind)
    assert data.pop("pool") == POOL
    return data


# Offers and assignments: agents for themselves


async def test_decline_says_for_how_long_nothing_new_is_wanted(door: Door) -> None:
    offer = door.world.offer_of("o1")
    path = f"/v1/offers/{offer}:decline"
    data = await only(door, ce.DeclineOffer, path, {"pause": 90}, "anna", "agent")
    assert data == {"offer_id": offer, "agent_id": "anna", "pause": 90}


async def test_decline_needs_no_body(door: Door) -> None:
    offer = door.world.offer_of("o1")
    data = await only(door, ce.DeclineOffer, f"/v1/offers/{offer}:decline", None, "anna", "agent")
    assert data == {"offer_id": offer, "agent_id": "anna", "pause": 0}


@pytest.mark.parametrize(
    "goal",
    [
        {"to_agent": "bertil", "note_id": "n1"},
        {"to_queue": "billing"},
        {"to_skills": {"billing": 3}},
        {"to_pool": "acme/sales"},
        {"to_pool": "acme/sales", "to_queue": "urgent"},
    ],
)
async def test_transfer_goes_where_it_is_sent(door: Door, goal: dict[str, Any]) -> None:
    path = f"{held(door)}:transfer"
    data = await only(door, ce.TransferAssignment, path, goal, "anna", "agent")
    assert data == {
        "assignment_id": door.world.assignment_of("c1"),
        "agent_id": "anna",
        **goal,
    }


@pytest.mark.parametrize(
    "goal",
    [
        {},
        {"note_id": "n1"},
        {"to_skills": {}},
        {"to_agent": "bertil", "to_queue": "billing"},
        {"to_pool": "acme/sales", "to_agent": "bertil"},
        {"to_pool": "acme/sales", "to_queue": "urgent", "to_skills": {"billing": 1}},
        {"to_pool": "acme/none"},
        {"to_pool": "other/sales"},
        {"to_pool": POOL},
        {"to_pool": "acme/sales", "to_queue": "none"},
        {"to_skills": {"billing": 6}},
        {"to_agent": "two words"},
    ],
)
async def test_transfer_to_nowhere_or_to_two_places_is_refused(
    door: Door, goal: dict[str, Any]
) -> None:
    status, problem = await post(door, f"{held(door)}:transfer", goal, "anna", "agent")
    assert (status, bool(problem["errors"])) == (422, True)
    assert door.publisher.written == []


async def test_transfer_is_taken_back(door: Door) -> None:
    path = f"{held(door)}:cancel-transfer"
    data = await only(door, ce.CancelTransfer, path, None, "anna", "agent")
    assert data == {"assignment_id": door.world.assignment_of("c1"), "agent_id": "anna"}


@pytest.mark.parametrize("verb", ["transfer", "cancel-transfer", "wrap-up", "complete"])
async def test_nobody_handles_anothers_assignment(door: Door, verb: str) -> None:
    path, body = f"{held(door)}:{verb}", {"to_queue": "billing"} if verb == "transfer" else {}
    assert (await post(door, path, body, "bertil", "agent"))[0] == 403
    assert (await post(door, path, body, "anna", "integration"))[0] == 403
    assert (await post(door, path, body, "anna", "agent", tenant="other"))[0] == 404
    assert door.publisher.written == []


async def test_supervisor_handles_an_assignment_as_its_agent(door: Door) -> None:
    path = f"{held(door)}:transfer"
    goal = {"to_queue": "billing"}
    data = await only(door, ce.TransferAssignment, path, goal, "boss", "supervisor")
    assert data["agent_id"] == "anna"


# Channel


@pytest.mark.parametrize(
    ("path", "subject", "role", "agent"),
    [
        (HELD, "anna", "agent", "anna"),
        (HELD, "boss", "supervisor", "anna"),
        (HELD, "mail", "integration", None),
        (WAITS, "boss", "supervisor", None),
        (OFFERED, "anna", "agent", "anna"),
        (OFFERED, "boss", "supervisor", None),
    ],
)
async def test_channel_is_changed_by_who_has_the_contact_or_for_the_customer(
    door: Door, path: str, subject: str, role: Role, agent: str | None
) -> None:
    path += ":change-channel"
    data = await only(door, ce.ChangeChannel, path, {"channel": "email"}, subject, role)
    assert (data["channel"], data.get("agent_id")) == ("email", agent)


@pytest.mark.parametrize(
    ("path", "subject", "role", "channel", "status"),
    [
        (HELD, "bertil", "agent", "email", 403),
        (WAITS, "anna", "agent", "email", 403),
        (HELD, "ann", "auditor", "email", 403),
        (HELD, "anna", "agent", "telex", 422),
        (f"/v1/contacts/{POOL}/none", "boss", "supervisor", "email", 404),
    ],
)
async def test_channel_is_changed_by_nobody_else_and_to_nowhere(
    door: Door, path: str, subject: str, role: Role, channel: str, status: int
) -> None:
    answer = await post(door, f"{path}:change-channel", {"channel": channel}, subject, role)
    assert answer[0] == status
    assert door.publisher.written == []


# Supervisors

SUPERVISION: list[tuple[type[Event], str, dict[str, Any]]] = [
    (ce.ReassignContact, "reassign", {"agent_id": "bertil"}),
    (ce.MoveContact, "move", {"queue": "urgent"}),
    (ce.PrioritiseContact, "set-priority", {"priority": 0}),
    (ce.CloseContact, "close", {"disposition": "spam"}),
]


@pytest.mark.parametrize(("kind", "verb", "body"), SUPERVISION)
async def test_supervisors_word_carries_the_name_on_the_token(
    door: Door, kind: type[Event], verb: str, body: dict[str, Any]
) -> None:
    data = await only(door, kind, f"{WAITS}:{verb}", body, "boss", "supervisor")
    assert data == {"contact_id": "w1", "by": "boss", **body}


@pytest.mark.parametrize(("kind", "verb", "body"), SUPERVISION)
async def test_name_in_the_body_is_refused(
    door: Door, kind: type[Event], verb: str, body: dict[str, Any]
) -> None:
    forged = {**body, "by": "somebody-else"}
    status, problem = await post(door, f"{WAITS}:{verb}", forged, "boss", "supervisor")
    assert (status, [error["field"] for error in problem["errors"]]) == (422, ["by"])
    assert door.publisher.written == []


@pytest.mark.parametrize("role", ["agent", "integration", "auditor"])
@pytest.mark.parametrize(("kind", "verb", "body"), SUPERVISION)
async def test_only_supervisors_command_contacts(
    door: Door, kind: type[Event], verb: str, body: dict[str, Any], role: Role
) -> None:
    assert (await post(door, f"{HELD}:{verb}", body, "anna", role))[0] == 403
    answer = await post(door, f"{HELD}:{verb}", body, "boss", "supervisor", tenant="other")
    assert answer[0] == 403
    assert door.publisher.written == []


async def test_closing_needs_no_reason(door: Door) -> None:
    data = await only(door, ce.CloseContact, f"{WAITS}:close", None, "boss", "administrator")
    assert data == {"contact_id": "w1", "by": "boss"}


# Agents


async def put(door: Door, path: str, body: Any, subject: str, role: Role) -> dict[str, Any]:
    async with door.client(subject, role) as client:
        answer = await client.put(f"/v1/agents/{POOL}/{path}", json=body)
        return {"status": answer.status_code, **answer.json()}


async def test_forced_presence_says_by_whom_and_the_agents_own_does_not(door: Door) -> None:
    for subject, role in (("anna", "agent"), ("boss", "supervisor")):
        answer = await put(door, "anna/presence", {"presence": "break"}, subject, role)  # type: ignore[arg-type]
        assert answer["status"] == 200
    assert [data.get("by") for data in door.sent(ce.SetPresence)] == [None, "boss"]


async def test_nobody_forces_anothers_presence_or_says_who_did(door: Door) -> None:
    answer = await put(door, "anna/presence", {"presence": "break"}, "bertil", "agent")
    assert answer["status"] == 403
    forged = {"presence": "break", "by": "boss"}
    assert (await put(door, "anna/presence", forged, "anna", "agent"))["status"] == 422
    assert door.publisher.written == []


async def test_agent_is_given_contacts_of_the_channels_named(door: Door) -> None:
    body = {"skills": {"billing": 2}, "auto_accept": ["phone"]}
    assert (await put(door, "anna", body, "boss", "supervisor"))["status"] == 200
    [data] = door.sent(ce.UpsertAgent)
    assert data["auto_accept"] == ["phone"]


async def test_channel_that_the_pool_does_not_have_is_named(door: Door) -> None:
    body = {"skills": {}, "auto_accept": ["phone", "telex"], "limits": {"fax": 1}}
    answer = await put(door, "anna", body, "boss", "supervisor")
    assert answer["status"] == 422
    assert [error["field"] for error in answer["errors"]] == ["limits.fax", "auto_accept.1"]


# Repetition


async def test_same_key_is_the_same_command_and_another_route_another(door: Door) -> None:
    async with door.client(
        "boss",
        "supervisor",
    ) as client:
        client.headers["Idempotency-Key"] = "once"
        first = await client.post(f"{WAITS}:set-priority", json={"priority": 1})
        again = await client.post(f"{WAITS}:set-priority", json={"priority": 1})
        await client.post(f"{WAITS}:close")
    assert first.text == again.text
    ids = [event.id for event in door.publisher.events(Event)]
    assert len(ids) == 3
    assert len(set(ids)) == 2


async def test_without_a_token_nothing_is_written(door: Door) -> None:
    async with door.client("boss", "supervisor") as client:
        del client.headers["Authorization"]
        for _, verb, body in SUPERVISION:
            answer = await client.post(f"{WAITS}:{verb}", json=body)
            assert answer.status_code == 401
            assert answer.headers["content-type"] == "application/problem+json"
    assert door.publisher.written == []
