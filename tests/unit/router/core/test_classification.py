"""Rules turn a contact's facts into queue, requirements and priority."""

import pytest

from services.contracts.pool import QueueConfig, Rule
from services.router.core.classify import classify, known_language
from services.router.core.eligibility import UNDECLARED
from tests.unit.router.core.world import POOL, World, config


def test_the_first_rule_that_holds_decides(world: World) -> None:
    world.opened("c1", topic="invoice")
    world.opened("c2", topic="invoice", tier="gold")
    assert world.contact("c1")["queue"] == "billing"
    assert world.contact("c2")["queue"] == "urgent"


def test_a_contact_that_no_rule_wants_goes_to_the_fallback_queue(world: World) -> None:
    world.opened("c1", topic="something else")
    assert world.contact("c1")["queue"] == "general"


def test_a_rule_whose_queue_does_not_take_the_channel_does_not_hold() -> None:
    queues = {"general": QueueConfig(), "calls": QueueConfig(channels=("phone",))}
    world = World(config(queues=queues, rules=(Rule(queue="calls", when={"tier": "gold"}),)))
    world.opened("c1", "phone", tier="gold")
    world.opened("c2", "chat", tier="gold")
    assert world.contact("c1")["queue"] == "calls"
    assert world.contact("c2")["queue"] == "general"


def test_every_key_of_a_rule_must_hold() -> None:
    rule = Rule(queue="urgent", when={"tier": "gold", "field.country": ("AT", "CH")})
    world = World(config(rules=(rule,)))
    world.opened("c1", tier="gold", fields={"country": "AT"})
    world.opened("c2", tier="gold", fields={"country": "DE"})
    world.opened("c3", fields={"country": "CH"})
    world.opened("c4", tier="gold")
    queues = [world.contact(contact)["queue"] for contact in ("c1", "c2", "c3", "c4")]
    assert queues == ["urgent", "general", "general", "general"]


def test_a_rule_for_a_language_holds_for_its_regions() -> None:
    world = World(config(rules=(Rule(queue="urgent", when={"language": "de"}),)))
    world.opened("c1", language="de-AT")
    world.opened("c2", language="DE")
    world.opened("c3", language="den")
    queues = [world.contact(contact)["queue"] for contact in ("c1", "c2", "c3")]
    assert queues == ["urgent", "urgent", "general"]


def test_the_higher_level_counts_when_queue_and_rule_ask_for_the_same_skill() -> None:
    rule = Rule(
        queue="q",
        when={},
        require={"billing": 4, "voice": 1},
        prefer={"tact": 3},
        priority=8,
    )
    queue = QueueConfig(required={"billing": 2, "voice": 2}, preferred={"tact": 1}, priority=3)
    world = World(config(queues={"q": queue}, fallback_queue="q", rules=(rule,)))
    world.opened("c1")
    contact = world.contact("c1")
    assert contact["required"] == {"billing": 4, "voice": 2}
    assert contact["preferred"] == {"tact": 3}
    assert contact["priority"] == 8


def test_a_rule_without_priority_leaves_the_queues_own() -> None:
    world = World()
    world.opened("c1", tier="gold")
    world.opened("c2")
    assert (world.contact("c1")["priority"], world.contact("c2")["priority"]) == (9, 5)


@pytest.mark.parametrize(
    ("language", "skill"),
    [("de", "de"), ("de-AT", "de"), ("DE-ch-1996", "de"), ("fr", ""), ("", ""), ("d", "")],
)
def test_a_language_is_a_skill_when_the_pool_lists_it(language: str, skill: str) -> None:
    assert known_language(config(), language) == skill


def test_the_most_exact_listed_language_counts() -> None:
    languages = config(languages=("pt", "pt-BR"))
    assert known_language(languages, "pt-br") == "pt-BR"
    assert known_language(languages, "pt-PT") == "pt"


def test_a_listed_language_becomes_a_required_skill_and_another_is_ignored(world: World) -> None:
    world.opened("c1", language="de")
    world.opened("c2", language="fr")
    assert world.contact("c1")["required"] == {"de": 1}
    assert world.contact("c2")["required"] == {}


def test_a_language_does_not_lower_the_level_that_a_queue_asks_for() -> None:
    queues = {"general": QueueConfig(required={"de": 4})}
    world = World(config(queues=queues, rules=()))
    world.opened("c1", language="de")
    assert world.contact("c1")["required"] == {"de": 4}


def test_classifying_leaves_the_configuration_as_it_is() -> None:
    from services.contracts.contact_events import OpenedContact

    configuration = config(queues={"general": QueueConfig(required={"billing": 1})}, rules=())
    data = OpenedContact(
        pool=POOL, contact_id="c", conversation_id="v", channel="chat", opened_at=0, language="de"
    )
    classify(configuration, data)
    assert configuration.queues["general"].required == {"billing": 1}


def test_a_contact_on_an_undeclared_channel_is_served_by_a_whole_agent(world: World) -> None:
    world.agent("ann")
    world.opened("c1", "pigeon")
    assert world.agent_of("c1") == "ann"
    assert world.view("ann")["used"] == UNDECLARED.cost == 100
