"""Each thing that must not be is found in a small hand-made journal, and nothing in a clean one."""

import msgspec
import pytest

from demo.check import KINDS, JournalCheck
from services.contracts import routing_events as ev
from tests.unit.demo.journal import CONFIG, POOL, Journal, checked


@pytest.fixture
def journal() -> Journal:
    return Journal()


def only(journal: Journal, kind: str) -> str:
    """The one finding, of this kind; its words."""
    check = checked(journal)
    assert {name: number for name, number in check.counts.items() if number} == {kind: 1}
    assert [finding.kind for finding in check.findings] == [kind]
    return check.findings[0].detail


def test_clean_journal_gives_zeros(journal: Journal) -> None:
    for number in range(20):
        journal.served(f"c{number}", "anna" if number % 2 else "bo")
    check = checked(journal)
    assert check.counts == dict.fromkeys(KINDS, 0)
    assert check.findings == []


def test_contact_that_two_agents_have_at_once_is_found(journal: Journal) -> None:
    journal.put(journal.queue("c"), journal.offer("c", "anna"))
    journal.put(journal.assign("c", "anna"))
    journal.put(journal.offer("c", "bo"), journal.assign("c", "bo"))
    assert "contact c has 2" in only(journal, "doubly_owned")


def test_contact_that_is_assigned_after_its_end_is_found(journal: Journal) -> None:
    journal.put(journal.queue("c"), journal.offer("c", "anna"), journal.offer("c", "bo"))
    journal.put(journal.assign("c", "anna"))
    journal.put(journal.end("c", "anna"), journal.close("c", "anna"))
    journal.put(journal.assign("c", "bo"))
    assert "was over already" in only(journal, "doubly_owned")


def test_contact_that_goes_from_a_lost_agent_to_another_is_not_doubly_owned(
    journal: Journal,
) -> None:
    journal.put(journal.queue("c"), journal.offer("c", "anna"))
    journal.put(journal.assign("c", "anna"))
    journal.put(
        journal.end("c", "anna", "agent_lost"),
        ev.ContactRequeued(pool=POOL, contact="c", reason="agent_lost"),
        journal.offer("c", "bo"),
    )
    journal.put(journal.assign("c", "bo"))
    assert checked(journal).counts.total() == 0


def test_agent_with_more_units_than_a_hundred_is_found(journal: Journal) -> None:
    for number in range(2):
        journal.served(f"before{number}", "anna", "email")
        journal.put(
            journal.queue(f"e{number}", "email"), journal.offer(f"e{number}", "anna", "email")
        )
    journal.put(journal.queue("c"), journal.offer("c", "anna"))
    assert "anna has 133 of 100 units" in only(journal, "above_capacity")


def test_offers_and_assignments_both_take_units(journal: Journal) -> None:
    journal.put(journal.queue("e", "email"), journal.offer("e", "anna", "email"))
    journal.put(journal.assign("e", "anna", "email"))
    for number in range(2):
        journal.put(journal.queue(f"c{number}"), journal.offer(f"c{number}", "anna"))
    assert "anna has 116" in only(journal, "above_capacity")


def test_agent_in_wrap_up_keeps_the_units_taken(journal: Journal) -> None:
    journal.put(journal.queue("e", "email"), journal.offer("e", "anna", "email"))
    journal.put(journal.assign("e", "anna", "email"))
    journal.put(
        ev.AssignmentWrapping(pool=POOL, assignment="a-e-anna", contact="e", agent="anna", until=1)
    )
    for number in range(2):
        journal.put(journal.queue(f"c{number}"), journal.offer(f"c{number}", "anna"))
    assert "anna has 116" in only(journal, "above_capacity")


def test_more_of_a_channel_than_its_maximum_is_found(journal: Journal) -> None:
    for number in range(2):
        journal.put(
            journal.queue(f"f{number}", "form"), journal.offer(f"f{number}", "anna", "form")
        )
    assert "anna has 2 of 1 in form" in only(journal, "above_capacity")


def test_more_of_a_channel_than_the_agents_own_limit_is_found(journal: Journal) -> None:
    journal.put(ev.AgentUpserted(pool=POOL, agent="anna", skills={}, limits={"chat": 1}))
    for number in range(2):
        journal.put(journal.queue(f"c{number}"), journal.offer(f"c{number}", "anna"))
    assert "anna has 2 of 1 in chat" in only(journal, "above_capacity")


def test_work_taken_before_a_change_keeps_its_cost(journal: Journal) -> None:
    journal.put(journal.queue("c0"), journal.offer("c0", "anna"))
    journal.put(journal.queue("c1"), journal.offer("c1", "anna"))
    changed = {
        **CONFIG.channels,
        "chat": msgspec.structs.replace(CONFIG.channels["chat"], cost=60),
        "form": msgspec.structs.replace(CONFIG.channels["form"], cost=30),
    }
    config = msgspec.structs.replace(CONFIG, channels=changed)
    journal.put(ev.PoolConfigured(pool=POOL, version=2, config=config))
    journal.put(journal.assign("c0", "anna"), journal.assign("c1", "anna"))
    journal.put(journal.queue("f", "form"), journal.offer("f", "anna", "form"))
    assert checked(journal).counts.total() == 0


def test_offer_to_an_agent_on_a_break_is_found(journal: Journal) -> None:
    journal.put(ev.AgentPresenceChanged(pool=POOL, agent="anna", presence="break"))
    journal.put(journal.queue("c"), journal.offer("c", "anna"))
    assert "anna is not available" in only(journal, "offered_to_absent")


def test_offer_to_an_agent_whose_last_connection_is_gone_is_found(journal: Journal) -> None:
    journal.put(
        ev.SessionAttached(pool=POOL, agent="anna", session="second", gateway="g"),
        ev.SessionDetached(pool=POOL, agent="anna", session="s-anna", reason="ended"),
    )
    journal.put(journal.queue("c0"), journal.offer("c0", "anna"))
    journal.put(ev.SessionDetached(pool=POOL, agent="anna", session="second", reason="ended"))
    journal.put(journal.queue("c1"), journal.offer("c1", "anna"))
    assert "anna is not connected: offer o-c1-anna" in only(journal, "offered_to_absent")


def test_offer_to_an_agent_behind_a_silent_gateway_is_found(journal: Journal) -> None:
    journal.put(ev.GatewayExpired(gateway="g"))
    journal.put(journal.queue("c"), journal.offer("c", "anna"))
    assert "not connected" in only(journal, "offered_to_absent")


def test_contact_that_is_queued_twice_is_found(journal: Journal) -> None:
    journal.put(journal.queue("c"))
    journal.put(journal.queue("c"))
    assert "queued twice" in only(journal, "contradictions")


def test_assignment_without_its_offer_is_found(journal: Journal) -> None:
    journal.put(journal.queue("c"))
    journal.put(journal.assign("c", "anna"))
    assert "without its offer" in only(journal, "contradictions")


def test_contact_that_ends_in_somebodys_hands_is_found(journal: Journal) -> None:
    journal.put(journal.queue("c"), journal.offer("c", "anna"))
    journal.put(journal.assign("c", "anna"))
    journal.put(journal.close("c", "anna"))
    assert "while somebody has it" in only(journal, "contradictions")


def test_void_records_are_ignored(journal: Journal) -> None:
    old = journal.put(journal.queue("c"), journal.offer("c", "anna"))
    epoch = 0
    journal.open()
    journal.put(journal.assign("c", "anna"))
    # The one who was taken over goes on writing: all of it is void.
    journal.put(journal.offer("c", "bo"), journal.assign("c", "bo"), epoch=epoch)
    journal.put(journal.queue("c"), epoch=epoch)
    journal.put(journal.end("c", "anna"), journal.close("c", "anna"))
    assert checked(journal).counts.total() == 0
    assert old not in {record.epoch for _, record in journal.records()}


def test_same_records_without_the_epoch_rule_show_the_double(journal: Journal) -> None:
    """The control of the test above: it is the rule that keeps the double out."""
    journal.put(journal.queue("c"), journal.offer("c", "anna"))
    journal.open()
    journal.put(journal.assign("c", "anna"))
    journal.put(journal.offer("c", "bo"), journal.assign("c", "bo"))
    assert checked(journal).counts["doubly_owned"] == 1


def test_what_went_before_the_run_is_replayed_but_not_counted(journal: Journal) -> None:
    journal.put(journal.queue("c"), journal.offer("c", "anna"))
    journal.put(journal.assign("c", "anna"))
    journal.put(journal.offer("c", "bo"), journal.assign("c", "bo"))
    journal.served("d", "bo")
    check = JournalCheck(POOL)
    for offset, record in journal.records():
        check.see(0, offset, record, counting=offset > 20)
    assert check.counts.total() == 0


def test_findings_are_bounded_and_counted_on(journal: Journal) -> None:
    journal.put(ev.AgentPresenceChanged(pool=POOL, agent="anna", presence="break"))
    for number in range(150):
        contact = f"c{number}"
        journal.put(journal.queue(contact), journal.offer(contact, "anna"))
        journal.put(
            ev.OfferEnded(
                pool=POOL,
                offer=f"o-{contact}-anna",
                contact=contact,
                agent="anna",
                result="expired",
            )
        )
    check = checked(journal)
    assert check.counts["offered_to_absent"] == 150
    assert len(check.findings) == 100
