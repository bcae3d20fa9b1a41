"""Point 7 of routing.md, between pools: the source owns until the target has journalled acceptance.

Two routers and the courier between them, who is late, comes twice, or dies in between."""

import asyncio
from typing import Any, cast

import msgspec
import pytest

from services.contracts import contact_events as ce
from services.contracts import routing_events as ev
from services.contracts.pool import CalendarConfig, PresenceConfig, QueueConfig, WeeklyHours
from services.contracts.topics import CONTACT_EVENTS
from services.kit.clock import SetClock
from services.kit.publisher import Position, Publisher
from services.router.core.partition import Partition
from services.router.core.queries import contact_view
from services.router.core.snapshot import dump, load
from services.router.follower.courier import PATIENCE, Courier, letters
from tests.support.fakes import FakePublisher
from tests.unit.router.core.world import PARTITION, POOL, QUEUES, START, World, config

SALES = "acme/sales"
pytestmark = pytest.mark.anyio


class Two:
    """`care` and `sales`, two pools on two partitions. Ann of care has the chat c1."""

    def __init__(self) -> None:
        presence = PresenceConfig(grace=1, assignment_grace=5)
        self.care = World(config(presence=presence))
        closed = CalendarConfig(time_zone="UTC", hours=WeeklyHours())
        queues = {**QUEUES, "night": QueueConfig(calendar="never")}
        sales = config(pool=SALES, queues=queues, calendars={"never": closed}, presence=presence)
        self.sales = World(sales)
        self.care.agent("ann")
        self.care.opened("c1", language="de", topic="invoice", customer="k7", tier="gold")
        self.care.reassign("c1", "ann")
        for world in (self.care, self.sales):
            world.now = START + 60_000

    def mail(self, times: int = 3) -> list[str]:
        """The courier looks, and what it writes arrives, so many times; the letters' types."""
        written = []
        for _ in range(times):
            replicas = [self.care.replayed(), self.sales.replayed()]
            for _, letter in letters(replicas, self.care.now):
                world = self.sales if letter.data.pool == SALES else self.care
                world.put(type(letter), letter.data, id=letter.id)
                written.append(str(type(letter).__struct_config__.tag))
        return written

    def there(self) -> dict[str, Any]:
        """The contact in the other pool."""
        pool = self.sales.partition.pools[SALES]
        (contact_id,) = [*pool.contacts, *pool.closed]
        view = contact_view(self.sales.partition, SALES, contact_id)
        assert view is not None
        return view

    def seller(self, name: str = "sue", **skills: int) -> None:
        """An agent of sales."""
        self.sales.heartbeat("g1", period=60.0)
        self.sales.put(ce.UpsertAgent, ce.UpsertAgentData(pool=SALES, agent_id=name, skills=skills))
        session = ce.SessionData(pool=SALES, agent_id=name, session_id=f"s-{name}", gateway="g1")
        self.sales.put(ce.SessionOpened, session)
        data = ce.SetPresenceData(pool=SALES, agent_id=name, presence="available")
        self.sales.put(ce.SetPresence, data)

    def accept(self, agent: str = "sue") -> None:
        offer = self.there()["offer_id"]
        data = ce.OfferData(pool=SALES, offer_id=offer, agent_id=agent)
        self.sales.put(ce.AcceptOffer, data)
        assert self.sales.status() == 200

    def agrees(self) -> bool:
        """Both journals and snapshots lead to the same states."""
        return all(
            world.replayed().fingerprint() == world.partition.fingerprint()
            and load(dump(world.partition)).fingerprint() == world.partition.fingerprint()
            for world in (self.care, self.sales)
        )


def owners(two: Two) -> list[str]:
    """Who has the talk in hand, in either pool."""
    return [
        one.agent.id
        for world, pool in ((two.care, POOL), (two.sales, SALES))
        for one in world.partition.pools[pool].assignments.values()
        if not one.wrapping
    ]


def test_the_source_owns_until_the_target_has_accepted() -> None:
    two = Two()
    two.care.transfer("c1", to_pool=SALES, to_queue="billing", note_id="m1")
    assert two.care.body()["transfer"] == "open"
    assert two.mail() == ["contact.opened"]
    view = two.there()
    assert (view["state"], view["queue"]) == ("queued", "billing")
    assert (view["waiting_since"], view["conversation_id"]) == (START, "v-c1")
    assert (view["required"], view["language"]) == ({"billing": 2, "de": 1}, "de")
    two.seller(billing=3, de=2)
    assert two.mail() == []
    assert owners(two) == ["ann"]
    two.accept()
    assert two.care.agent_of("c1") == "ann", "the source has not heard yet"
    assert two.mail() == ["transfer.answered"]
    assert owners(two) == ["sue"]
    assert two.care.kinds() == ["transfer.ended", "assignment.ended", "contact.handed-over"]
    assert two.care.contact("c1")["reason"] == "to acme/sales"
    assert two.care.view("ann")["used"] == 0
    assert two.mail() == []
    assert two.agrees()


def test_by_the_other_pools_rules_without_a_queue() -> None:
    two = Two()
    two.care.transfer("c1", to_pool=SALES)
    two.mail()
    assert two.there()["queue"] == "urgent"


def test_a_pool_that_does_not_take_it_leaves_it_with_its_agent() -> None:
    two = Two()
    two.care.transfer("c1", to_pool="acme/nowhere")
    assert two.mail() == ["transfer.answered"]
    assert owners(two) == ["ann"]
    assert two.care.contact("c1")["transfer"] is None
    (ended,) = [e for e in two.care.all_events() if isinstance(e, ev.TransferEnded)]
    assert ended.result == "refused"
    assert two.agrees()


def test_cancelled_the_other_pool_asks_nobody_any_more() -> None:
    two = Two()
    two.seller(de=1)
    two.care.transfer("c1", to_pool=SALES)
    two.mail()
    assert two.there()["state"] == "offered"
    two.care.cancel_transfer("c1")
    assert two.care.body()["transfer"] == "recalled"
    assert two.mail() == ["transfer.withdrawn", "transfer.answered"]
    assert (owners(two), two.there()["state"]) == (["ann"], "withdrawn")
    assert two.care.contact("c1")["transfer"] is None
    assert two.mail() == []
    assert two.agrees()


@pytest.mark.parametrize("answered_first", [True, False])
def test_cancelled_and_accepted_at_the_same_time_one_of_them_has_it(answered_first: bool) -> None:
    two = Two()
    two.seller(de=1)
    two.care.transfer("c1", to_pool=SALES)
    two.mail()
    if answered_first:
        two.accept()
        two.care.cancel_transfer("c1")
    else:
        two.care.cancel_transfer("c1")
        two.accept()
    two.mail()
    assert owners(two) == ["sue"]
    assert two.agrees()


def test_a_customer_who_leaves_meanwhile_waits_for_nobody_in_the_other_pool() -> None:
    two = Two()
    two.care.transfer("c1", to_pool=SALES)
    two.mail()
    two.care.ended("c1", "customer_left")
    assert two.mail() == ["transfer.withdrawn"]
    assert (two.there()["state"], two.there()["reason"]) == ("withdrawn", "cancelled")
    assert owners(two) == []
    assert two.agrees()


def test_a_lost_owners_contact_goes_back_only_when_the_other_pool_has_said_no() -> None:
    two = Two()
    two.care.transfer("c1", to_pool=SALES)
    two.mail()
    two.care.disconnect("ann")
    two.care.wait(6)
    assert two.care.state("c1") == "assigned"
    assert two.care.contact("c1")["transfer"]["recalled"]
    two.mail()
    assert (two.care.state("c1"), two.there()["state"]) == ("queued", "withdrawn")
    assert two.agrees()


def test_a_lost_owners_contact_that_was_accepted_is_not_queued_again() -> None:
    two = Two()
    two.seller(de=1)
    two.care.transfer("c1", to_pool=SALES)
    two.mail()
    two.accept()
    two.care.disconnect("ann")
    two.care.wait(6)
    two.mail()
    assert (owners(two), two.care.state("c1")) == (["sue"], "closed")
    assert two.agrees()


def test_a_doubled_or_late_letter_changes_nothing() -> None:
    two = Two()
    two.seller(de=1)
    two.care.transfer("c1", to_pool=SALES)
    opened = [letter for _, letter in letters([two.care.partition, two.sales.partition], 0)]
    two.mail()
    two.sales.put(type(opened[0]), opened[0].data, id=opened[0].id)
    assert two.sales.kinds() == []
    two.accept()
    answers = [letter for _, letter in letters([two.care.partition, two.sales.partition], 0)]
    two.mail()
    two.care.put(type(answers[0]), answers[0].data, id=answers[0].id)
    assert two.care.kinds() == []
    assert owners(two) == ["sue"]


def test_who_comes_back_to_the_line_after_the_acceptance_is_not_withdrawn() -> None:
    two = Two()
    two.seller(de=1)
    two.care.transfer("c1", to_pool=SALES)
    two.mail()
    two.accept()
    two.mail()
    data = ce.SessionData(pool=SALES, agent_id="sue", session_id="s-sue", gateway="g1")
    two.sales.put(ce.SessionEnded, data)
    two.sales.wait(6)
    assert two.there()["state"] == "queued"
    assert two.mail() == []
    assert two.there()["state"] == "queued"


def test_nothing_is_said_before_the_sources_journal_has_been_read_that_far() -> None:
    two = Two()
    two.care.transfer("c1", to_pool=SALES)
    two.mail()
    behind = Partition(two.care.partition.number)
    for record in two.care.journal[:-1]:
        behind.apply(record)
    assert list(letters([behind, two.sales.partition], two.care.now)) == []


def test_where_the_queue_is_closed_it_stays_parked_and_owned() -> None:
    two = Two()
    two.care.transfer("c1", to_pool=SALES, to_queue="night")
    two.mail()
    assert (two.there()["state"], owners(two)) == ("parked", ["ann"])
    two.care.cancel_transfer("c1")
    two.mail()
    assert (two.there()["state"], two.care.contact("c1")["transfer"]) == ("withdrawn", None)


def test_what_would_make_two_owners_is_refused_while_it_is_open() -> None:
    two = Two()
    two.care.agent("ben")
    two.care.transfer("c1", to_pool=POOL)
    assert (two.care.status(), two.care.body()["reason"]) == (422, "own_pool")
    two.care.transfer("c1", to_pool="rival/care")
    assert (two.care.status(), two.care.body()["reason"]) == (422, "foreign_pool")
    two.care.transfer("c1", to_pool=SALES)
    two.care.reassign("c1", "ben")
    assert (two.care.status(), two.care.body()["reason"]) == (409, "transfer_open")
    two.care.change_channel("c1", "email")
    assert (two.care.status(), two.care.body()["reason"]) == (409, "transfer_open")
    two.care.transfer("c1", to_agent="ben")
    assert (two.care.status(), two.care.body()["reason"]) == (409, "transfer_open")


class Read:
    """A journal whose past has been read."""

    def __init__(self) -> None:
        self.news = asyncio.Event()

    async def until_live(self) -> None:
        """It has."""


async def test_what_is_not_known_is_written_again_and_only_after_a_while() -> None:
    two, clock, publisher = Two(), SetClock(), FakePublisher()
    two.care.transfer("c1", to_pool=SALES)
    partitions = [two.care.partition, two.sales.partition]
    courier = Courier(Read(), partitions, cast("Publisher", publisher), clock)
    publisher.away = {CONTACT_EVENTS.name}
    await courier.deliver()
    assert publisher.written == []
    publisher.away = set()
    await courier.deliver()
    await courier.deliver()
    assert [(one.key, one.position.partition) for one in publisher.written] == [(SALES, PARTITION)]
    clock.advance(PATIENCE - 0.1)
    await courier.deliver()
    assert len(publisher.written) == 1
    clock.advance(0.2)
    await courier.deliver()
    again = [msgspec.structs.asdict(one.event)["id"] for one in publisher.written]
    assert again == ["t3-7-0.opened"] * 2, "under the same id"
    letter = publisher.written[0].event
    assert isinstance(letter, ce.ContactOpened)
    two.sales.put(ce.ContactOpened, letter.data, id=letter.id)
    clock.advance(60)
    await courier.deliver()
    assert len(publisher.written) == 2, "the other pool knows"


class Written(FakePublisher):
    """Says when the first letter is written."""

    def __init__(self) -> None:
        super().__init__()
        self.first = asyncio.Event()

    async def publish(self, *args: Any, **more: Any) -> Position:
        position = await super().publish(*args, **more)
        self.first.set()
        return position


async def test_it_looks_whenever_the_journal_has_news() -> None:
    two, publisher, read = Two(), Written(), Read()
    partitions = [two.care.partition, two.sales.partition]
    courier = Courier(read, partitions, cast("Publisher", publisher), SetClock())
    await courier.start()
    await asyncio.sleep(0)
    two.care.transfer("c1", to_pool=SALES)
    read.news.set()
    await publisher.first.wait()
    await courier.stop()
    assert courier.trouble() is None
