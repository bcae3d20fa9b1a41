"""Places in line agree with counting everybody."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts.pool import QueueConfig
from services.router.core import places as module
from services.router.core.model import Contact
from services.router.core.places import Places, SortedMarks
from services.router.core.pool import Pool
from tests.unit.router.core.test_properties import Driver
from tests.unit.router.core.world import POOL, START, World, config


def counted(pool: Pool, contact: Contact) -> int:
    """The place, by comparing with everybody."""

    def order(one: Contact) -> tuple[int, int, str]:
        return (-one.priority, one.facts.virtual_start, one.id)

    return 1 + sum(
        other.queue == contact.queue and other.state == "queued" and order(other) < order(contact)
        for other in pool.contacts.values()
    )


def all_agree(places: Places, pool: Pool) -> int:
    """How many waited."""
    waiting = [contact for contact in pool.contacts.values() if contact.state == "queued"]
    for contact in waiting:
        place = places.of(contact.id)
        assert place is not None
        assert place.position == counted(pool, contact)
        assert place.ahead_alike == sum(
            (other.queue, other.priority, other.facts.channel, other.required)
            == (contact.queue, contact.priority, contact.facts.channel, contact.required)
            and (other.facts.virtual_start, other.id) < (contact.facts.virtual_start, contact.id)
            for other in waiting
        )
    return len(waiting)


def test_place_counts_who_comes_first_in_the_same_queue(world: World) -> None:
    pool = world.partition.pools[POOL]
    places = Places(pool)
    world.now += 10_000
    for contact, more in (
        ("c2", {}),
        ("c1", {"opened_at": START}),
        ("c3", {}),
        ("other", {"topic": "billing", "opened_at": START}),
    ):
        places.follow(world.opened(contact, **more).events)
    found = [places.of(contact) for contact in ("c1", "c2", "c3", "other")]
    assert [place and place.position for place in found] == [1, 2, 3, 1]
    world.agent("ann")
    for record in world.journal[-4:]:
        places.follow(record.events)
    assert places.of("c1") is None
    assert places.of("nobody") is None


def test_places_follow_every_change_without_counting_anew() -> None:
    """The random sequences of the engine's own property test: whatever happens, places agree."""
    waited = built = 0
    for seed in range(2):
        driver = Driver(random.Random(seed).randbytes(1500))
        driver.run()
        follower = World(configure=False)
        places: Places | None = None
        for record in driver.world.journal:
            follower.partition.apply(record)
            pool = follower.partition.pools[POOL]
            if places is None:
                places = Places(pool)
            build, places._build = places._build, lambda: None  # type: ignore[method-assign]
            places.follow(record.events)
            waited += all_agree(places, pool)
            places._build = build  # type: ignore[method-assign]
            built += 1
    assert waited > 1_000
    assert built > 300


def test_change_that_names_no_contact_is_noticed(world: World) -> None:
    pool = world.partition.pools[POOL]
    places = Places(pool)
    world.opened("c1")
    world.opened("c2")
    place = places.of("c2")  # nobody told it of either
    assert place is not None
    assert place.position == 2


def test_emptied_queue_leaves_nothing_behind(world: World) -> None:
    places = Places(world.partition.pools[POOL])
    places.follow(world.opened("c1", topic="billing").events)
    places.follow(world.cancel("c1").events)
    assert (places._lines, places._queues, places._at) == ({}, {}, {})


def test_contact_that_is_classified_anew_stands_where_it_belongs(world: World) -> None:
    pool = world.partition.pools[POOL]
    places = Places(pool)
    for contact in ("c1", "c2"):
        places.follow(world.opened(contact, topic="billing").events)
    before = len(world.journal)
    world.configure(config(queues={"general": QueueConfig()}, rules=()))
    for record in world.journal[before:]:
        places.follow(record.events)
    assert all_agree(places, pool) == 2


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 300)), max_size=300))
def test_sorted_marks_count_like_a_sorted_list(moves: list[tuple[bool, int]]) -> None:
    chunk, module._CHUNK = module._CHUNK, 4
    try:
        marks, plain = SortedMarks([(7, "first")]), [(7, "first")]
        for add, number in moves:
            mark = (number, "")
            if add and mark not in plain:
                marks.add(mark)
                plain.append(mark)
            elif not add and plain:
                marks.remove(plain.pop(number % len(plain)))
            assert marks.size == len(plain)
            assert marks.before((number, "a")) == sum(one < (number, "a") for one in plain)
    finally:
        module._CHUNK = chunk
