"""Who comes, and with what."""

import random
from collections import Counter
from email import message_from_bytes, policy

import pytest

from demo.agents.roster import roster
from demo.customers.crowd import CHANNELS, Crowd
from demo.customers.crowd import LANGUAGES as SHARES
from demo.customers.mail import letter
from demo.customers.surroundings import Surroundings
from demo.door import Door
from demo.http import Client
from demo.options import parse
from demo.pace import Pace
from demo.places import MAILBOXES, POOL_FILE, find_places
from demo.questions import LANGUAGES, read_questions
from demo.records import Customer, Records
from services.kit.clock import SetClock


@pytest.fixture
def people() -> list[Customer]:
    pace = Pace(20.0, random.Random(1))
    around = Surroundings(
        places=find_places({}),
        door=Door(Client(), pace),
        pace=pace,
        questions=read_questions(),
        records=Records(),
        clock=SetClock(),
    )
    crowd = Crowd(around, 1.0, [])
    return [crowd.invent() for _ in range(2000)]


def test_customers_come_by_every_channel_in_every_language(people: list[Customer]) -> None:
    channels = Counter(one.channel for one in people)
    languages = Counter(one.language for one in people)
    for name, share in CHANNELS.items():
        assert channels[name] / len(people) == pytest.approx(share, abs=0.05)
    assert set(languages) == set(SHARES) == set(LANGUAGES)


def test_no_two_customers_share_an_address_or_a_key(people: list[Customer]) -> None:
    assert len({one.email for one in people}) == len({one.key for one in people}) == len(people)
    assert all(one.email.isascii() and one.email.endswith("@example.com") for one in people)


def test_half_of_the_bots_customers_ask_what_it_knows(people: list[Customer]) -> None:
    asked = [one.question.bot for one in people if one.channel == "bot"]
    assert 0.35 < sum(asked) / len(asked) < 0.65
    assert not any(one.question.bot for one in people if one.channel != "bot")


def test_mail_keeps_its_message_id_at_each_try(people: list[Customer]) -> None:
    writer = next(one for one in people if one.channel == "email" and one.language == "fi")
    first, again = letter(writer, 0), letter(writer, 90_000)
    assert first["Message-ID"] == again["Message-ID"] == writer.key
    read = message_from_bytes(first.as_bytes(), policy=policy.default)
    assert read["To"] == MAILBOXES["fi"]
    assert writer.question.text in " ".join(read.get_content().split())


def test_roster_speaks_every_language_and_uses_only_declared_skills() -> None:
    pool = POOL_FILE.read_text(encoding="utf-8")
    for size in (12, 50):
        people = roster(size)
        assert len({person.id for person in people}) == len({p.name for p in people}) == size
        for language in LANGUAGES:
            assert sum(person.skills.get(language, 0) >= 4 for person in people) >= 3
        assert all(
            f"- {skill} " in pool or skill in LANGUAGES for p in people for skill in p.skills
        )
        assert any(person.skills.get("complaint", 0) >= 3 for person in people)


def test_measurement_brings_five_hundred_contacts_in_forty_seconds() -> None:
    options = parse(["--seconds", "40"])
    assert options.headless
    assert options.speed == 20
    assert 40 <= options.agents <= 60
    assert options.rate * 40 > 550


def test_what_is_watched_is_gentle_and_endless() -> None:
    options = parse([])
    assert not options.headless
    assert options.seconds == 0
    assert options.rate < 1
    assert not parse(["--picture", "x.svg"]).headless
