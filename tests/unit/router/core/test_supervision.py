"""Points 15 and 16 of routing.md: what supervisors command, who did it, and commands in a race."""

from typing import Any

import pytest

from services.contracts import contact_events as ce
from services.contracts import routing_events as ev
from services.contracts.pool import ChannelConfig
from services.router.core.queries import audit_view
from tests.unit.router.core.world import CHANNELS, POOL, START, World, config


def two(world: World) -> None:
    world.agent("ann")
    world.agent("ben")
    world.presence("ben", "draining")


def test_from_the_queue_to_an_agent_at_once_whatever_the_skills(world: World) -> None:
    world.agent("ann")
    world.opened("c1", topic="billing")
    assert world.state("c1") == "queued"
    world.reassign("c1", "ann")
    assert world.kinds() == ["audit.noted", "offer.made", "assignment.started"]
    assert (world.state("c1"), world.agent_of("c1")) == ("assigned", "ann")
    assert world.body() == {
        "assignment_id": world.assignment_of("c1"),
        "agent_id": "ann",
        "contact_id": "c1",
        "contact_state": "assigned",
    }


def test_from_another_agents_offer(world: World) -> None:
    world.agent("ann")
    world.opened("c1")
    world.agent("ben")
    world.reassign("c1", "ben")
    assert (world.agent_of("c1"), world.view("ann")["used"]) == ("ben", 0)


def test_whoever_is_asked_has_it_without_being_asked_again(world: World) -> None:
    world.agent("ann")
    world.opened("c1", "phone")
    world.reassign("c1", "ann")
    assert world.kinds() == ["audit.noted", "assignment.started"]
    assert world.view("ann")["used"] == 100


def test_from_another_agents_hands(world: World) -> None:
    world.agent("ann")
    world.opened("c1", "phone")
    world.accept("c1")
    world.agent("ben")
    world.reassign("c1", "ben")
    assert world.kinds() == [
        "audit.noted",
        "offer.made",
        "assignment.wrapping",
        "assignment.started",
    ]
    assert (world.agent_of("c1"), world.state("c1")) == ("ben", "assigned")
    assert world.contact("c1")["waiting_since"] == START
    world.wait(16)
    assert (world.agent_of("c1"), world.view("ann")["used"]) == ("ben", 0)


def test_an_open_transfer_ends(world: World) -> None:
    for name in ("ann", "ben", "cid"):
        world.agent(name)
        if name == "ann":
            world.opened("c1")
            world.accept("c1")
    world.transfer("c1", to_agent="ben")
    world.reassign("c1", "cid")
    assert (world.agent_of("c1"), world.view("ben")["used"]) == ("cid", 0)
    (ended,) = [event for event in world.all_events() if isinstance(event, ev.TransferEnded)]
    assert ended.result == "cancelled"


def test_nobody_is_given_a_contact_who_is_away_or_has_no_room(world: World) -> None:
    world.agent("ann")
    world.opened("call", "phone")
    world.accept("call")
    world.opened("c1")
    world.reassign("c1", "ann")
    assert world.status() == 409
    assert world.body() == {
        "reason": "agent_busy",
        "agent_id": "ann",
        "presence": "available",
        "connected": True,
        "used": 100,
        "contact_id": "c1",
        "contact_state": "queued",
    }
    world.upsert("ben", {})
    world.reassign("c1", "ben")
    assert (world.status(), world.body()["reason"]) == (409, "agent_away")
    world.reassign("c1", "zoe")
    assert (world.status(), world.body()["reason"]) == (404, "unknown_agent")
    assert not any(isinstance(event, ev.AuditNoted) for event in world.all_events())


def test_moved_it_waits_at_its_age_by_what_the_queue_asks_for(world: World) -> None:
    world.opened("c1", language="de", tier="gold")
    world.wait(10)
    world.move("c1", "billing")
    assert world.kinds() == ["audit.noted", "contact.requeued"]
    view = world.contact("c1")
    assert (view["queue"], view["required"], view["priority"]) == (
        "billing",
        {"billing": 2, "de": 1},
        5,
    )
    assert view["waiting_since"] == START
    world.configure(config(languages=()))
    assert world.contact("c1")["queue"] == "billing", "the rules do not take it back"
    world.configure(config(queues={"general": config().queues["general"]}, rules=()))
    assert world.contact("c1")["queue"] == "general", "unless the queue is gone"


def test_an_offered_contact_is_moved_too_and_one_in_hand_is_not(world: World) -> None:
    world.agent("ann")
    world.opened("c1")
    world.move("c1", "billing")
    assert (world.state("c1"), world.view("ann")["used"]) == ("queued", 0)
    world.move("c1", "general")
    world.accept("c1")
    world.move("c1", "billing")
    assert (world.status(), world.body()["reason"]) == (409, "contact_in_hand")
    world.opened("c2")
    world.move("c2", "nowhere")
    assert (world.status(), world.body()["reason"]) == (422, "unknown_queue")
    world.move("c2", "calls")
    assert (world.status(), world.body()["reason"]) == (422, "queue_refuses_channel")


def test_a_higher_priority_comes_first(world: World) -> None:
    for contact in ("c1", "c2"):
        world.opened(contact, "phone")
    world.prioritise("c2", 9)
    assert world.kinds() == ["audit.noted", "contact.prioritised"]
    world.agent("ann")
    assert world.agent_of("c2") == "ann"
    world.prioritise("c2", 2)
    assert world.contact("c2")["priority"] == 2
    world.presence("ann", "break")
    world.presence("ann", "available")
    assert world.agent_of("c1") == "ann"


@pytest.mark.parametrize("state", ["queued", "offered", "assigned", "wrapping"])
def test_any_contact_is_closed(world: World, state: str) -> None:
    if state != "queued":
        world.agent("ann")
    world.opened("c1", "phone")
    if state in ("assigned", "wrapping"):
        world.accept("c1")
    if state == "wrapping":
        world.wrap_up("c1")
    assert world.state("c1") == state
    world.close("c1", "spam")
    assert world.status() == 200
    assert world.state("c1") in ("closed", "withdrawn")
    if state != "queued":
        assert world.view("ann")["used"] == 0
    noted = world.contact("c1")["audit"]
    assert [(one["by"], one["action"], one["detail"]) for one in noted] == [
        ("super", "contact.close", "spam")
    ]
    world.close("c1")
    assert (world.status(), world.body()["reason"]) == (409, "contact_over")


def test_a_forced_presence_says_who_forced_it(world: World) -> None:
    world.agent("ann")
    world.opened("c1")
    world.presence("ann", "offline", by="super")
    assert world.kinds()[:2] == ["audit.noted", "agent.presence-changed"]
    changed = world.last.events[1]
    assert isinstance(changed, ev.AgentPresenceChanged)
    assert (changed.reason, changed.by) == ("forced", "super")
    assert world.state("c1") == "queued"
    assert world.view("ann")["forced_by"] == "super"
    world.presence("ann", "available")
    assert world.view("ann")["forced_by"] is None


def test_everything_supervisors_did_can_be_seen_newest_first(world: World) -> None:
    world.agent("ann")
    world.opened("c1", topic="billing")
    world.prioritise("c1", 8)
    world.wait(1)
    world.reassign("c1", "ann")
    world.presence("ann", "break", by="super")
    seen = audit_view(world.partition, POOL)
    assert [one["action"] for one in seen] == [
        "agent.set-presence",
        "contact.reassign",
        "contact.set-priority",
    ]
    assert seen[1] == {
        "at": START + 1_000,
        "by": "super",
        "action": "contact.reassign",
        "contact_id": "c1",
        "agent_id": "ann",
        "detail": "",
    }
    assert [one["action"] for one in world.contact("c1")["audit"]] == [
        "contact.set-priority",
        "contact.reassign",
    ]


def test_what_is_true_already_changes_nothing_and_is_noted_nowhere(world: World) -> None:
    world.agent("ann")
    world.opened("c1")
    world.reassign("c1", "ann")
    noted = len(audit_view(world.partition, POOL))
    world.reassign("c1", "ann")
    world.prioritise("c1", 5)
    world.presence("ann", "available", by="super")
    assert world.status() == 200
    assert len(audit_view(world.partition, POOL)) == noted


COMMANDS: list[tuple[Any, Any]] = [
    (ce.ReassignContact, ce.ReassignData(pool=POOL, contact_id="c1", agent_id="ann", by="s")),
    (ce.MoveContact, ce.MoveData(pool=POOL, contact_id="c1", queue="billing", by="s")),
    (ce.PrioritiseContact, ce.PrioritiseData(pool=POOL, contact_id="c1", priority=9, by="s")),
    (ce.CloseContact, ce.CloseData(pool=POOL, contact_id="c1", by="s")),
    (ce.ChangeChannel, ce.ChangeChannelData(pool=POOL, contact_id="c1", channel="email")),
    (ce.SetPresence, ce.SetPresenceData(pool=POOL, agent_id="ann", presence="break", by="s")),
]


@pytest.mark.parametrize(("kind", "data"), COMMANDS)
def test_the_same_command_twice_changes_nothing_and_answers_the_same(
    world: World, kind: Any, data: Any
) -> None:
    world.agent("ann", voice=1)
    world.opened("c1")
    world.put(kind, data, id="once")
    assert world.last.events
    first = world.last.reply
    world.put(kind, data, id="once")
    assert world.last.events == ()
    assert world.last.reply == first


@pytest.mark.parametrize(("kind", "data"), COMMANDS[:-1])
def test_a_command_that_lost_a_race_is_told_what_is_true(
    world: World, kind: Any, data: Any
) -> None:
    world.agent("ann")
    world.opened("c1")
    world.ended("c1")
    world.put(kind, data)
    assert world.status() == 409
    assert world.body() == {
        "reason": "contact_over",
        "contact_id": "c1",
        "contact_state": "withdrawn",
    }


def test_a_supervisor_gives_interruptible_work_only_beside_all_that_fits() -> None:
    email = ChannelConfig(cost=40, interruptible=True)
    world = World(config(channels={**CHANNELS, "email": email}))
    world.agent("ann")
    world.opened("call", "phone")
    world.accept("call")
    world.opened("m1", "email")
    world.reassign("m1", "ann")
    assert (world.status(), world.body()["reason"]) == (409, "agent_busy")
