"""The runner on days so small that everything can be worked out by hand."""

from functools import partial
from typing import Any

import numpy as np
import pytest

from services.contracts.pool import ChannelConfig, QueueConfig
from services.router.simulator.floor import Floor, Refused
from services.router.simulator.run import ABANDONED, BLOCKED, SERVED, NobodyComes, simulate
from tests.unit.router.simulator.scenes import config, day, site

HOUR = 3_600_000


def staff(number: int) -> Any:
    return lambda floor, now: floor.staff(0, number, now)


def test_contacts_are_served_one_after_the_other() -> None:
    found = simulate(site(), day([0, 10, 20], [100, 100, 100]))
    assert found.wait.tolist() == [0, 90, 180]
    assert found.stay.tolist() == [100, 190, 280]
    assert found.fate.tolist() == [SERVED] * 3
    assert found.busy_ms.tolist() == [[300]]


def test_handling_takes_the_work_times_the_mean_of_whoever_has_it() -> None:
    found = simulate(site(means=np.array([[3.0]])), day([0], [100]))
    assert found.stay.tolist() == [300]


def test_who_waits_longer_than_they_can_is_gone_and_makes_room() -> None:
    found = simulate(site(), day([0, 10, 20], [100, 100, 100], [500, 50, 500]))
    assert found.fate.tolist() == [SERVED, ABANDONED, SERVED]
    assert found.wait.tolist() == [0, 50, 80]
    assert found.group.tolist() == [0, -1, 0]


def test_patience_matters_only_while_waiting() -> None:
    found = simulate(site(), day([0], [100], [5]))
    assert found.fate.tolist() == [SERVED]


def test_beyond_the_lines_contacts_are_turned_away() -> None:
    found = simulate(site(lines=2), day([0, 10, 20, 150], [100, 100, 100, 100]))
    assert found.fate.tolist() == [SERVED, SERVED, BLOCKED, SERVED]


def test_queue_that_is_full_turns_contacts_away() -> None:
    short = config(queues={"calls": QueueConfig(max_length=1)})
    found = simulate(site(config=short), day([0, 10, 20, 150], [100, 100, 100, 100]))
    assert found.fate.tolist() == [SERVED, SERVED, BLOCKED, SERVED]
    assert found.wait.tolist() == [0, 90, 0, 50]


def test_night_without_contacts_does_not_lose_the_agents() -> None:
    found = simulate(site(), day([0, 10 * HOUR], [100, 100]))
    assert found.wait.tolist() == [0, 0]


def test_two_contacts_at_once_are_each_slower() -> None:
    chat = config(channels={"phone": ChannelConfig(cost=50, max=2, auto_accept=True)})
    found = simulate(site(config=chat, speeds=[1.0, 0.5]), day([0, 100, 150], [200, 100, 40]))
    # Alone until 100, then both at half speed; when both end at 300 the third begins.
    assert found.stay.tolist() == [300, 200, 190]
    assert found.wait.tolist() == [0, 0, 150]


def test_idle_people_go_home_at_once_and_come_back() -> None:
    acts = [(5, staff(1)), (1000, staff(2))]
    found = simulate(site(2), day([10, 20, 1010, 1020], [100, 100, 100, 100], acts=acts))
    assert found.wait.tolist() == [0, 90, 0, 0]


def test_when_all_are_busy_the_first_to_be_ready_goes_home() -> None:
    found = simulate(site(2), day([0, 0, 20], [100, 200, 50], acts=[(10, staff(1))]))
    assert found.wait.tolist() == [0, 0, 180]


def test_who_was_to_go_stays_when_more_are_needed() -> None:
    acts = [(10, staff(1)), (50, staff(2))]
    found = simulate(site(2), day([0, 0, 20], [100, 200, 50], acts=acts))
    assert found.wait.tolist() == [0, 0, 80]


def test_more_staff_than_there_are_is_refused() -> None:
    with pytest.raises(Refused, match="has 2 people, not 3"):
        simulate(site(2), day([0], [100], acts=[(0, staff(3))]))


def test_contact_that_nobody_can_serve_ends_the_run_with_an_error() -> None:
    hard = config(queues={"calls": QueueConfig(required={"magic": 1})}, skills=("magic",))
    with pytest.raises(NobodyComes, match="nobody here can serve: phone"):
        simulate(site(config=hard), day([0], [100]))


def test_broken_pool_is_refused_with_the_reason() -> None:
    with pytest.raises(Refused, match="not declared"):
        simulate(site(config=config(fallback_queue="none")), day([0], [100]))


def test_what_a_waiting_contact_is_told_is_kept() -> None:
    def position(floor: Floor, contact: str) -> int:
        return sum(one.state == "queued" for one in floor.pool.contacts.values())

    found = simulate(site(), day([0, 10, 20], [100, 100, 100]), announce=position)
    assert found.announced == {1: 1, 2: 2}


def test_wrap_up_keeps_the_agent_until_the_engine_ends_it() -> None:
    wrapping = config(channels={"phone": ChannelConfig(cost=100, auto_accept=True, wrap_up=60)})
    found = simulate(site(config=wrapping), day([0, 10], [100, 100]))
    assert found.wait.tolist() == [0, 60_090]
    assert found.stay.tolist() == [100, 60_190]


def test_offer_is_accepted_after_a_moment_and_patience_runs_on() -> None:
    asking = config(channels={"phone": ChannelConfig(cost=100)})
    calls = day([0, 1000, 2000], [5000, 100, 100], [3000, 4500, 9000])
    found = simulate(site(config=asking, answer_ms=2000), calls)
    # The second gives up while the first is served; the third is offered at 7000.
    assert found.fate.tolist() == [SERVED, ABANDONED, SERVED]
    assert found.wait.tolist() == [2000, 4500, 7000]


def test_who_gives_up_while_offered_is_gone() -> None:
    asking = config(channels={"phone": ChannelConfig(cost=100)})
    found = simulate(site(config=asking, answer_ms=2000), day([0, 500], [100, 100], [1000, 9000]))
    assert found.fate.tolist() == [ABANDONED, SERVED]
    assert found.wait.tolist() == [1000, 2500]


def test_same_day_twice_is_the_same() -> None:
    rng = np.random.default_rng(5)
    arrival = np.sort(rng.integers(0, 10_000, 200)).tolist()
    work = rng.exponential(300, 200).tolist()
    again = partial(simulate, site(3), day(arrival, work, [400] * 200))
    first, second = again(), again()
    assert first.wait.tolist() == second.wait.tolist()
    assert ABANDONED in first.fate.tolist()
