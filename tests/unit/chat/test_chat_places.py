"""Where contacts are, and in which lines somebody came or left."""

from typing import Any

import msgspec

from services.chat.frames import Closed, closed, encode_frame, state_of
from services.chat.places import Line, Moved, Places
from services.chat.positions import View, ranked
from services.contracts.contact_events import Origin
from services.contracts.journal import Record, Source
from services.contracts.routing_events import (
    AnyRoutingEvent,
    AssignmentEnded,
    AssignmentStarted,
    AssignmentWrapping,
    Classified,
    ContactChannelChanged,
    ContactClosed,
    ContactForgotten,
    ContactHandedOver,
    ContactOverflowed,
    ContactParked,
    ContactQueued,
    ContactRequeued,
    ContactWithdrawn,
    QueuedContact,
)

POOL = "kaarna/service"
LINE = Line(3, POOL, "all")


def take(places: Places, *events: AnyRoutingEvent) -> None:
    places.take(3, Record(epoch=0, src=Source("t", 0), at=0, events=events))


def queued(contact: str, conversation: str = "v", channel: str = "chat") -> ContactQueued:
    return ContactQueued(
        pool=POOL,
        contact=QueuedContact(
            id=contact,
            conversation=conversation,
            channel=channel,
            queue="all",
            virtual_start=0,
            priority=5,
        ),
    )


def started(contact: str) -> AssignmentStarted:
    return AssignmentStarted(
        pool=POOL,
        assignment="a",
        offer="o",
        contact=contact,
        conversation="v",
        agent="anna",
        channel="chat",
        queue="all",
        waited_ms=0,
    )


def ended(contact: str, result: str) -> AssignmentEnded:
    return AssignmentEnded(
        pool=POOL,
        assignment="a",
        contact=contact,
        agent="anna",
        result=result,  # type: ignore[arg-type]
    )


def states(moved: list[Moved]) -> list[tuple[str | None, str]]:
    return [(one.before, one.place.state) for one in moved]


def test_contact_waits_is_taken_and_closes_once() -> None:
    places = Places()
    take(places, queued("c"))
    assert states(places.moved) == [(None, "waiting")]
    assert places.lines == {LINE}
    take(places, started("c"))
    place = places.of("v")
    assert place is not None
    assert states(places.moved) == [("waiting", "assigned")]
    assert places.lines == {LINE}
    assert places.standing(LINE) == []
    take(
        places,
        AssignmentWrapping(pool=POOL, assignment="a", contact="c", agent="anna", until=9),
    )
    assert states(places.moved) == [("assigned", "closed")]
    take(places, ended("c", "completed"), ContactClosed(pool=POOL, contact="c", agent="anna"))
    assert places.moved == []
    assert places.lines == set()


def test_contact_of_a_lost_agent_waits_again() -> None:
    places = Places()
    take(places, queued("c"))
    take(places, started("c"))
    take(
        places,
        ended("c", "agent_lost"),
        ContactRequeued(pool=POOL, contact="c", reason="agent_lost"),
    )
    assert states(places.moved) == [("assigned", "waiting")]
    assert places.standing(LINE) == ["c"]


def test_offer_that_comes_to_nothing_moves_nobody() -> None:
    places = Places()
    take(places, queued("c"))
    take(places, ContactRequeued(pool=POOL, contact="c", reason="declined"))
    assert places.moved == []


def test_mail_that_leaves_the_line_lets_chats_move_up() -> None:
    places = Places()
    take(places, queued("mail", "w", channel="email"), queued("c"))
    assert places.standing(LINE) == ["mail", "c"]
    take(places, ContactWithdrawn(pool=POOL, contact="mail", reason="cancelled"))
    assert places.moved == []
    assert places.lines == {LINE}
    assert places.standing(LINE) == ["c"]
    assert places.of("w") is None


def test_contact_classified_anew_changes_lines() -> None:
    places = Places()
    take(places, queued("c"))
    other = Classified(queue="vip", priority=9)
    take(
        places,
        ContactRequeued(pool=POOL, contact="c", reason="reconfigured", classified=other),
    )
    assert places.lines == {LINE, Line(3, POOL, "vip")}
    assert places.standing(LINE) == []
    assert places.standing(Line(3, POOL, "vip")) == ["c"]
    place = places.of("v")
    assert place is not None
    assert place.line.queue == "vip"


def test_second_contact_of_a_conversation_is_the_one_that_counts() -> None:
    places = Places()
    take(places, queued("c"))
    take(places, ContactWithdrawn(pool=POOL, contact="c", reason="solved"))
    take(places, queued("d"))
    take(places, ContactForgotten(pool=POOL, contact="c"))
    place = places.of("v")
    assert place is not None
    assert (place.contact_id, place.state) == ("d", "waiting")


def test_nothing_is_left_of_what_the_router_forgot() -> None:
    places = Places()
    take(places, queued("c"), queued("mail", "w", channel="email"))
    for contact in ("c", "mail"):
        take(places, ContactWithdrawn(pool=POOL, contact=contact, reason="cancelled"))
        take(places, ContactForgotten(pool=POOL, contact=contact))
    assert places.of("v") is None
    assert not places._contacts
    assert not places._newest
    assert not places._lines
    assert not places._standing


def test_line_is_ordered_by_priority_then_age_then_id() -> None:
    views = [
        View(contact_id="young", state="queued", priority=5, waiting_since=20),
        View(contact_id="b", state="queued", priority=5, waiting_since=10),
        View(contact_id="a", state="offered", priority=5, waiting_since=10),
        View(contact_id="urgent", state="queued", priority=9, waiting_since=99),
        View(contact_id="taken", state="assigned", priority=9, waiting_since=0),
    ]
    assert ranked(views) == ["urgent", "a", "b", "young"]


def test_contact_that_its_queue_does_not_take_is_told_what_to_do_instead() -> None:
    places = Places()
    over = ContactOverflowed(
        pool=POOL, contact="c", action="callback", reason="closed", opens_at=1_789_450_200_000
    )
    take(places, queued("c"), over)
    place = places.of("v")
    assert place is not None
    assert (place.state, places.standing(LINE)) == ("closed", [])
    assert state_of(place, old=False) == "closed"
    frame = closed(place)
    assert frame == Closed(
        reason="overflowed", why="closed", instead="callback", opens_at=1_789_450_200_000
    )
    assert '"instead":"callback"' in encode_frame(frame)


def test_parked_contact_stands_in_no_line_until_it_is_back() -> None:
    places = Places()
    take(places, queued("c"), ContactParked(pool=POOL, contact="c", opens_at=1_789_450_200_000))
    place = places.of("v")
    assert place is not None
    assert (place.state, place.opens_at) == ("parked", 1_789_450_200_000)
    assert state_of(place, old=False) == "waiting"
    assert places.standing(LINE) == []
    take(places, ContactRequeued(pool=POOL, contact="c", reason="opened"))
    assert [moved.before for moved in places.moved] == ["parked"]
    assert (place.state, place.opens_at) == ("waiting", 0)
    assert places.standing(LINE) == ["c"]
    take(places, ContactWithdrawn(pool=POOL, contact="c", reason="abandoned"))
    assert closed(place) == Closed(reason="abandoned")


def test_contact_that_is_handed_over_stays_with_an_agent() -> None:
    places = Places()
    take(places, queued("c"))
    take(places, started("c"))
    wrapping = AssignmentWrapping(
        pool=POOL, assignment="a", contact="c", agent="anna", until=9, reason="transferred"
    )
    take(places, wrapping, started("c"))
    assert places.moved == []
    take(places, ended("c", "transferred"))
    assert places.moved == []
    take(places, ended("c", "completed"), ContactClosed(pool=POOL, contact="c", agent="ben"))
    assert states(places.moved) == [("assigned", "closed")]


def test_contact_that_goes_on_elsewhere_leaves_the_chat_and_may_come_back() -> None:
    places = Places()
    take(places, queued("c"))
    ids: dict[str, Any] = {"contact": "c", "conversation": "v"}
    away = ContactChannelChanged(pool=POOL, channel="email", **ids)
    take(places, away, ContactRequeued(pool=POOL, contact="c", reason="channel_changed"))
    assert states(places.moved) == [("waiting", "closed")]
    assert places.of("v") is None
    assert places.standing(LINE) == ["c"], "it waits on, elsewhere"
    take(places, ContactChannelChanged(pool=POOL, channel="chat", **ids))
    assert states(places.moved) == [(None, "waiting")]
    assert places.of("v") is not None


def handed_over(contact: str, before: str) -> ContactQueued:
    made = queued(contact).contact
    origin = Origin(pool=POOL, contact_id=before, transfer_id="t3-1-0")
    return ContactQueued(pool="kaarna/sales", contact=msgspec.structs.replace(made, origin=origin))


def test_contact_in_another_pool_is_the_conversations_once_it_is_accepted_there() -> None:
    places = Places()
    take(places, queued("c"))
    take(places, started("c"))
    take(places, handed_over("there", "c"))
    assert places.moved == []
    place = places.of("v")
    assert place is not None
    assert place.contact_id == "c"
    take(places, started("there"))
    assert states(places.moved) == [("waiting", "assigned")]
    place = places.of("v")
    assert place is not None
    assert (place.contact_id, place.line.pool) == ("there", "kaarna/sales")
    take(places, ended("c", "transferred"))
    take(
        places,
        ContactHandedOver(
            pool=POOL, contact="c", agent="anna", to_pool="kaarna/sales", to_contact="there"
        ),
    )
    assert places.moved == []


def test_contact_that_another_pool_does_not_take_closes_nothing_here() -> None:
    places = Places()
    take(places, queued("c"))
    take(places, started("c"))
    take(places, handed_over("there", "c"))
    take(places, ContactWithdrawn(pool=POOL, contact="there", reason="cancelled"))
    assert places.moved == []
    take(places, ended("c", "completed"))
    assert states(places.moved) == [("assigned", "closed")]
