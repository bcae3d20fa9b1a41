"""Contacts at the door: doubles, ages, and how long they are remembered."""

import pytest

from services.contracts import routing_events as ev
from services.router.core import turn
from tests.unit.router.core.world import START, World

WEEK_MS = 7 * 24 * 3_600_000
DAY = 24 * 3_600


def test_a_second_opening_of_a_known_contact_changes_nothing(world: World) -> None:
    world.opened("c1")
    world.opened("c1", "email", topic="billing")
    assert world.kinds() == []
    assert world.contact("c1")["channel"] == "chat"


def test_a_contact_that_is_over_is_known_for_a_day(world: World) -> None:
    world.opened("c1")
    world.ended("c1")
    world.wait(DAY - 1)
    world.opened("c1")
    assert world.kinds() == []
    world.wait(2)
    assert any(isinstance(event, ev.ContactForgotten) for event in world.all_events())
    world.opened("c1")
    assert world.kinds() == ["contact.queued"]


def test_remembered_contacts_are_bounded_in_number_the_oldest_go(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn, "KEEP_CLOSED", 2)
    for contact in ("c1", "c2", "c3"):
        world.opened(contact)
        world.ended(contact)
    assert world.kinds() == ["contact.withdrawn", "contact.forgotten"]
    world.opened("c2")
    assert world.kinds() == []
    world.opened("c1")
    assert world.kinds() == ["contact.queued"]


@pytest.mark.parametrize(
    ("opened_at", "since"),
    [
        (START - 5_000, START - 5_000),
        (START + 60_000, START),
        (0, START - WEEK_MS),
        (START - WEEK_MS - 1, START - WEEK_MS),
    ],
)
def test_a_channels_clock_ages_a_contact_within_reason(
    world: World, opened_at: int, since: int
) -> None:
    world.opened("c1", opened_at=opened_at)
    assert world.contact("c1")["waiting_since"] == since
