"""Pools are configured by events, and configured anew while contacts wait."""

from services.contracts import contact_events as ce
from services.contracts import routing_events as ev
from services.contracts.pool import QueueConfig, Rule
from services.router.core.queries import queue_views
from tests.unit.router.core.world import POOL, World, config


def test_a_new_pool_has_version_one_and_each_change_counts_up(world: World) -> None:
    assert world.body() == {"pool": POOL, "version": 1}
    world.configure(config(languages=()))
    assert world.body() == {"pool": POOL, "version": 2}


def test_the_same_configuration_again_changes_nothing(world: World) -> None:
    world.configure(config())
    assert world.kinds() == []
    assert world.body() == {"pool": POOL, "version": 1}


def test_a_pool_of_another_partition_is_rejected_and_answered_409(world: World) -> None:
    world.configure(config(partition=5))
    assert world.kinds() == ["input.rejected"]
    rejected = world.last.events[0]
    assert isinstance(rejected, ev.InputRejected)
    assert rejected.reason == "wrong_partition"
    assert (world.status(), world.body()) == (409, {"reason": "wrong_partition", "partition": 5})


def test_a_configuration_that_contradicts_itself_is_rejected_and_answered_422(
    world: World,
) -> None:
    world.configure(
        config(
            fallback_queue="nowhere",
            rules=(Rule(queue="ghosts", when={"colour": "red", "field.x": "1"}),),
            queues={"q": QueueConfig(channels=("fax",))},
        )
    )
    assert world.status() == 422
    assert world.body()["problems"] == [
        "the fallback queue 'nowhere' is not declared",
        "queue 'q' takes the undeclared channel 'fax'",
        "rule 1 names the undeclared queue 'ghosts'",
        "rule 1 compares 'colour', which is no classification key",
    ]
    assert world.partition.pools[POOL].version == 1


def test_a_configuration_sent_to_another_pools_key_is_rejected(world: World) -> None:
    data = ce.ConfigurePoolData(pool="acme/other", config=config(languages=()))
    world.put(ce.ConfigurePool, data)
    assert world.status() == 422


def test_waiting_contacts_are_classified_anew(world: World) -> None:
    world.opened("c1", topic="sales")
    world.opened("c2")
    rules = (Rule(queue="urgent", when={"topic": "sales"}, require={"tact": 1}),)
    world.configure(config(rules=rules))
    world.wait(1)
    contact = world.contact("c1")
    assert (contact["queue"], contact["priority"]) == ("urgent", 9)
    assert contact["required"] == {"tact": 1}
    requeued = [e for e in world.all_events() if isinstance(e, ev.ContactRequeued)]
    assert [(e.contact, e.reason) for e in requeued] == [("c1", "reconfigured")]


def test_a_contact_whose_queue_is_gone_goes_to_the_fallback_queue(world: World) -> None:
    world.opened("c1", topic="billing")
    world.configure(config(queues={"general": QueueConfig()}, rules=()))
    assert world.contact("c1")["queue"] == "general"
    assert world.contact("c1")["required"] == {}
    assert [view["queue"] for view in queue_views(world.partition, POOL)] == ["general"]


def test_an_easier_requirement_is_matched_in_the_step_that_brings_it(world: World) -> None:
    world.agent("ann")
    world.opened("c1", topic="billing")
    assert world.state("c1") == "queued"
    world.configure(config(rules=()))
    assert world.agent_of("c1") == "ann"


def test_an_offered_contact_is_classified_anew_when_it_comes_back(world: World) -> None:
    world.agent("ann", billing=2)
    world.opened("c1", topic="billing")
    world.configure(config(queues={"general": QueueConfig()}, rules=()))
    assert world.contact("c1")["queue"] == "billing"
    world.decline("c1")
    assert world.contact("c1")["queue"] == "general"


def test_many_waiting_contacts_are_classified_anew_in_portions(world: World) -> None:
    for number in range(450):
        world.opened(f"c{number:03}", topic="sales")
    world.configure(config(rules=(Rule(queue="urgent", when={"topic": "sales"}),)))
    sizes = [len(world.last.events)]
    world.now += 3_000
    while world.partition.next_due() == world.partition.at:
        sizes.append(len(world.tick().events))
    assert sizes == [201, 200, 50]
    assert {world.contact(f"c{n:03}")["queue"] for n in range(450)} == {"urgent"}


def test_two_changes_in_a_row_lead_to_the_last(world: World) -> None:
    for number in range(250):
        world.opened(f"c{number:03}", topic="sales")
    world.configure(config(rules=(Rule(queue="urgent", when={"topic": "sales"}),)))
    world.configure(config())
    world.wait(1)
    assert {world.contact(f"c{n:03}")["queue"] for n in range(250)} == {"general"}
    assert not world.partition.pools[POOL].stale


def test_what_is_in_hand_goes_on_when_its_queue_and_channel_are_gone(world: World) -> None:
    world.agent("ann", billing=2)
    world.opened("c1", topic="billing")
    world.accept("c1")
    world.configure(
        config(
            queues={"general": QueueConfig()},
            rules=(),
            channels={"email": config().channels["email"]},
        )
    )
    world.wrap_up("c1")
    assert world.state("c1") == "closed"
    assert world.view("ann")["used"] == 0


def test_pools_of_one_partition_do_not_touch_each_other(world: World) -> None:
    world.configure(config(pool="acme/other"))
    world.agent("ann")
    data = ce.OpenedContact(
        pool="acme/other", contact_id="c1", conversation_id="v", channel="chat", opened_at=world.now
    )
    world.put(ce.ContactOpened, data)
    assert world.kinds() == ["contact.queued"]
    world.opened("c1")
    assert world.kinds() == ["contact.queued", "offer.made"]
