"""Talking, wrapping up, done; and customers who leave."""

from services.contracts import routing_events as ev
from tests.unit.router.core.world import World


def in_hand(world: World, contact: str, channel: str = "phone") -> None:
    world.agent("ann")
    world.opened(contact, channel)
    world.accept(contact)


def test_completing_closes_the_contact_and_frees_the_agent(world: World) -> None:
    in_hand(world, "c1")
    world.complete("c1", "sold")
    assert world.kinds() == ["assignment.ended", "contact.closed"]
    closed = world.last.events[1]
    assert isinstance(closed, ev.ContactClosed)
    assert (closed.agent, closed.disposition) == ("ann", "sold")
    assert world.state("c1") == "closed"
    assert world.view("ann")["used"] == 0


def test_wrapping_up_ends_by_itself_after_its_time(world: World) -> None:
    in_hand(world, "c1")
    world.wrap_up("c1", "refund")
    assert world.state("c1") == "wrapping"
    world.wait(14.9)
    assert world.state("c1") == "wrapping"
    world.wait(0.2)
    assert world.state("c1") == "closed"
    ended = [e for e in world.all_events() if isinstance(e, ev.AssignmentEnded)]
    assert [(e.result, e.disposition) for e in ended] == [("timed_out", "refund")]


def test_wrapping_up_can_be_completed_before_its_time(world: World) -> None:
    in_hand(world, "c1")
    world.wrap_up("c1")
    world.complete("c1", "done")
    assert world.state("c1") == "closed"
    world.wait(60)
    assert len([e for e in world.all_events() if isinstance(e, ev.AssignmentEnded)]) == 1


def test_a_channel_without_wrap_up_time_is_done_at_once(world: World) -> None:
    in_hand(world, "c1", "chat")
    world.wrap_up("c1", "thanks")
    assert world.body()["state"] == "done"
    assert world.state("c1") == "closed"
    assert world.contact("c1")["reason"] == "thanks"


def test_when_the_customer_leaves_the_agent_writes_it_up(world: World) -> None:
    in_hand(world, "c1")
    world.ended("c1", "customer_left")
    assert world.kinds() == ["assignment.wrapping"]
    assert world.state("c1") == "wrapping"


def test_when_the_customer_leaves_and_nothing_is_to_write_up_the_contact_is_closed(
    world: World,
) -> None:
    in_hand(world, "c1", "chat")
    world.ended("c1", "customer_left")
    ended = world.last.events[0]
    assert isinstance(ended, ev.AssignmentEnded)
    assert ended.result == "customer_left"
    assert world.state("c1") == "closed"
    assert world.view("ann")["used"] == 0


def test_a_customer_who_leaves_during_the_wrap_up_changes_nothing(world: World) -> None:
    in_hand(world, "c1")
    world.wrap_up("c1")
    world.ended("c1", "customer_left")
    assert world.kinds() == []


def test_a_waiting_contact_whose_customer_leaves_is_withdrawn(world: World) -> None:
    world.opened("c1")
    world.ended("c1", "abandoned")
    assert world.kinds() == ["contact.withdrawn"]
    world.agent("ann")
    assert world.kinds() == ["agent.presence-changed"], "nothing is left to be offered"


def test_the_end_of_an_unknown_contact_changes_nothing(world: World) -> None:
    world.ended("nobody")
    assert world.kinds() == []
    assert world.last.reply is None
