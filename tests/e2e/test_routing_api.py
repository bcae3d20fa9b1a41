"""The routing API with a real router, broker and Redis: each test has a pool of its own."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec
import pytest
from websockets.exceptions import InvalidStatus

from services.contracts.codec import decode
from services.contracts.pool import ChannelConfig, PoolConfig, PresenceConfig, QueueConfig
from services.contracts.routing_events import AgentLost
from services.contracts.settings_events import PoolDeclared
from services.contracts.topics import SETTINGS
from services.kit.journal_reader import JournalReader
from services.kit.log_reader import LogReader
from services.kit.settings import Settings
from tests.support.journal_site import eventually
from tests.support.routing import TENANT, Client, Inputs, Site, Socket, running

pytestmark = pytest.mark.anyio
_numbers = itertools.count()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running(tmp_path_factory.mktemp("routing")) as made:
        yield made


@dataclass
class Desk:
    """A pool of the test's own, with who works at it."""

    site: Site
    config: PoolConfig
    admin: Client
    inputs: Inputs
    stack: AsyncExitStack

    @property
    def pool(self) -> str:
        return self.config.pool

    async def agent(self, name: str = "anna", **skills: int) -> Client:
        """A provisioned agent's client, without a socket."""
        body = {"skills": skills or {"fi": 3}}
        answer = await self.admin.http.put(f"/v1/agents/{self.pool}/{name}", json=body)
        assert answer.status_code == 200, answer.text
        return await self.stack.enter_async_context(Client(self.site, name, "agent"))

    async def ready(self, client: Client) -> Socket:
        """The agent's socket, with the agent available."""
        socket = await self.stack.enter_async_context(client.socket(self.pool))
        assert (await socket.frame())["type"] == "snapshot"
        await socket.event("session.attached")
        url = f"/v1/agents/{self.pool}/{client.subject}/presence"
        answer = await client.http.put(url, json={"presence": "available"})
        assert answer.status_code == 200, answer.text
        await socket.event("agent.presence-changed")
        return socket


def config_of(pool: str, partition: int) -> PoolConfig:
    return PoolConfig(
        pool=pool,
        partition=partition,
        channels={"chat": ChannelConfig(cost=50, max=2, offer_timeout=30, wrap_up=60)},
        queues={"general": QueueConfig()},
        fallback_queue="general",
        languages=("fi", "sv", "en"),
        presence=PresenceConfig(grace=5),
    )


@pytest.fixture
async def desk(site: Site) -> AsyncIterator[Desk]:
    number = next(_numbers)
    config = config_of(f"{TENANT}/desk-{number}", number % 6)
    async with AsyncExitStack() as stack:
        admin = await stack.enter_async_context(Client(site, "admin", "administrator"))
        inputs = await stack.enter_async_context(site.producer())
        answer = await admin.http.put(
            f"/v1/pools/{config.pool}", content=msgspec.json.encode(config)
        )
        assert answer.status_code == 200, answer.text
        yield Desk(site, config, admin, inputs, stack)


def contact_url(desk: Desk, contact_id: str, rest: str = "") -> str:
    return f"/v1/contacts/{desk.pool}/{contact_id}{rest}"


# The way of a contact


async def test_contact_is_offered_accepted_written_up_and_closed(desk: Desk) -> None:
    anna = await desk.agent()
    socket = await desk.ready(anna)
    contact_id = await desk.inputs.contact(desk.config, language="fi")
    offer = await socket.event("offer.made")
    assert offer["contact"] == contact_id

    accepted = await anna.http.post(f"/v1/offers/{offer['offer']}:accept")
    assert accepted.status_code == 200
    assignment = accepted.json()["assignment_id"]
    assert (await socket.event("assignment.started"))["assignment"] == assignment
    view = (await desk.admin.http.get(contact_url(desk, contact_id))).json()
    assert (view["state"], view["agent_id"]) == ("assigned", "anna")

    url = f"/v1/assignments/{assignment}"
    wrapping = await anna.http.post(f"{url}:wrap-up", json={"disposition": "solved"})
    assert wrapping.json()["state"] == "wrapping"
    done = await anna.http.post(f"{url}:complete", json={"disposition": "solved"})
    assert done.json()["state"] == "done"
    await socket.event("contact.closed")
    view = (await desk.admin.http.get(contact_url(desk, contact_id))).json()
    assert (view["state"], view["agent_id"]) == ("closed", "anna")
    agent = (await anna.http.get(f"/v1/agents/{desk.pool}/anna")).json()
    assert agent["used"] == 0
    assert agent["revision"] == socket.revision


async def test_declined_offer_goes_to_the_next_agent(desk: Desk) -> None:
    first, second = await desk.agent("anna"), await desk.agent("bertil")
    sockets = {"anna": await desk.ready(first), "bertil": await desk.ready(second)}
    await desk.inputs.contact(desk.config)
    offer = await sockets["anna"].event("offer.made")
    declined = await first.http.post(f"/v1/offers/{offer['offer']}:decline")
    assert declined.status_code == 200
    again = await sockets["bertil"].event("offer.made")
    assert again["contact"] == offer["contact"]


async def test_cancelled_contact_is_withdrawn_and_its_offer_rescinded(desk: Desk) -> None:
    anna = await desk.agent()
    socket = await desk.ready(anna)
    contact_id = await desk.inputs.contact(desk.config)
    await socket.event("offer.made")
    cancelled = await desk.admin.http.post(contact_url(desk, contact_id, ":cancel"))
    assert cancelled.json()["contact_state"] == "withdrawn"
    assert (await socket.event("offer.ended"))["result"] == "rescinded"


async def test_position_counts_those_who_came_before(desk: Desk) -> None:
    waiting = [await desk.inputs.contact(desk.config) for _ in range(3)]

    async def place() -> httpx.Response:
        return await desk.admin.http.get(contact_url(desk, waiting[2], "/position"))

    answer = await eventually(place, lambda a: a.status_code == 200)
    assert answer.json()["position"] == 3
    assert answer.json()["waiting"] == 3
    queues = (await desk.admin.http.get(f"/v1/queues/{desk.pool}")).json()["queues"]
    assert [(q["queue"], q["waiting"]) for q in queues] == [("general", 3)]


async def test_position_of_a_contact_that_does_not_wait_is_409_with_its_state(desk: Desk) -> None:
    anna = await desk.agent()
    socket = await desk.ready(anna)
    contact_id = await desk.inputs.contact(desk.config)
    await socket.event("offer.made")
    answer = await desk.admin.http.get(contact_url(desk, contact_id, "/position"))
    assert answer.status_code == 409
    assert answer.json()["contact_state"] == "offered"


# Why


async def story(desk: Desk, contact_id: str, query: str = "") -> dict[str, Any]:
    async with Client(desk.site, "boss", "supervisor") as boss:
        answer = await boss.http.get(contact_url(desk, contact_id, f"/explain{query}"))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


async def test_story_of_a_contact_is_told_from_the_journal_after_a_restart_too(
    desk: Desk,
) -> None:
    anna, bertil = await desk.agent("anna"), await desk.agent("bertil", sv=2)
    first = await desk.ready(anna)
    contact_id = await desk.inputs.contact(desk.config, language="fi")
    offer = await first.event("offer.made")
    await anna.http.post(f"/v1/offers/{offer['offer']}:decline", json={"pause": 60})
    await desk.ready(bertil)
    cancelled = await desk.admin.http.post(contact_url(desk, contact_id, ":cancel"))
    assert cancelled.status_code == 200

    found = await story(desk, contact_id, "?candidates=true")
    assert found["complete"]
    assert [step["type"] for step in found["steps"]] == [
        "contact.queued",
        "offer.made",
        "offer.ended",
        "contact.requeued",
        "contact.withdrawn",
    ]
    assert "It needs fi at level 1." in found["steps"][0]["text"]
    assert [one["reason"] for one in found["steps"][1]["candidates"]] == [None, "lack_skills"]
    assert found["steps"][2]["text"] == "anna declined it."

    await asyncio.to_thread(desk.site.api.stop)
    await asyncio.to_thread(desk.site.api.start)
    assert await story(desk, contact_id, "?candidates=true") == found


async def test_dry_run_agrees_with_what_a_contact_gets(desk: Desk) -> None:
    anna = await desk.agent()
    await desk.ready(anna)
    url = f"/v1/pools/{desk.pool}:classify"
    body = {"contact": {"channel": "chat", "language": "fi"}}
    found = (await desk.admin.http.post(url, json=body)).json()
    assert (found["queue"], found["required"], found["agents"]["free"]) == ("general", {"fi": 1}, 1)
    contact_id = await desk.inputs.contact(desk.config, language="fi")

    async def view() -> httpx.Response:
        return await desk.admin.http.get(contact_url(desk, contact_id))

    answer = (await eventually(view, lambda a: a.status_code == 200)).json()
    for key in ("queue", "required", "preferred", "priority"):
        assert answer[key] == found[key]


# Handing over, stepping in


async def test_transfer_is_accepted_and_a_supervisor_steps_in(desk: Desk) -> None:
    anna, bertil = await desk.agent("anna"), await desk.agent("bertil", sv=2)
    first = await desk.ready(anna)
    contact_id = await desk.inputs.contact(desk.config, language="fi")
    offer = await first.event("offer.made")
    accepted = await anna.http.post(f"/v1/offers/{offer['offer']}:accept")
    held = f"/v1/assignments/{accepted.json()['assignment_id']}"
    second = await desk.ready(bertil)
    body = {"to_agent": "bertil", "note_id": "n1"}
    transferred = await anna.http.post(f"{held}:transfer", json=body)
    assert (transferred.status_code, transferred.json()["transfer"]) == (200, "open")
    offer = await second.event("offer.made")
    assert (offer["from_agent"], offer["note"]) == ("anna", "n1")
    assert (await bertil.http.post(f"/v1/offers/{offer['offer']}:accept")).status_code == 200

    refused = await bertil.http.post(contact_url(desk, contact_id, ":close"))
    assert refused.status_code == 403
    async with Client(desk.site, "boss", "supervisor") as boss:
        url = contact_url(desk, contact_id, ":reassign")
        given = await boss.http.post(url, json={"agent_id": "anna"})
        assert (given.status_code, given.json()["agent_id"]) == (200, "anna")
        presence = f"/v1/agents/{desk.pool}/bertil/presence"
        forced = await boss.http.put(presence, json={"presence": "break"})
        assert forced.status_code == 200
        closed = await boss.http.post(contact_url(desk, contact_id, ":close"))
        assert closed.json()["contact_state"] == "closed"
        audit = (await boss.http.get(f"/v1/pools/{desk.pool}/audit")).json()["audit"]
    assert (await second.event("agent.presence-changed"))["by"] == "boss"
    assert [(one["by"], one["action"]) for one in audit] == [
        ("boss", "contact.close"),
        ("boss", "agent.set-presence"),
        ("boss", "contact.reassign"),
    ]
    texts = [step["text"] for step in (await story(desk, contact_id))["steps"]]
    assert "bertil has it, from anna." in texts
    assert "boss steps in and gives it to anna." in texts


async def test_callback_is_opened_and_waits_for_its_time(desk: Desk) -> None:
    anna = await desk.agent()
    body = {
        "conversation_id": "v1",
        "channel": "chat",
        "not_before": 4_000_000_000_000,
        "preferred_agent": "anna",
    }
    key = {"Idempotency-Key": "promise"}
    answers = [
        await anna.http.post(f"/v1/contacts/{desk.pool}", json=body, headers=key) for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert len({answer.json()["contact_id"] for answer in answers}) == 1
    assert answers[0].json()["state"] == "scheduled"


# Races and repetitions


async def test_of_two_racing_accepts_one_wins_and_the_other_is_told_what_is_true(
    desk: Desk,
) -> None:
    anna = await desk.agent()
    socket = await desk.ready(anna)
    await desk.inputs.contact(desk.config)
    offer = (await socket.event("offer.made"))["offer"]
    answers = await asyncio.gather(
        *(anna.http.post(f"/v1/offers/{offer}:accept") for _ in range(5)),
        *(anna.http.post(f"/v1/offers/{offer}:decline") for _ in range(5)),
    )
    won = [a for a in answers if a.status_code == 200]
    lost = [a for a in answers if a.status_code == 409]
    assert (len(won), len(lost)) == (1, 9)
    for answer in lost:
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert problem["reason"] == "offer_over"
        assert problem["offer_result"] in {"accepted", "declined"}
        assert problem["contact_state"] in {"assigned", "queued"}


async def test_doubled_idempotency_key_gets_the_same_answer(desk: Desk) -> None:
    anna = await desk.agent()
    socket = await desk.ready(anna)
    await desk.inputs.contact(desk.config)
    offer = (await socket.event("offer.made"))["offer"]
    key = {"Idempotency-Key": "once"}
    answers = [await anna.http.post(f"/v1/offers/{offer}:accept", headers=key) for _ in range(3)]
    assert [a.status_code for a in answers] == [200, 200, 200]
    assert len({a.text for a in answers}) == 1
    assert (await anna.http.post(f"/v1/offers/{offer}:accept")).status_code == 409


async def test_command_without_an_answer_in_time_is_202_and_answered_later(desk: Desk) -> None:
    anna = await desk.agent()
    desk.site.router.pause()
    try:
        answer = await anna.http.put(
            f"/v1/agents/{desk.pool}/anna/presence", json={"presence": "available"}
        )
        assert answer.status_code == 202, answer.text
        where = answer.headers["Location"]
        pending = await anna.http.get(where)
        assert (pending.status_code, pending.json()["state"]) == (202, "pending")
    finally:
        desk.site.router.resume()

    async def result() -> httpx.Response:
        return await anna.http.get(where)

    done = (await eventually(result, lambda a: a.status_code == 200, 20)).json()
    assert (done["state"], done["status"]) == ("done", 200)
    assert done["body"]["presence"] == "available"
    async with Client(desk.site, "spy", "administrator", tenant="other") as spy:
        assert (await spy.http.get(where)).status_code == 404


async def test_unknown_things_are_404(desk: Desk) -> None:
    client = desk.admin.http
    for path in (
        f"/v1/agents/{desk.pool}/nobody",
        f"/v1/contacts/{desk.pool}/none",
        f"/v1/queues/{TENANT}/nowhere",
        f"/v1/pools/{TENANT}/nowhere",
        f"/v1/commands/{TENANT}.none",
    ):
        answer = await client.get(path)
        assert answer.status_code == 404, path
        assert answer.headers["content-type"] == "application/problem+json"
    for path in ("/v1/offers/o0-0-99:accept", "/v1/offers/nonsense:accept"):
        assert (await client.post(path)).status_code == 404, path


# Who may do what


async def test_without_a_token_everything_is_401(desk: Desk) -> None:
    async with httpx.AsyncClient(base_url=desk.site.url("api")) as nobody:
        document = (await nobody.get("/openapi.json")).json()
        for path, operations in document["paths"].items():
            for method in operations:
                if path.startswith("/v1/dev/"):
                    continue
                filled = path.replace("{", "").replace("}", "")
                answer = await nobody.request(method, filled, json={})
                assert answer.status_code in {401, 422}, (method, path, answer.text)
                if answer.status_code == 401:
                    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_agent_acts_for_nobody_else(desk: Desk) -> None:
    anna, bertil = await desk.agent("anna"), await desk.agent("bertil")
    socket = await desk.ready(anna)
    await desk.inputs.contact(desk.config)
    offer = (await socket.event("offer.made"))["offer"]
    url = f"/v1/agents/{desk.pool}/anna"
    refused = [
        await bertil.http.post(f"/v1/offers/{offer}:accept"),
        await bertil.http.get(url),
        await bertil.http.put(f"{url}/presence", json={"presence": "offline"}),
        await bertil.http.put(url, json={"skills": {"fi": 5}}),
        await bertil.http.put(f"/v1/agents/{desk.pool}/bertil", json={"skills": {"fi": 5}}),
        await bertil.http.put(f"/v1/pools/{desk.pool}", content=b""),
    ]
    assert [answer.status_code for answer in refused] == [403] * len(refused)
    with pytest.raises(InvalidStatus) as denied:
        async with bertil.socket(desk.pool, "anna"):
            pass
    assert denied.value.response.status_code == 403


async def test_another_company_sees_nothing(desk: Desk) -> None:
    anna = await desk.agent()
    socket = await desk.ready(anna)
    contact_id = await desk.inputs.contact(desk.config)
    offer = (await socket.event("offer.made"))["offer"]
    async with Client(desk.site, "boss", "administrator", "agent", tenant="other") as boss:
        for path in (
            f"/v1/agents/{desk.pool}/anna",
            f"/v1/queues/{desk.pool}",
            f"/v1/pools/{desk.pool}",
            contact_url(desk, contact_id),
        ):
            assert (await boss.http.get(path)).status_code == 403, path
        assert (await boss.http.post(f"/v1/offers/{offer}:accept")).status_code == 404


async def test_supervisor_may_act_for_an_agent(desk: Desk) -> None:
    anna = await desk.agent()
    socket = await desk.ready(anna)
    await desk.inputs.contact(desk.config)
    offer = (await socket.event("offer.made"))["offer"]
    async with Client(desk.site, "boss", "supervisor") as boss:
        assert (await boss.http.post(f"/v1/offers/{offer}:accept")).status_code == 200


# Configuration


async def test_broken_configuration_is_refused_with_every_mistake_and_its_line(
    desk: Desk,
) -> None:
    text = "pool: kaarna/new\npartition: 99\nchannels:\n  chat: {cost: 200}\nqueues: {}\n"
    answer = await desk.admin.http.put(f"/v1/pools/{TENANT}/new", content=text)
    assert answer.status_code == 422
    found = {(error["line"], error["field"]) for error in answer.json()["errors"]}
    assert found == {(1, "fallback_queue"), (4, "channels.chat.cost")}
    assert (await desk.admin.http.get(f"/v1/pools/{TENANT}/new")).status_code == 404


async def test_dry_run_validates_and_changes_nothing(desk: Desk) -> None:
    changed = msgspec.structs.replace(desk.config, languages=("fi",))
    answer = await desk.admin.http.put(
        f"/v1/pools/{desk.pool}?dry_run=true", content=msgspec.json.encode(changed)
    )
    assert answer.status_code == 200
    assert answer.json()["config"]["languages"] == ["fi"]
    now = (await desk.admin.http.get(f"/v1/pools/{desk.pool}")).json()
    assert now["version"] == 1
    assert now["config"]["languages"] == ["fi", "sv", "en"]


async def test_partition_of_a_pool_cannot_change(desk: Desk) -> None:
    moved = msgspec.structs.replace(desk.config, partition=(desk.config.partition + 1) % 6)
    answer = await desk.admin.http.put(f"/v1/pools/{desk.pool}", content=msgspec.json.encode(moved))
    assert answer.status_code == 409
    assert answer.json()["partition"] == desk.config.partition


async def test_configured_pool_is_declared_to_all_services(desk: Desk) -> None:
    settings = Settings(kafka=desk.site.broker.address)

    async def declared() -> dict[str, Any]:
        reader = LogReader(settings, SETTINGS)
        await reader.open()
        try:
            end = (await reader.ends())[0]
            found: dict[str, Any] = {}
            offset = -1
            while offset < end - 1:
                for raw in await reader.read():
                    event, offset = decode(SETTINGS, raw.value or b""), raw.offset
                    if isinstance(event, PoolDeclared):
                        found[(raw.key or b"").decode()] = event.data.config
            return found
        finally:
            await reader.close()

    assert (await declared())[f"pool/{desk.pool}"] == desk.config


async def test_skill_that_the_pool_does_not_declare_is_named(desk: Desk) -> None:
    answer = await desk.admin.http.put(
        f"/v1/agents/{desk.pool}/anna", json={"skills": {"fi": 3, "klingon": 2}}
    )
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["skills.klingon"]


async def test_level_out_of_range_is_named(desk: Desk) -> None:
    answer = await desk.admin.http.put(f"/v1/agents/{desk.pool}/anna", json={"skills": {"fi": 9}})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "skills.fi"


# Sockets


async def test_all_sockets_of_an_agent_see_the_same_numbers(desk: Desk) -> None:
    anna = await desk.agent()
    first = await desk.ready(anna)
    second = await desk.stack.enter_async_context(anna.socket(desk.pool, browser=True))
    snapshot = await second.frame()
    assert snapshot["type"] == "snapshot"
    for _ in range(2):
        await desk.inputs.contact(desk.config)
    for socket in (first, second):
        await socket.event("offer.made")
        await socket.event("offer.made")
    seen = {frame["revision"]: frame for frame in first.frames if frame["type"] == "event"}
    common = [frame for frame in second.frames if frame["revision"] in seen]
    assert len(common) >= 2
    assert all(seen[frame["revision"]] == frame for frame in common if frame["type"] == "event")


async def test_new_socket_begins_with_what_is_in_hand(desk: Desk) -> None:
    anna = await desk.agent()
    first = await desk.ready(anna)
    contact_ids = {await desk.inputs.contact(desk.config) for _ in range(2)}
    offer = await first.event("offer.made")
    await first.event("offer.made")
    await anna.http.post(f"/v1/offers/{offer['offer']}:accept")
    async with anna.socket(desk.pool) as again:
        snapshot = await again.frame()
    assert [o["contact_id"] for o in snapshot["offers"]] == list(contact_ids - {offer["contact"]})
    assert [a["contact_id"] for a in snapshot["assignments"]] == [offer["contact"]]
    assert snapshot["agent"]["agent_id"] == "anna"


async def test_agent_is_present_while_one_socket_lives(desk: Desk) -> None:
    anna = await desk.agent()
    first = await desk.ready(anna)
    async with anna.socket(desk.pool) as second:
        await second.frame()
        await first.event("session.attached")
        await first.connection.close()
        assert (await second.event("session.detached"))["reason"] == "ended"
        agent = (await anna.http.get(f"/v1/agents/{desk.pool}/anna")).json()
        assert agent["connected"] is True

    async def connected() -> Any:
        return (await anna.http.get(f"/v1/agents/{desk.pool}/anna")).json()["connected"]

    await eventually(connected, lambda c: c is False)


async def test_socket_of_an_agent_that_does_not_exist_is_refused(desk: Desk) -> None:
    with pytest.raises(InvalidStatus) as denied:
        async with desk.admin.socket(desk.pool, "nobody"):
            pass
    assert denied.value.response.status_code == 404


async def test_socket_without_a_good_token_is_refused(desk: Desk) -> None:
    anna = await desk.agent()
    anna.token = "nonsense"
    for browser in (False, True):
        with pytest.raises(InvalidStatus) as denied:
            async with anna.socket(desk.pool, browser=browser):
                pass
        assert denied.value.response.status_code == 401


# When parts of the platform are away


async def journalled(site: Site, holds: Callable[[object], bool], pool: str) -> None:
    """Wait until the journal holds such an event of the pool."""
    reader = JournalReader(Settings(kafka=site.broker.address))
    async with asyncio.timeout(30), aclosing(reader.batches()) as batches:
        async for batch in batches:
            for _, _, record in batch:
                for event in record.events:
                    if getattr(event, "pool", "") == pool and holds(event):
                        return


async def test_sessions_survive_the_routers_silence_and_the_gateways(desk: Desk) -> None:
    """The API is stopped for longer than its lease: its sessions are given up, and come back."""
    anna = await desk.agent()
    socket = await desk.ready(anna)
    desk.site.api.pause()
    try:
        await desk.inputs.contact(desk.config)
        await journalled(desk.site, lambda event: isinstance(event, AgentLost), desk.pool)
    finally:
        desk.site.api.resume()
    await socket.event("session.attached", 20)
    async with Client(desk.site, "anna", "agent") as again:
        agent = (await again.http.get(f"/v1/agents/{desk.pool}/anna")).json()
    assert agent["connected"] is True


async def test_killed_api_ends_its_sessions_by_silence(desk: Desk) -> None:
    anna = await desk.agent()
    socket = await desk.ready(anna)
    desk.site.api.kill()
    await socket.connection.wait_closed()
    await asyncio.to_thread(desk.site.api.start)
    async with Client(desk.site, "anna", "agent") as again:

        async def connected() -> Any:
            return (await again.http.get(f"/v1/agents/{desk.pool}/anna")).json()["connected"]

        await eventually(connected, lambda c: c is False, 20)


async def test_stopped_api_ends_its_sessions_at_once(desk: Desk) -> None:
    anna = await desk.agent()
    await desk.ready(anna)
    await asyncio.to_thread(desk.site.api.stop)
    await asyncio.to_thread(desk.site.api.start)
    async with Client(desk.site, "anna", "agent") as again:
        agent = (await again.http.get(f"/v1/agents/{desk.pool}/anna")).json()
        assert agent["connected"] is False


async def test_without_redis_offers_and_answers_go_on(desk: Desk) -> None:
    anna = await desk.agent()
    socket = await desk.ready(anna)
    desk.site.redis.kill()
    try:
        contact_id = await desk.inputs.contact(desk.config)
        offer = await socket.event("offer.made", 2)
        answer = await anna.http.post(f"/v1/offers/{offer['offer']}:accept")
        assert answer.status_code == 200
        view = await desk.admin.http.get(contact_url(desk, contact_id))
        assert view.json()["state"] == "assigned"
    finally:
        await asyncio.to_thread(desk.site.redis.start)


async def test_without_kafka_a_command_is_503_and_safe_to_repeat(desk: Desk) -> None:
    anna = await desk.agent()
    url, body = f"/v1/agents/{desk.pool}/anna/presence", {"presence": "break"}
    key = {"Idempotency-Key": "again"}
    desk.site.broker.kill()
    try:
        refused = await anna.http.put(url, json=body, headers=key)
        assert refused.status_code == 503
        assert int(refused.headers["Retry-After"]) > 0
        assert (await anna.http.get(f"/v1/agents/{desk.pool}/anna")).status_code == 200
    finally:
        await asyncio.to_thread(desk.site.broker.start)

    async def repeat() -> httpx.Response:
        return await anna.http.put(url, json=body, headers=key)

    answer = await eventually(repeat, lambda a: a.status_code == 200, 40)
    assert answer.json()["presence"] == "break"
