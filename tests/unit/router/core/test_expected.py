"""Point 12 of routing.md: expected waits, as ranges that keep their promise."""

from collections import deque
from heapq import heappop, heappush
from random import Random
from statistics import median

import pytest

from services.contracts.pool import ChannelConfig, QueueConfig
from services.router.core import forecasts
from services.router.core.class_key import ClassKey
from services.router.core.expected import ENOUGH, Forecast, Seen, Waits
from tests.unit.router.core.world import POOL, World, config

KEY: ClassKey = ("chat", "general", ())


@pytest.mark.parametrize(("servers", "load"), [(10, 0.9), (30, 1.1)])
def test_ranges_cover_what_they_promise_and_beat_the_head_of_the_line(
    servers: int, load: float
) -> None:
    """A queue with impatience (Erlang-A): handling and patience of 300 s on average."""
    random, waits = Random(7), Waits()
    calendar: list[tuple[float, int, str, int]] = []
    line: deque[int] = deque()
    since: dict[int, tuple[float, Seen, Forecast | None]] = {}
    busy = number = covered = half = told = 0
    errors, plain_errors = [], []
    heappush(calendar, (0.0, 0, "arrival", 0))
    while told < 12_000:
        now, _, what, contact = heappop(calendar)
        if what == "arrival":
            number += 1
            heappush(calendar, (now + random.expovariate(load * servers / 300), number, what, 0))
            if busy < servers:
                busy += 1
                heappush(calendar, (now + random.expovariate(1 / 300), number, "done", 0))
                continue
            line.append(number)
            head = round(1000 * (now - since[line[0]][0])) if line[0] in since else 0
            said = waits.forecast(KEY, len(line), len(line), head, 0)
            since[number] = (now, waits.arrived(KEY, len(line), head), said)
            heappush(calendar, (now + random.expovariate(1 / 300), number, "leaves", number))
        elif what == "leaves":
            if since.pop(contact, None):
                line.remove(contact)
        elif not line:
            busy -= 1
        else:
            contact = line.popleft()
            arrived, seen, said = since.pop(contact)
            waited = round(1000 * (now - arrived))
            if said is not None:
                told += 1
                if told > 6_000:
                    errors.append(abs(said.median - waited))
                    plain_errors.append(abs(1000 * seen[2] - waited))
                    covered += said.most[0] <= waited <= said.most[1]
                    half += said.half[0] <= waited <= said.half[1]
            waits.started(KEY, seen, round(1000 * now), waited, len(line))
            heappush(calendar, (now + random.expovariate(1 / 300), contact, "done", 0))
    assert 0.87 <= covered / len(errors) <= 0.93
    assert 0.46 <= half / len(errors) <= 0.54
    assert median(errors) < 0.9 * median(plain_errors)


def taught(seconds: float = 60.0, times: int = 2 * ENOUGH) -> Waits:
    waits = Waits()
    for number in range(times):
        seen = waits.arrived(KEY, 1, 0)
        waits.started(KEY, seen, 1000 * number, round(1000 * seconds), 0)
    return waits


def test_nothing_is_said_before_enough_was_seen() -> None:
    assert taught(times=ENOUGH - 1).forecast(KEY, 1, 1, 0, 0) is None
    assert taught(times=ENOUGH).forecast(KEY, 1, 1, 0, 0) is not None


def test_a_forecast_is_never_below_what_was_waited_already() -> None:
    said = taught().forecast(KEY, 1, 1, 500_000, 500_000)
    assert said is not None
    assert min(said.median, *said.half, *said.most) >= 500_000
    assert said.most[0] <= said.half[0] <= said.median <= said.half[1] <= said.most[1]


def test_who_comes_later_is_told_of_a_longer_wait() -> None:
    waits = taught()
    second, tenth = (waits.forecast(KEY, place, 10, 60_000, 0) for place in (2, 10))
    assert second is not None
    assert tenth is not None
    assert second.median < tenth.median


def test_a_queue_that_is_gone_is_forgotten() -> None:
    waits = taught()
    waits.keep({"other"})
    assert waits.plain() == ({}, {})


def one_at_a_time() -> World:
    return World(
        config(
            channels={"chat": ChannelConfig(cost=100, auto_accept=True)},
            queues={"general": QueueConfig()},
            rules=(),
        )
    )


def busy_world(times: int) -> World:
    world = one_at_a_time()
    world.agent("ann")
    world.opened("c0")
    for number in range(times):
        world.opened(f"c{number + 1}")
        world.wait(40)
        world.complete(f"c{number}")
    return world


def test_a_waiting_contact_is_told_its_whole_wait() -> None:
    world = busy_world(ENOUGH + 30)
    pool = world.partition.pools[POOL]
    world.opened("late")
    world.wait(5)
    said = forecasts.of_contact(pool, pool.contacts["late"], world.now)
    assert said is not None
    assert 5_000 < said.median < 120_000
    newcomer = forecasts.of_newcomer(pool, "chat", "general", {}, world.now)
    assert newcomer is not None
    assert newcomer.median > said.median - 5_000
    world.replayed()


def test_nothing_is_said_while_nobody_who_could_answer_is_there() -> None:
    world = busy_world(ENOUGH + 5)
    pool = world.partition.pools[POOL]
    world.opened("late")
    world.presence("ann", "break")
    assert forecasts.of_contact(pool, pool.contacts["late"], world.now) is None
    assert forecasts.of_newcomer(pool, "chat", "general", {}, world.now) is None


def test_who_need_not_wait_teaches_nothing_about_waiting() -> None:
    world = one_at_a_time()
    world.agent("ann")
    for number in range(3):
        world.opened(f"c{number}")
        world.complete(f"c{number}")
    assert world.partition.pools[POOL].waits.queues == {}
