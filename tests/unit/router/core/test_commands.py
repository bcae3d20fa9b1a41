"""Every command is answered; doubles change nothing; who lost a race is told what is true."""

from collections.abc import Callable

import pytest

from services.contracts import contact_events as ce
from services.contracts import routing_events as ev
from services.router.core import replies
from services.router.core.partition import Decision
from tests.unit.router.core.world import POOL, World, config


def test_accepting_is_answered_with_what_the_agent_now_has(world: World) -> None:
    world.agent("ann")
    world.opened("c1")
    world.accept("c1")
    assert world.status() == 200
    assert world.body() == {
        "assignment_id": world.assignment_of("c1"),
        "contact_id": "c1",
        "conversation_id": "v-c1",
        "revision": world.view("ann")["revision"],
    }


def test_an_offer_that_expired_is_answered_409_with_the_present_state(world: World) -> None:
    world.agent("ann")
    world.opened("c1")
    offer = world.offer_of("c1")
    world.wait(20)
    world.accept_offer(offer, "ann")
    assert world.status() == 409
    assert world.body() == {
        "reason": "offer_over",
        "offer_result": "expired",
        "contact_id": "c1",
        "contact_state": "queued",
    }


def test_an_offer_that_expires_in_the_step_of_its_acceptance_is_over(world: World) -> None:
    world.agent("ann")
    world.opened("c1")
    offer = world.offer_of("c1")
    world.now += 20_000
    world.accept_offer(offer, "ann")
    assert world.status() == 409
    assert world.body()["offer_result"] == "expired"


def test_an_offer_that_was_accepted_names_its_assignment(world: World) -> None:
    world.agent("ann")
    world.opened("c1")
    offer = world.offer_of("c1")
    world.accept("c1")
    world.accept_offer(offer, "ann")
    assert world.status() == 409
    assert world.body()["offer_result"] == "accepted"
    assert world.body()["assignment_id"] == world.assignment_of("c1")
    assert world.body()["contact_state"] == "assigned"


def test_an_offer_rescinded_because_the_customer_left_says_so(world: World) -> None:
    world.agent("ann")
    world.opened("c1")
    offer = world.offer_of("c1")
    world.ended("c1")
    world.accept_offer(offer, "ann")
    assert world.status() == 409
    assert world.body()["offer_result"] == "rescinded"
    assert world.body()["contact_state"] == "withdrawn"


def test_an_offer_that_never_existed_is_answered_404(world: World) -> None:
    world.agent("ann")
    world.accept_offer("o3-999-0", "ann")
    assert (world.status(), world.body()) == (404, {"reason": "unknown_offer"})


def test_another_agents_offer_is_answered_403_and_nothing_else(world: World) -> None:
    world.agent("ann")
    world.opened("c1")
    offer = world.offer_of("c1")
    world.agent("bob")
    world.accept_offer(offer, "bob")
    assert (world.status(), world.body()) == (403, {"reason": "not_yours"})
    world.ended("c1")
    world.accept_offer(offer, "bob")
    assert world.status() == 403
    assert world.agent_of("c1") == ""


def test_another_agents_assignment_is_answered_403(world: World) -> None:
    world.agent("ann")
    world.opened("c1")
    world.accept("c1")
    world.complete_assignment(world.assignment_of("c1"), "bob")
    assert (world.status(), world.body()) == (403, {"reason": "not_yours"})


def test_an_assignment_that_is_over_is_answered_409_with_its_result(world: World) -> None:
    world.agent("ann")
    world.opened("c1")
    world.accept("c1")
    assignment = world.assignment_of("c1")
    world.complete("c1")
    world.complete_assignment(assignment, "ann")
    assert world.status() == 409
    assert world.body() == {
        "reason": "assignment_over",
        "assignment_result": "completed",
        "contact_id": "c1",
        "contact_state": "closed",
    }


def test_an_assignment_that_never_existed_is_answered_404(world: World) -> None:
    world.complete_assignment("a3-1-1", "ann")
    assert (world.status(), world.body()) == (404, {"reason": "unknown_assignment"})


def test_wrapping_up_twice_is_fine(world: World) -> None:
    world.agent("ann")
    world.opened("c1", "phone")
    world.accept("c1")
    world.wrap_up("c1")
    first = world.body()
    world.now += 1_000
    world.wrap_up("c1")
    assert world.kinds() == []
    assert world.body() == first
    assert first["state"] == "wrapping"


def test_cancelling_withdraws_a_contact_that_waits_or_is_offered(world: World) -> None:
    world.opened("c1")
    world.cancel("c1")
    assert (world.status(), world.state("c1")) == (200, "withdrawn")
    world.agent("ann")
    world.opened("c2")
    world.cancel("c2")
    assert (world.status(), world.state("c2")) == (200, "withdrawn")
    assert world.view("ann")["used"] == 0


def test_cancelling_what_somebody_has_in_hand_is_answered_409(world: World) -> None:
    world.agent("ann")
    world.opened("c1")
    world.accept("c1")
    world.cancel("c1")
    assert world.status() == 409
    assert world.body() == {
        "reason": "contact_in_hand",
        "contact_id": "c1",
        "contact_state": "assigned",
    }


def test_cancelling_what_is_over_or_unknown_is_answered_409_or_404(world: World) -> None:
    world.opened("c1")
    world.ended("c1")
    world.cancel("c1")
    assert (world.status(), world.body()["contact_state"]) == (409, "withdrawn")
    world.cancel("c2")
    assert world.status() == 404


def test_a_command_to_an_unknown_pool_is_rejected_and_answered_404(world: World) -> None:
    data = ce.SetPresenceData(pool="acme/other", agent_id="ann", presence="break")
    world.put(ce.SetPresence, data)
    assert world.last.events == (ev.InputRejected(reason="unknown_pool", detail="acme/other"),)
    assert (world.status(), world.body()) == (404, {"reason": "unknown_pool"})


def test_a_fact_about_an_unknown_pool_is_rejected_and_nobody_is_answered(world: World) -> None:
    data = ce.EndedContact(pool="acme/other", contact_id="c1", reason="solved")
    world.put(ce.ContactEnded, data)
    assert world.kinds() == ["input.rejected"]
    assert world.last.reply is None


@pytest.mark.parametrize(
    "fact",
    [
        lambda world: world.opened("c1"),
        lambda world: world.ended("c1"),
        lambda world: world.connect("ann"),
        lambda world: world.disconnect("ann"),
        lambda world: world.heartbeat(),
        lambda world: world.tick(),
    ],
)
def test_facts_get_no_answer(world: World, fact: Callable[[World], Decision]) -> None:
    assert fact(world).reply is None


def test_a_doubled_command_is_answered_the_same_and_changes_nothing(world: World) -> None:
    world.agent("ann")
    world.opened("c1")
    offer = world.offer_of("c1")
    first = world.accept("c1", id="command-1").reply
    world.complete("c1")
    data = ce.OfferData(pool=POOL, offer_id=offer, agent_id="ann")
    again = world.put(ce.AcceptOffer, data, id="command-1")
    assert again.events == ()
    assert again.reply == first
    assert again.reply is not None
    assert again.reply.status == 200


def test_a_refusal_is_repeated_too_even_if_the_command_would_succeed_now(world: World) -> None:
    data = ce.SetPresenceData(pool=POOL, agent_id="ann", presence="available")
    world.put(ce.SetPresence, data, id="command-1")
    assert world.status() == 404
    world.upsert("ann", {})
    world.put(ce.SetPresence, data, id="command-1")
    assert world.status() == 404
    assert world.view("ann")["presence"] == "offline"


def test_after_fifteen_minutes_an_answer_is_forgotten(world: World) -> None:
    data = ce.SetPresenceData(pool=POOL, agent_id="ann", presence="available")
    world.put(ce.SetPresence, data, id="command-1")
    world.upsert("ann", {})
    world.now += 15 * 60_000 - 1
    world.put(ce.SetPresence, data, id="command-1")
    assert world.status() == 404
    world.now += 1
    world.put(ce.SetPresence, data, id="command-1")
    assert world.status() == 200


def test_answers_are_bounded_in_number_the_oldest_go(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    monkeypatch.setattr(replies, "KEEP", 2)
    data = ce.CancelData(pool=POOL, contact_id="c1")
    for number in range(3):
        world.put(ce.CancelContact, data, id=f"command-{number}")
    world.opened("c1")
    world.put(ce.CancelContact, data, id="command-1")
    assert world.status() == 404
    world.put(ce.CancelContact, data, id="command-0")
    assert world.status() == 200


def test_presence_that_is_so_already_is_answered_without_an_event(world: World) -> None:
    world.agent("ann")
    world.presence("ann", "available")
    assert world.kinds() == []
    assert world.status() == 200
    assert world.body()["presence"] == "available"


def test_an_upsert_that_changes_nothing_is_answered_without_an_event(world: World) -> None:
    world.upsert("ann", {"billing": 2}, limits={"chat": 1})
    assert world.kinds() == ["agent.upserted"]
    world.upsert("ann", {"billing": 2}, limits={"chat": 1})
    assert world.kinds() == []
    assert (world.status(), world.body()) == (200, {"agent_id": "ann", "revision": 1})


def test_an_agents_revision_counts_every_event_that_names_the_agent(world: World) -> None:
    world.agent("ann")
    world.opened("c1")
    world.accept("c1")
    world.opened("c2", "email")
    world.wait(61)
    world.complete("c1")
    world.configure(config(languages=()))
    named = [event for event in world.all_events() if getattr(event, "agent", "") == "ann"]
    assert world.view("ann")["revision"] == len(named)
