"""The report's numbers."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.check import JournalCheck
from demo.floor import Floor
from demo.numbers import MUST_BE_ZERO, Run, failures, percentile, percentiles, report
from demo.questions import Question
from demo.records import Answer, Customer, Records
from tests.unit.demo.journal import POOL, Journal


@given(st.lists(st.floats(0, 1e6), min_size=1), st.sampled_from([0.5, 0.95, 0.99]))
def test_percentile_is_the_smallest_value_with_enough_at_or_below(
    values: list[float], share: float
) -> None:
    ordered = sorted(values)
    found = percentile(ordered, share)
    needed = math.ceil(round(share * 1000) * len(values) / 1000)
    assert found == ordered[needed - 1]


def test_percentiles_of_one_to_a_hundred() -> None:
    assert percentiles(range(100, 0, -1)) == {"p50": 50, "p95": 95, "p99": 99}


def test_percentiles_of_nothing_are_nothing() -> None:
    assert percentiles([]) == {"p50": None, "p95": None, "p99": None}


def numbers(journal: Journal, records: Records, errors: list[str] | None = None) -> dict[str, Any]:
    floor, check = Floor(POOL), JournalCheck(POOL)
    for offset, record in journal.records():
        floor.see(record)
        check.see(0, offset, record)
    run = Run(
        seconds=1.0,
        drain_seconds=0.5,
        speed=20.0,
        agents=2,
        retries=3,
        client_errors=errors or [],
        offer_seen={"c": 1_750_000_000_112, "somebody": 5},
    )
    return report(run, floor, check, records)


def one_served() -> tuple[Journal, Records]:
    journal, records = Journal(), Records()
    journal.served("c", "anna")
    one = Customer(
        channel="chat",
        language="fi",
        name="Aino",
        email="a@example.com",
        question=Question(topic="service", text="Milloin?", answer="Huomenna."),
        key="k",
        asked_at=1_750_000_000_000,
        accepted=True,
    )
    records.add(one)
    records.identify(one, "c", "conversation-c")
    records.answered(Answer("conversation-c", "m", "Huomenna."))
    one.received["m"] = "Huomenna."
    return journal, records


def test_run_in_which_all_went_well_has_no_failures() -> None:
    found = numbers(*one_served())
    assert failures(found) == []
    assert {name: found[name] for name in MUST_BE_ZERO} == dict.fromkeys(MUST_BE_ZERO, 0)
    assert (found["contacts_in"], found["contacts_assigned"], found["contacts_completed"]) == (
        1,
        1,
        1,
    )
    assert found["by_channel"] == {"chat": 1}
    assert found["time_to_offer_ms"]["p99"] == 70
    assert found["request_to_offer_ms"]["p50"] == 112
    assert found["answers"] == 1


@pytest.mark.parametrize("name", MUST_BE_ZERO)
def test_each_thing_that_must_not_be_fails_the_run(name: str) -> None:
    found = numbers(*one_served())
    found[name] = 2
    assert failures(found) == [f"{name} 2"]


def test_run_without_a_contact_fails() -> None:
    assert failures(numbers(Journal(), Records())) == ["no contact came in"]


def test_contact_that_still_waits_and_answer_that_never_came_are_told() -> None:
    journal, records = one_served()
    journal.put(journal.queue("w"))
    records.customers["k"].received.clear()
    found = numbers(journal, records, ["chat: a bug"])
    assert failures(found) == ["left_waiting 1", "answers_missing 1", "client_errors 1"]
    assert found["findings"] == ["chat: a bug"]
