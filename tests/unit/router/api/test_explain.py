"""Explanations: the story of a contact, told from real journals of the engine."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from services.contracts import contact_events as ce
from services.kit.auth import Role
from services.kit.errors import Unavailable
from services.kit.problem import Problem
from services.router.api import explainer as explainer_module
from services.router.api import trail as trail_module
from services.router.api.rehearsal import Rehearsal, Stage
from services.router.api.trail import Trail
from tests.unit.router.api.door import FIRST, Door, batches_of
from tests.unit.router.core.world import PARTITION, POOL, World, config

pytestmark = pytest.mark.anyio


@pytest.fixture
def world() -> World:
    return World()


async def story(
    door: Door, contact: str, *, role: Role = "supervisor", query: str = "", status: int = 200
) -> dict[str, Any]:
    async with door.client("boss", role) as client:
        answer = await client.get(f"/v1/contacts/{POOL}/{contact}/explain{query}")
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found


def served_at_last(world: World) -> None:
    """Billing in German: ann declines, bob misses it, ann accepts; cid is on a break, dan lacks a
    level, eve is on the phone."""
    world.agent("eve", billing=2, de=1)
    world.opened("call", "phone")
    world.accept("call")
    world.agent("ann", billing=3, de=2)
    world.agent("bob", billing=2, de=1)
    world.agent("cid", billing=5, de=5)
    world.presence("cid", "break")
    world.agent("dan", billing=1, de=5)
    world.now += 5_000
    world.opened("c1", topic="billing", language="de-AT", opened_at=world.now - 2_500)
    world.now += 1_200
    world.decline("c1")
    world.wait(25)
    world.accept("c1")
    world.wait(200)
    world.complete("c1", "refund")


async def test_story_of_a_contact_from_its_coming_to_its_end(world: World, tmp_path: Path) -> None:
    served_at_last(world)
    found = await story(Door(world, tmp_path), "c1")
    texts = [step["text"] for step in found["steps"]]
    offers = [text for text in texts if text.startswith("Offered")]
    assert [text for text in texts if text not in offers] == [
        (
            "It came in: channel chat, language de-AT, topic billing. Its wait had begun 2.5 s "
            "before. Rule 2 (topic is billing or invoice) put it in the queue billing with "
            "priority 5. It needs billing at level 2 and de at level 1."
        ),
        "ann declined it.",
        "It waits again, at its old age: the agent declined.",
        "bob did not answer in time.",
        "It waits again, at its old age: nobody answered the offer in time.",
        "ann has it, after a wait of 28.7 s.",
        "ann has it no more: the agent finished. Disposition: refund.",
        "It was closed by ann. Disposition: refund.",
    ]
    assert [text.partition(".")[0] for text in offers] == [
        "Offered to ann (chat, queue billing) after a wait of 2",
        "Offered to bob (chat, queue billing) after a wait of 3",
        "Offered to ann (chat, queue billing) after a wait of 23",
    ]
    assert "1 lacked a skill, 1 was away and 1 had no room." in offers[0]
    assert found["summary"] == (
        "It was offered 3 times. It was served. All of this took 3 min 46 s."
    )
    assert found["complete"]
    assert found["contact"]["state"] == "closed"
    assert [step["at"] for step in found["steps"]] == sorted(step["at"] for step in found["steps"])


async def test_terms_are_what_stands_in_the_journal(world: World, tmp_path: Path) -> None:
    served_at_last(world)
    steps = (await story(Door(world, tmp_path), "c1"))["steps"]
    assert steps[0]["terms"]["required"] == {"billing": 2, "de": 1}
    assert steps[1]["terms"]["agent"] == "ann"
    assert steps[1]["terms"]["why"]["away"] == 1
    assert steps[3]["terms"] == {"reason": "declined"}
    assert not {"pool", "contact", "type", "conversation"} & {
        key for step in steps for key in step["terms"]
    }


async def test_transfers_are_told_with_who_kept_it_meanwhile(world: World, tmp_path: Path) -> None:
    world.agent("ann")
    world.opened("c1")
    world.accept("c1")
    world.agent("bob", billing=3)
    world.transfer("c1", to_agent="bob", note_id="n1")
    world.decline("c1", "bob")
    world.transfer("c1", to_queue="billing")
    world.accept("c1", "bob")
    found = await story(Door(world, tmp_path), "c1")
    texts = [step["text"] for step in found["steps"][3:]]
    wants = "ann wants to hand it over and keeps it until somebody accepts."
    assert [text for text in texts if not text.startswith("Offered")] == [
        f"{wants} Asked is bob alone. There is a note.",
        "bob declined it.",
        "The transfer is over: the agent asked declined. ann keeps it.",
        f"{wants} It stands in line in the queue billing. It needs billing at level 2.",
        "The transfer is over: somebody else has it.",
        "ann has it no more: another agent has it.",
        "bob has it, from ann.",
    ]
    offers = [text for text in texts if text.startswith("Offered")]
    assert all("ann hands it over." in text for text in offers)
    assert "Nobody else is asked: the transfer names this agent." in offers[0]
    assert found["summary"].endswith("bob has it. All of this took 0 ms.")


async def test_supervisors_stand_in_the_story_by_name(world: World, tmp_path: Path) -> None:
    door = Door(world, tmp_path)
    world.agent("ann")
    world.opened("c1", topic="billing")
    for record in world.journal[-5:]:
        door.publisher.take(record)
    async with door.client("boss", "supervisor") as client:
        url = f"/v1/contacts/{POOL}/c1"
        for verb, body in (
            ("set-priority", {"priority": 8}),
            ("reassign", {"agent_id": "ann"}),
            ("change-channel", {"channel": "email"}),
            ("close", {"disposition": "spam"}),
        ):
            answer = await client.post(f"{url}:{verb}", json=body)
            assert answer.status_code == 200, answer.text
        audit = (await client.get(f"/v1/pools/{POOL}/audit")).json()["audit"]
    texts = [step["text"] for step in (await story(door, "c1"))["steps"][1:]]
    assert [text for text in texts if not text.startswith("Offered")] == [
        "boss steps in and gives it the priority 8.",
        "Its priority is 8 from here on.",
        "boss steps in and gives it to ann.",
        "ann has it, after a wait of 0 ms.",
        "It goes on on the channel email. ann keeps it, for 20 units from here on.",
        "boss steps in and closes it.",
        "ann has it no more: a supervisor closed it. Disposition: spam.",
        "It was closed by ann. Disposition: spam.",
    ]
    assert any("A supervisor chose this agent." in text for text in texts)
    assert [(one["by"], one["action"]) for one in audit] == [
        ("boss", "contact.close"),
        ("boss", "contact.reassign"),
        ("boss", "contact.set-priority"),
    ]


async def test_what_supervisors_do_with_agents_is_no_contacts_story(world: World) -> None:
    world.agent("ann")
    data = ce.SetPresenceData(pool=POOL, agent_id="ann", presence="break", by="boss")
    world.put(ce.SetPresence, data)
    assert "audit.noted" in world.kinds()
    trail = Trail()
    trail.note(PARTITION, 1, world.journal[-1])
    assert list(trail.of(POOL, "")) == []


async def test_other_contacts_have_no_part_in_the_story(world: World, tmp_path: Path) -> None:
    world.agent("ann")
    for contact in ("c1", "c2"):
        world.opened(contact, "phone")
    world.accept("c1")
    world.complete("c1")  # the same record offers c2
    assert world.state("c2") == "offered"
    door = Door(world, tmp_path)
    kinds = [step["type"] for step in (await story(door, "c1"))["steps"]]
    assert kinds[-1] == "contact.closed"
    kinds = [step["type"] for step in (await story(door, "c2"))["steps"]]
    assert kinds == ["contact.queued", "offer.made"]


async def test_rule_is_told_as_it_was_at_that_time(world: World, tmp_path: Path) -> None:
    world.opened("c1", tier="gold")
    world.configure(config(rules=()))
    world.opened("c2", tier="gold")
    door = Door(world, tmp_path)
    first = (await story(door, "c1"))["steps"]
    assert "Rule 1 (tier is gold) put it in the queue urgent" in first[0]["text"]
    assert first[1]["text"].startswith(
        "It waits on: the pool was configured anew. "
        "The rules now put it in the queue general with priority 5."
    )
    second = (await story(door, "c2"))["steps"]
    assert "No rule held, so the fallback queue" in second[0]["text"]


async def test_what_happens_after_the_start_is_told_too(world: World, tmp_path: Path) -> None:
    door = Door(world, tmp_path)
    world.opened("c1")
    door.publisher.take(world.journal[-1])
    world.cancel("c1")
    door.publisher.take(world.journal[-1])
    found = await story(door, "c1")
    assert [step["text"] for step in found["steps"]][1:] == [
        "It needs nobody any more: it was cancelled."
    ]
    assert found["summary"].startswith("It was never offered to anybody.")


async def test_only_who_supervises_reads_stories_and_of_the_own_company(
    world: World, tmp_path: Path
) -> None:
    served_at_last(world)
    door = Door(world, tmp_path)
    for role, status in (("agent", 403), ("integration", 403), ("auditor", 200)):
        await story(door, "c1", role=role, status=status)  # type: ignore[arg-type]
    async with door.client("spy", "supervisor", tenant="other") as client:
        assert (await client.get(f"/v1/contacts/{POOL}/c1/explain")).status_code == 403


async def test_unknown_contact_is_404(world: World, tmp_path: Path) -> None:
    await story(Door(world, tmp_path), "none", status=404)


async def test_record_that_is_gone_makes_the_story_incomplete(world: World, tmp_path: Path) -> None:
    served_at_last(world)
    door = Door(world, tmp_path)
    door.fetcher.gone = {list(door.trail.of(POOL, "c1"))[1]}
    found = await story(door, "c1")
    assert not found["complete"]
    assert [step["type"] for step in found["steps"]][:2] == ["contact.queued", "offer.made"]


async def test_broker_that_is_away_is_503_and_the_next_one_is_served(
    world: World, tmp_path: Path
) -> None:
    served_at_last(world)
    door = Door(world, tmp_path)
    door.fetcher.away = True
    async with door.client("boss", "supervisor") as client:
        url = f"/v1/contacts/{POOL}/c1/explain"
        refused = await asyncio.gather(client.get(url), client.get(url))
        assert [answer.status_code for answer in refused] == [503, 503]
        assert "Retry-After" in refused[0].headers
        door.fetcher.away = False
        assert (await client.get(url)).status_code == 200


# Candidates


async def test_candidates_are_those_of_the_moment_of_each_offer(
    world: World, tmp_path: Path
) -> None:
    served_at_last(world)
    world.upsert("ann", {})  # what is true now is not what was true then
    world.presence("cid", "available")
    found = await story(Door(world, tmp_path), "c1", query="?candidates=true")
    offers = [step for step in found["steps"] if "candidates" in step]
    assert [step["type"] for step in offers] == ["offer.made"] * 3

    def reasons(step: dict[str, Any]) -> dict[str, str | None]:
        return {one["agent_id"]: one["reason"] for one in step["candidates"]}

    first, second, third = offers
    others = {"cid": "away", "dan": "lack_skills", "eve": "no_room"}
    assert reasons(first) == {"ann": None, "bob": None, **others}
    assert reasons(second) == {"ann": "asked_before", "bob": None, **others}
    assert reasons(third)["bob"] == "asked_before"
    assert [one["agent_id"] for step in offers for one in step["candidates"] if one["chosen"]] == [
        "ann",
        "bob",
        "ann",
    ]
    assert all(one["eligible"] for step in offers for one in step["candidates"] if one["chosen"])
    dan = next(one for one in first["candidates"] if one["agent_id"] == "dan")
    assert dan["skills"] == {"billing": 1, "de": 5}


async def test_rehearsal_leads_to_the_state_of_the_router(world: World) -> None:
    served_at_last(world)
    last = len(world.journal) - 1
    offsets = {offset for offset, record in enumerate(world.journal, FIRST) if record.events}
    rehearsal = Rehearsal(PARTITION, POOL, "c1", {*offsets, FIRST + last + 1})
    assert all(rehearsal.take(at, record) for at, record in enumerate(world.journal, FIRST))
    assert rehearsal.partition.fingerprint() == world.partition.fingerprint()


async def test_contact_that_was_never_offered_needs_no_replay(world: World, tmp_path: Path) -> None:
    world.opened("c1")
    door = Door(world, tmp_path)
    door.stage._busy.acquire()
    found = await story(door, "c1", query="?candidates=true")
    assert len(found["steps"]) == 1


async def test_one_replay_at_a_time(world: World, tmp_path: Path) -> None:
    served_at_last(world)
    door = Door(world, tmp_path)
    door.stage._busy.acquire()
    async with door.client("boss", "supervisor") as client:
        url = f"/v1/contacts/{POOL}/c1/explain?candidates=true"
        refused = await client.get(url)
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "5")
        door.stage._busy.release()
        assert (await client.get(url)).status_code == 200
        assert (await client.get(url)).status_code == 200


async def test_journal_that_is_too_long_is_given_up(world: World) -> None:
    served_at_last(world)
    stage = Stage(lambda _: batches_of(world), timeout=0)
    rehearsal = Rehearsal(PARTITION, POOL, "c1", {FIRST + len(world.journal) - 1})
    with pytest.raises(Unavailable):
        await stage.run(PARTITION, rehearsal)
    assert stage._busy.acquire(blocking=False)


async def test_stopping_ends_a_replay(world: World) -> None:
    served_at_last(world)
    stage = Stage(lambda _: batches_of(world), timeout=60)
    rehearsal = Rehearsal(PARTITION, POOL, "c1", {FIRST + len(world.journal) - 1})
    await stage.stop()
    with pytest.raises(Unavailable):
        await stage.run(PARTITION, rehearsal)


async def test_replay_does_not_hold_up_the_loop(world: World) -> None:
    served_at_last(world)
    threads = set()

    class Watched(Rehearsal):
        def take(self, offset: int, record: Any) -> bool:
            threads.add(threading.current_thread())
            return super().take(offset, record)

    stage = Stage(lambda _: batches_of(world), timeout=60)
    await stage.run(PARTITION, Watched(PARTITION, POOL, "c1", {FIRST + len(world.journal) - 1}))
    assert threading.current_thread() not in threads
    assert len(threads) == 1


# The trail


async def test_trail_forgets_with_the_engine(world: World) -> None:
    trail = Trail()
    world.agent("ann")
    world.opened("c1")
    world.opened("c2")
    world.cancel("c1")
    world.wait(86_400 + 1)
    for offset, record in enumerate(world.journal):
        trail.note(PARTITION, offset, record)
    assert list(trail.of(POOL, "c1")) == []
    assert len(trail.of(POOL, "c2")) > 1
    assert list(trail.of("acme/none", "c2")) == []


async def test_very_long_story_keeps_its_beginning_and_its_end(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (trail_module, explainer_module):
        monkeypatch.setattr(module, "KEEP_FIRST", 2)
        monkeypatch.setattr(module, "KEEP_LAST", 3)
    world.agent("ann")
    world.opened("c1")
    for _ in range(6):
        world.decline("c1")
        world.wait(20)
    world.cancel("c1")
    door = Door(world, tmp_path)
    assert len(door.trail.of(POOL, "c1")) == 5
    found = await story(door, "c1")
    assert not found["complete"]
    kinds = [step["type"] for step in found["steps"]]
    assert kinds[:2] == ["contact.queued", "offer.made"]
    assert kinds[-1] == "contact.withdrawn"


async def test_busy_stage_says_so_without_a_thread(world: World) -> None:
    stage = Stage(lambda _: batches_of(world), timeout=60)
    stage._busy.acquire()
    with pytest.raises(Problem) as refused:
        await stage.run(PARTITION, Rehearsal(PARTITION, POOL, "c1", {FIRST}))
    assert refused.value.status == 429
