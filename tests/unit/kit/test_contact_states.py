"""Where contacts are by the journal."""

from typing import Any

import msgspec

from services.contracts.contact_events import Origin
from services.contracts.journal import Record, Source
from services.contracts.routing_events import (
    AnyRoutingEvent,
    AssignmentEnded,
    AssignmentStarted,
    AssignmentWrapping,
    ContactChannelChanged,
    ContactClosed,
    ContactForgotten,
    ContactHandedOver,
    ContactOverflowed,
    ContactQueued,
    ContactRequeued,
    ContactWithdrawn,
    QueuedContact,
)
from services.kit.contact_states import ContactStates

POOL = "kaarna/service"
IDS = {"assignment": "a", "contact": "c", "agent": "aino"}
STARTED = AssignmentStarted(
    pool=POOL, offer="o", conversation="v", channel="chat", queue="all", waited_ms=1, **IDS
)


def queued(contact: str = "c", channel: str = "chat") -> ContactQueued:
    """A contact waits."""
    waiting = QueuedContact(
        id=contact, conversation="v", channel=channel, queue="all", virtual_start=1, priority=5
    )
    return ContactQueued(pool=POOL, contact=waiting)


def states(*events: AnyRoutingEvent, limit: int = 10) -> ContactStates:
    """After these events, one record each."""
    made = ContactStates(frozenset({"chat"}), limit=limit)
    for number, event in enumerate(events):
        made.take(Record(epoch=0, src=Source("t", number), at=1, events=(event,)))
    return made


def test_contact_is_followed_from_its_queue_to_its_end() -> None:
    story: list[tuple[AnyRoutingEvent, str | None]] = [
        (queued(), "waiting"),
        (STARTED, "assigned"),
        (
            AssignmentWrapping(pool=POOL, until=1, assignment="a", contact="c", agent="aino"),
            "wrapping",
        ),
        (AssignmentEnded(pool=POOL, result="completed", **IDS), "over"),
        (ContactClosed(pool=POOL, contact="c", agent="aino"), "over"),
        (ContactForgotten(pool=POOL, contact="c"), None),
    ]
    events = [event for event, _ in story]
    for number, (_, state) in enumerate(story, 1):
        assert states(*events[:number]).get("c") == state


def test_lost_agents_contact_waits_again() -> None:
    lost = AssignmentEnded(pool=POOL, result="agent_lost", **IDS)
    assert states(queued(), STARTED, lost).get("c") == "waiting"
    again = ContactRequeued(pool=POOL, contact="c", reason="agent_lost")
    assert states(queued(), STARTED, lost, again).get("c") == "waiting"


def test_withdrawn_contact_is_over() -> None:
    assert states(queued(), ContactWithdrawn(pool=POOL, contact="c", reason="solved")).get("c") == (
        "over"
    )


def test_contact_that_its_queue_did_not_take_is_over() -> None:
    over = ContactOverflowed(pool=POOL, contact="c", action="form", reason="max_wait")
    assert states(queued(), over).get("c") == "over"


def test_other_channels_and_unknown_contacts_are_not_kept() -> None:
    made = states(queued(channel="email"), STARTED)
    assert made.get("c") is None


def test_oldest_contact_makes_room() -> None:
    made = states(queued("a"), queued("b"), queued("c"), limit=2)
    assert [made.get(one) for one in "abc"] == [None, "waiting", "waiting"]


def test_handed_over_contact_stays_with_an_agent() -> None:
    wrapping = AssignmentWrapping(
        pool=POOL, until=1, reason="transferred", assignment="a", contact="c", agent="aino"
    )
    ended = AssignmentEnded(pool=POOL, result="transferred", **IDS)
    assert states(queued(), STARTED, wrapping, STARTED).get("c") == "assigned"
    assert states(queued(), STARTED, ended, STARTED).get("c") == "assigned"
    assert states(queued(), STARTED, wrapping, STARTED, ended).get("c") == "assigned"


def test_contact_that_leaves_the_channel_is_over_and_one_that_comes_is_known() -> None:
    ids: dict[str, Any] = {"contact": "c", "conversation": "v"}
    away = ContactChannelChanged(pool=POOL, channel="email", **ids)
    again = ContactRequeued(pool=POOL, contact="c", reason="channel_changed")
    assert states(queued(), away, again).get("c") == "over"
    here = ContactChannelChanged(pool=POOL, channel="chat", **ids)
    assert states(here, again).get("c") == "waiting"
    in_hand = ContactChannelChanged(pool=POOL, channel="chat", agent="aino", cost=1, **ids)
    assert states(in_hand).get("c") == "assigned"


def test_contact_that_another_pool_took_over_is_where_it_is_there() -> None:
    origin = Origin(pool=POOL, contact_id="c", transfer_id="t0-1-0")
    came = ContactQueued(
        pool=POOL, contact=msgspec.structs.replace(queued().contact, id="there", origin=origin)
    )
    over = ContactHandedOver(
        pool=POOL, contact="c", agent="aino", to_pool="kaarna/sales", to_contact="there"
    )
    accepted = msgspec.structs.replace(STARTED, contact="there")
    done = ContactClosed(pool=POOL, contact="there", agent="aino")
    before = (queued(), STARTED, came)
    assert states(*before).get("c") == "assigned"
    assert states(*before, accepted, over).get("c") == "assigned"
    assert states(*before, over, accepted).get("c") == "assigned"
    assert states(*before, accepted, over, done).get("c") == "over"
    withdrawn = ContactWithdrawn(pool=POOL, contact="there", reason="cancelled")
    assert states(*before, withdrawn).get("c") == "assigned"
