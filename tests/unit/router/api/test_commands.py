"""Commands: each answer reaches who waits for it, late ones can be asked for, none is guessed."""

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.contracts.contact_events import SetPresence, SetPresenceData
from services.kit.auth import Principal
from services.kit.clock import SystemClock
from services.kit.errors import Unavailable
from services.kit.metrics import Metrics
from services.kit.problem import Problem
from services.router.api.access import Caller
from services.router.api.commands import WORDS, Commands
from tests.unit.router.api.routed import RoutedPublisher
from tests.unit.router.core.world import PARTITION, POOL, World

pytestmark = pytest.mark.anyio


class Desk:
    """Commands of a routed world."""

    def __init__(self) -> None:
        world = World()
        world.agent("anna")
        self.publisher = RoutedPublisher(world)
        self.commands = Commands(
            self.publisher.real,
            self.publisher.replica,
            SystemClock(),
            Metrics("test"),
            reply_timeout=0.05,
        )
        self.publisher.replica.listen(self.commands.after)

    def presence(self, caller: Caller, presence: Any, agent: str = "anna") -> Any:
        data = SetPresenceData(pool=POOL, agent_id=agent, presence=presence)
        return self.commands.answer(caller, POOL, PARTITION, SetPresence, data)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def caller(
    subject: str = "anna", *, tenant: str = "acme", key: str | None = None, route: str = "PUT /x"
) -> Caller:
    return Caller(Principal(subject, tenant, frozenset({"agent"})), route, key, "")


async def test_answer_is_the_routers_status_and_body(desk: Desk) -> None:
    answer = await desk.presence(caller(), "break")
    assert answer.status_code == 200
    assert json.loads(answer.body)["presence"] == "break"


async def test_refusal_is_a_problem_with_the_routers_words(desk: Desk) -> None:
    answer = await desk.presence(caller(), "break", agent="nobody")
    assert answer.status_code == 404
    assert answer.media_type == "application/problem+json"
    problem = json.loads(answer.body)
    assert (problem["reason"], problem["detail"]) == ("unknown_agent", "There is no such agent.")


async def test_each_of_many_gets_its_own_answer(desk: Desk) -> None:
    wanted = ["break", "available", "draining", "offline", "wrap_up"] * 4
    answers = await asyncio.gather(*(desk.presence(caller(), one) for one in wanted))
    assert [json.loads(answer.body)["presence"] for answer in answers] == wanted


async def test_same_key_is_the_same_command(desk: Desk) -> None:
    first = await desk.presence(caller(key="k"), "break")
    again = await desk.presence(caller(key="k"), "available")
    assert first.body == again.body
    assert len({one.event.id for one in desk.publisher.written}) == 1  # type: ignore[attr-defined]


async def test_both_who_send_the_same_key_at_once_are_answered(desk: Desk) -> None:
    answers = await asyncio.gather(*(desk.presence(caller(key="k"), "break") for _ in range(3)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1


@pytest.mark.parametrize(
    "other",
    [
        lambda: caller("bertil", key="k"),
        lambda: caller(key="k", route="PUT /y"),
        lambda: caller(key="other"),
        lambda: caller(key=None),
    ],
)
async def test_key_counts_for_one_person_and_one_route(
    desk: Desk, other: Callable[[], Caller]
) -> None:
    await desk.presence(caller(key="k"), "break")
    await desk.presence(other(), "break")
    assert len({one.event.id for one in desk.publisher.written}) == 2  # type: ignore[attr-defined]


async def test_without_an_answer_in_time_there_is_a_place_to_ask(desk: Desk) -> None:
    desk.publisher.asleep = True
    answer = await desk.presence(caller(), "break")
    assert answer.status_code == 202
    command_id = json.loads(answer.body)["command_id"]
    assert answer.headers["Location"] == f"/v1/commands/{command_id}"
    assert desk.commands.look_up(caller(), command_id) is None
    desk.publisher.wake()
    reply = desk.commands.look_up(caller(), command_id)
    assert reply is not None
    assert (reply.status, reply.body["presence"]) == (200, "break")


async def test_nobody_asks_for_another_companys_command(desk: Desk) -> None:
    desk.publisher.asleep = True
    answer = await desk.presence(caller(), "break")
    command_id = json.loads(answer.body)["command_id"]
    for _ in range(2):
        with pytest.raises(Problem) as refused:
            desk.commands.look_up(caller(tenant="other"), command_id)
        assert refused.value.status == 404
        desk.publisher.wake()


async def test_command_that_was_never_given_is_unknown(desk: Desk) -> None:
    with pytest.raises(Problem) as refused:
        desk.commands.look_up(caller(), "acme.0123")
    assert refused.value.status == 404


async def test_not_durable_is_503_and_leaves_nothing_pending(desk: Desk) -> None:
    desk.publisher.away = {"contact-events"}
    answer = await desk.presence(caller(key="k"), "break")
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
    assert desk.commands._pending == {}
    assert desk.commands._waiting == {}


async def test_unknown_outcome_is_503_and_can_be_asked_for(desk: Desk) -> None:
    desk.publisher.away, desk.publisher.unknown = {"contact-events"}, True
    answer = await desk.presence(caller(key="k"), "break")
    assert answer.status_code == 503
    problem = json.loads(answer.body)
    assert problem["outcome_unknown"] is True
    assert "Idempotency-Key" in problem["detail"]
    assert len(desk.commands._pending) == 1


async def test_what_the_router_could_not_read_is_refused_at_the_door(desk: Desk) -> None:
    with pytest.raises(Problem) as refused:
        await desk.presence(caller(), "on holiday")
    assert refused.value.status == 422
    assert refused.value.members["errors"][0]["field"] == "presence"
    assert desk.publisher.written == []


async def test_before_the_journal_is_read_nobody_is_told_that_a_command_is_unknown() -> None:
    desk = Desk()
    desk.publisher.replica._live = False
    with pytest.raises(Unavailable):
        desk.commands.look_up(caller(), "acme.0123")


def test_every_reason_of_the_engine_has_words() -> None:
    source = "".join(path.read_text() for path in Path("services/router/core").glob("*.py"))
    given = re.findall(r'refused\(\s*\w+,\s*\d+,\s*"(\w+)"', source)
    given += re.findall(r'reason = "(\w+)"', source) + re.findall(r'return "(agent_\w+)"', source)
    given += re.findall(r'reason = "(\w+)" if .* else "(\w+)"', source)[0]
    assert len(set(given)) > 15
    assert set(given) <= WORDS.keys()
