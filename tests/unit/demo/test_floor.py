"""What the journal says of the floor, and what is counted of it."""

from demo.floor import Floor
from services.contracts import routing_events as ev
from tests.unit.demo.journal import POOL, Journal


def floor_of(journal: Journal, *, counting_from: int = 0) -> Floor:
    floor = Floor(POOL)
    for offset, record in journal.records():
        floor.see(record, counting=offset >= counting_from)
    return floor


def test_contacts_are_counted_by_channel_and_by_what_became_of_them() -> None:
    journal = Journal()
    journal.served("c", "anna")
    journal.served("e", "bo", "email")
    journal.put(journal.queue("b"), journal.offer("b", "anna"))
    journal.put(
        ev.OfferEnded(pool=POOL, offer="o-b-anna", contact="b", agent="anna", result="rescinded"),
        ev.ContactWithdrawn(pool=POOL, contact="b", reason="solved"),
    )
    journal.put(journal.queue("w"))
    floor = floor_of(journal)
    counts = floor.counts
    assert dict(counts.by_channel) == {"chat": 3, "email": 1}
    assert (counts.contacts_in, counts.assigned, counts.completed) == (4, 2, 2)
    assert dict(counts.withdrawn) == {"solved": 1}
    assert [contact.id for contact in floor.left()] == ["w"]


def test_contact_that_changes_hands_is_assigned_once() -> None:
    journal = Journal()
    journal.put(journal.queue("c"), journal.offer("c", "anna"))
    journal.put(journal.assign("c", "anna"))
    journal.put(
        journal.end("c", "anna", "agent_lost"),
        ev.ContactRequeued(pool=POOL, contact="c", reason="agent_lost"),
        journal.offer("c", "bo"),
    )
    journal.put(journal.assign("c", "bo"))
    floor = floor_of(journal)
    assert floor.counts.assigned == 1
    assert floor.contacts["c"].agent == "bo"


def test_only_contacts_that_were_offered_in_the_record_that_queued_them_found_somebody() -> None:
    journal = Journal()
    journal.put(journal.queue("at once"), journal.offer("at once", "anna"))
    journal.put(journal.queue("later"))
    journal.put(journal.offer("later", "bo"))
    floor = Floor(POOL)
    for offset, record in journal.records():
        floor.see(record, appended=1000 + offset)
    contacts = floor.contacts
    assert contacts["at once"].found_at > 1000
    assert contacts["later"].found_at == 0


def test_what_came_before_the_run_is_known_but_not_counted() -> None:
    journal = Journal()
    journal.put(journal.queue("old"), journal.offer("old", "anna"))
    start = len(journal.entries)
    journal.put(journal.assign("old", "anna"))
    journal.served("new", "bo")
    floor = floor_of(journal, counting_from=start)
    assert (floor.counts.contacts_in, floor.counts.assigned, floor.counts.completed) == (1, 1, 1)
    assert [contact.id for contact in floor.open()] == ["old"]
    assert floor.left() == []


def test_agents_hold_what_they_were_offered_and_assigned() -> None:
    journal = Journal()
    journal.put(journal.queue("c"), journal.offer("c", "anna"))
    journal.put(journal.queue("e", "email"), journal.offer("e", "anna", "email"))
    journal.put(journal.assign("e", "anna", "email"))
    floor = floor_of(journal)
    held = [(one.channel, one.stage) for one in floor.agents["anna"].work.values()]
    assert sorted(held) == [("chat", "offered"), ("email", "assigned")]
    assert floor.agents["bo"].work == {}


def test_queue_shows_its_oldest_first_until_they_are_taken() -> None:
    journal = Journal()
    for contact in ("a", "b"):
        journal.put(journal.queue(contact))
    journal.put(journal.offer("a", "anna"))
    journal.put(journal.assign("a", "anna"))
    assert [contact.id for contact in floor_of(journal).in_queue("all")] == ["b"]
