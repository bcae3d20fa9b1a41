"""The views' documents: written bit by bit they are the same as written anew."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts import views
from services.contracts.journal import Record, Source
from services.contracts.routing_events import AgentUpserted
from services.router.core.partition import MAX_FIRED, Partition
from services.router.follower import dirty as module
from services.router.follower import documents
from services.router.follower.dirty import Dirty
from services.router.follower.documents import Fields
from tests.unit.router.core.test_properties import Driver
from tests.unit.router.core.world import PARTITION, POOL, QUEUES, World, config

Views = dict[str, Fields]


def anew(partition: Partition) -> Views:
    made: Views = {key: {} for key in views.keys(PARTITION)[1:]}
    for key, fields in documents.everything(partition):
        made[key] |= fields
    return made


def bring(shown: Views, partition: Partition, dirty: Dirty) -> None:
    """What the script does with the changes."""
    queues = set(shown[views.queues(PARTITION)])
    for key, fields in documents.changed(partition, dirty.take(), queues).items():
        for field, document in fields.items():
            if document:
                shown[key][field] = document
            else:
                shown[key].pop(field, None)


@settings(max_examples=40, deadline=None)
@given(script=st.binary(min_size=50, max_size=400), lazy=st.integers(1, 20))
def test_whatever_happens_bit_by_bit_is_the_same_as_anew(script: bytes, lazy: int) -> None:
    driver = Driver(script)
    driver.run()
    partition, dirty = Partition(PARTITION), Dirty()
    shown = anew(partition)
    for number, record in enumerate(driver.world.journal):
        dirty.note(partition, record)
        partition.apply(record)
        if number % lazy == 0:
            bring(shown, partition, dirty)
            assert shown == anew(partition)


def test_agents_of_a_silent_gateway_are_shown_as_gone() -> None:
    """Also those whose `session.detached` stands in a later record only."""
    world = World()
    for number in range(MAX_FIRED + 20):
        world.agent(f"a{number}", billing=3)
    partition, dirty = Partition(PARTITION), Dirty()
    for record in world.journal:
        partition.apply(record)
    shown, done = anew(partition), len(world.journal)
    agent = f"{POOL}#a{MAX_FIRED + 19}"
    assert '"connected":true' in shown[views.agents(PARTITION)][agent]
    world.now += 181_000
    world.tick()
    world.wait(200, beat=False)
    for record in world.journal[done:]:
        dirty.note(partition, record)
        partition.apply(record)
        bring(shown, partition, dirty)
        assert shown == anew(partition)
    assert '"connected":false' in shown[views.agents(PARTITION)][agent]


def test_forgotten_contact_and_gone_queue_leave_the_views() -> None:
    world = World()
    world.opened("c1")
    world.cancel("c1")
    partition, dirty = Partition(PARTITION), Dirty()
    shown = anew(partition)
    world.configure(config(queues={name: QUEUES[name] for name in ("general", "urgent")}, rules=()))
    world.wait(25 * 3600)
    for record in world.journal:
        dirty.note(partition, record)
        partition.apply(record)
    bring(shown, partition, dirty)
    assert shown[views.contacts(PARTITION)] == {}
    assert set(shown[views.queues(PARTITION)]) == {f"{POOL}#general", f"{POOL}#urgent"}


def test_names_are_bounded_and_then_everything_is_to_be_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "LIMIT", 10)
    partition, dirty = Partition(PARTITION), Dirty()
    for number in range(11):
        event = AgentUpserted(pool=POOL, agent=f"a{number}", skills={})
        record = Record(epoch=0, src=Source("t", number), at=1, events=(event,))
        assert not dirty.everything
        dirty.note(partition, record)
    assert dirty.everything
    assert not dirty.agents


def test_what_was_taken_and_not_written_is_put_back() -> None:
    dirty = Dirty({(POOL, "c1")}, {(POOL, "a1")}, {POOL})
    taken = dirty.take()
    assert not dirty
    dirty.contacts.add((POOL, "c2"))
    dirty.put_back(taken)
    assert dirty.contacts == {(POOL, "c1"), (POOL, "c2")}
    assert (dirty.agents, dirty.pools) == ({(POOL, "a1")}, {POOL})
    dirty.put_back(Dirty(everything=True))
    assert dirty.everything
