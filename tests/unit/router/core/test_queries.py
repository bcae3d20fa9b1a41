"""What readers see. Everything is JSON-ready."""

import msgspec

from services.contracts.pool import QueueConfig
from services.router.core import queries
from tests.unit.router.core.world import POOL, START, World, config


def test_an_agents_view_holds_all_that_is_in_hand(world: World) -> None:
    world.agent("ann", billing=3)
    world.upsert("ann", {"billing": 3}, limits={"chat": 2})
    world.opened("call", "phone")
    world.accept("call")
    world.wrap_up("call")
    world.complete("call")
    world.opened("m1", "email")
    world.accept("m1")
    world.now += 1_000
    world.opened("c1", opened_at=START)
    view = world.view("ann")
    assert msgspec.json.decode(msgspec.json.encode(view)) == view
    assert view["skills"] == {"billing": 3}
    assert view["limits"] == {"chat": 2}
    assert (view["presence"], view["connected"], view["used"]) == ("available", True, 50)
    assert view["offers"] == [
        {
            "offer_id": world.offer_of("c1"),
            "contact_id": "c1",
            "conversation_id": "v-c1",
            "channel": "chat",
            "queue": "general",
            "made_at": START + 1_000,
            "expires_at": START + 21_000,
            "waited_ms": 1_000,
        }
    ]
    assert view["assignments"] == [
        {
            "assignment_id": world.assignment_of("m1"),
            "contact_id": "m1",
            "conversation_id": "v-m1",
            "channel": "email",
            "queue": "general",
            "state": "active",
            "cost": 20,
            "quiet": False,
            "transfer": None,
            "started_at": START,
            "wrap_up_until": None,
        }
    ]


def test_a_wrapping_assignment_says_until_when(world: World) -> None:
    world.agent("ann")
    world.opened("call", "phone")
    world.accept("call")
    world.wrap_up("call")
    [assignment] = world.view("ann")["assignments"]
    assert (assignment["state"], assignment["wrap_up_until"]) == ("wrapping", START + 15_000)


def test_nobody_and_nothing_are_none(world: World) -> None:
    world.connect("ghost")
    assert queries.agent_view(world.partition, POOL, "ghost") is None
    assert queries.agent_view(world.partition, POOL, "nobody") is None
    assert queries.agent_view(world.partition, "acme/none", "ann") is None
    assert queries.contact_view(world.partition, POOL, "c1") is None
    assert queries.contact_view(world.partition, "acme/none", "c1") is None
    assert queries.queue_views(world.partition, "acme/none") == []
    assert queries.agent_ids(world.partition, "acme/none") == []


def test_the_agents_of_a_pool_are_listed_in_order(world: World) -> None:
    for agent in ("bob", "ann"):
        world.upsert(agent, {})
    world.connect("ghost")
    assert queries.agent_ids(world.partition, POOL) == ["ann", "bob"]


def test_a_contact_that_is_over_is_still_seen(world: World) -> None:
    world.agent("ann")
    world.opened("c1")
    world.accept("c1")
    world.complete("c1", "sold")
    assert world.contact("c1") == {
        "pool": POOL,
        "contact_id": "c1",
        "conversation_id": "v-c1",
        "state": "closed",
        "channel": "chat",
        "queue": "general",
        "agent_id": "ann",
        "reason": "sold",
        "action": None,
        "opens_at": None,
        "audit": [],
    }


def test_a_queues_view_counts_contacts_and_agents(world: World) -> None:
    world.agent("ann", billing=2)
    world.agent("bob", billing=4)
    world.agent("cid")
    world.upsert("dan", {"billing": 5})
    world.opened("call", "phone", topic="billing")
    world.accept("call")
    world.opened("call2", "phone", topic="billing")
    world.now += 3_000
    world.opened("call3", "phone", topic="billing", opened_at=START + 1_000)
    world.opened("call4", "phone", topic="billing")
    views = {view["queue"]: view for view in queries.queue_views(world.partition, POOL)}
    assert list(views) == ["billing", "calls", "general", "urgent"]
    assert views["billing"] == {
        "pool": POOL,
        "queue": "billing",
        "waiting": 2,
        "longest_wait_since": START + 1_000,
        "scheduled": 0,
        "parked": 0,
        "open": True,
        "open_until": None,
        "opens_at": None,
        "offered": 1,
        "assigned": 1,
        "wrapping": 0,
        "agents": {"eligible": 3, "available": 2, "busy": 2},
    }
    assert views["general"]["longest_wait_since"] is None
    assert views["general"]["agents"] == {"eligible": 4, "available": 3, "busy": 2}


def test_a_queue_that_is_gone_is_seen_until_its_last_contact_has_left_it(world: World) -> None:
    world.agent("ann", billing=2)
    world.opened("c1", topic="billing")
    world.accept("c1")
    world.configure(config(queues={"general": QueueConfig()}, rules=()))
    names = [view["queue"] for view in queries.queue_views(world.partition, POOL)]
    assert names == ["billing", "general"]
    world.complete("c1")
    names = [view["queue"] for view in queries.queue_views(world.partition, POOL)]
    assert names == ["general"]
