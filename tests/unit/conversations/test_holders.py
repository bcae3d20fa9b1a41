"""Who has which conversation."""

from services.contracts.journal import Record, Source
from services.contracts.routing_events import (
    AnyRoutingEvent,
    AssignmentEnded,
    AssignmentStarted,
    AssignmentWrapping,
    ContactClosed,
    ContactOverflowed,
    ContactQueued,
    ContactWithdrawn,
    QueuedContact,
)
from services.conversations.holders import Holder, Holders

POOL = "kaarna/service"
ANNA, BERTTA = Holder(POOL, "anna"), Holder(POOL, "bertta")


def take(holders: Holders, *events: AnyRoutingEvent) -> list[tuple[str, str, bool]]:
    changes = holders.take(Record(epoch=0, src=Source("t", 0), at=0, events=events))
    return [(one.held.conversation, one.held.holder.agent, one.came) for one in changes]


def queued(contact: str) -> ContactQueued:
    facts = QueuedContact(
        id=contact, conversation="v", channel="chat", queue="q", virtual_start=0, priority=5
    )
    return ContactQueued(pool=POOL, contact=facts)


def started(contact: str, agent: str, assignment: str) -> AssignmentStarted:
    return AssignmentStarted(
        pool=POOL,
        assignment=assignment,
        offer="o",
        contact=contact,
        conversation="v",
        agent=agent,
        channel="chat",
        queue="q",
        waited_ms=0,
    )


def ended(contact: str, agent: str, assignment: str, lost: bool = False) -> AssignmentEnded:
    return AssignmentEnded(
        pool=POOL,
        assignment=assignment,
        contact=contact,
        agent=agent,
        result="agent_lost" if lost else "completed",
    )


def test_conversation_is_the_agents_until_the_assignment_ends() -> None:
    holders = Holders()
    assert take(holders, queued("c")) == []
    assert holders.state("c") == "waiting"
    assert take(holders, started("c", "anna", "a")) == [("v", "anna", True)]
    assert holders.of("v") == ANNA
    wrapping = AssignmentWrapping(pool=POOL, assignment="a", contact="c", agent="anna", until=1)
    assert take(holders, wrapping) == []
    assert holders.state("c") == "wrapping"
    assert holders.held_by(ANNA) == ["v"]
    closing = ContactClosed(pool=POOL, contact="c", agent="anna")
    assert take(holders, ended("c", "anna", "a"), closing) == [("v", "anna", False)]
    assert holders.of("v") is None
    assert holders.state("c") is None
    assert holders.held_by(ANNA) == []


def test_conversation_of_a_lost_agent_goes_to_the_next() -> None:
    holders = Holders()
    take(holders, queued("c"), started("c", "anna", "a"))
    assert take(holders, ended("c", "anna", "a", lost=True)) == [("v", "anna", False)]
    assert holders.state("c") == "waiting"
    take(holders, started("c", "bertta", "b"))
    assert holders.of("v") == BERTTA


def test_newer_contact_of_a_conversation_outlives_the_older_ones_end() -> None:
    holders = Holders()
    take(holders, started("c", "anna", "a"))
    take(holders, started("d", "bertta", "b"))
    assert take(holders, ended("c", "anna", "a")) == [("v", "anna", False)]
    assert holders.of("v") == BERTTA
    take(holders, started("e", "bertta", "b2"))
    assert take(holders, ended("d", "bertta", "b")) == []
    assert holders.held_by(BERTTA) == ["v"]


def test_nothing_is_left_of_what_is_over() -> None:
    holders = Holders()
    take(holders, queued("c"), queued("d"), queued("e"))
    take(holders, started("c", "anna", "a"))
    take(holders, ended("c", "anna", "a"), ContactClosed(pool=POOL, contact="c", agent="anna"))
    take(holders, ContactOverflowed(pool=POOL, contact="e", action="form", reason="closed"))
    take(holders, ContactWithdrawn(pool=POOL, contact="d", reason="solved"))
    assert not holders._assignments
    assert not holders._by_holder
    assert not holders._by_conversation
    assert not holders._states
