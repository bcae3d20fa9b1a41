"""The order of agents, timers and memories: the quick ones against naive ones."""

from hypothesis import given, settings
from hypothesis import strategies as st

from services.router.core import timers as module
from services.router.core.memory import forget
from services.router.core.model import Agent, AgentKey
from services.router.core.ordering import SIZE, Ordering
from services.router.core.timers import Timer, Timers


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 299), st.integers(0, 40)), max_size=60))
def test_the_first_of_any_candidates_is_the_smallest_key(
    moves: list[tuple[int, int]],
) -> None:
    """Agents leave and come back by small keys (an old place given back) or growing ones."""
    order = Ordering()
    agents = [Agent(f"agent{slot}", slot=slot) for slot in range(300)]
    there: dict[int, AgentKey] = {}
    for slot in range(0, 300, 2):
        there[slot] = (20, slot % 3, agents[slot].id, slot)
        order.add(agents[slot], there[slot])
    for number, (slot, idle) in enumerate(moves):
        agent = agents[slot]
        if slot in there:
            order.remove(agent)
            del there[slot]
        else:
            key = (idle if idle < 10 else 100 + number, slot % 3, agent.id, slot)
            order.add(agent, key)
            there[slot] = key
        assert list(order) == sorted(there.values())
        some = [other for other in there if (other * 7 + number) % 50 < 2]
        if some:
            mask = sum(1 << other for other in some)
            assert order.first(mask) is agents[min(some, key=lambda other: there[other])]


def test_blocks_stay_full_enough_to_search() -> None:
    order = Ordering()
    agents = [Agent(f"agent{slot:05}", slot=slot) for slot in range(5_000)]
    for slot, agent in enumerate(agents):
        order.add(agent, (slot, 0, agent.id, slot))
    for slot, agent in enumerate(agents):
        if slot % SIZE:
            order.remove(agent)
    for number in range(100):
        agent = agents[number * SIZE % 5_000]
        order.remove(agent)
        order.add(agent, (10_000 + number, 0, agent.id, agent.slot))
    blocks = order.shelves[0]
    assert len(blocks) <= 6 + 2 * len(list(order)) // SIZE


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("push"), st.integers(0, 60), st.integers(0, 3)),
            st.tuples(st.just("kill"), st.integers(0, 200), st.just(0)),
            st.tuples(st.just("pop"), st.integers(0, 20), st.just(0)),
        ),
        max_size=200,
    )
)
def test_timers_come_in_their_order_whatever_order_they_were_set_in(
    moves: list[tuple[str, int, int]],
) -> None:
    living: set[Timer] = set()
    timers = Timers(lambda timer: timer in living)
    now = number = 0
    for what, value, kind in moves:
        if what == "push":
            number += 1
            timer = (now + value, kind, "pool", f"id{number:04}", "")
            living.add(timer)
            timers.push(*timer)
        elif what == "kill":
            living.discard(
                next(iter(sorted(living)[value % max(1, len(living)) :]), (0, 0, "", "", ""))
            )
        else:
            now += value
            while (popped := timers.pop(now)) is not None:
                assert popped == min(living)
                living.discard(popped)
            assert all(timer[0] > now for timer in living)
        assert timers.bound <= min((timer[0] for timer in living), default=module.NEVER)
        assert timers.living() == living
        assert timers.earliest() == min(living, default=None)


def test_dead_timers_of_one_kind_do_not_pile_up() -> None:
    living: set[Timer] = set()
    timers = Timers(lambda timer: timer in living)
    for number in range(10_000):
        timer = (number + 100, 1, "pool", f"id{number}", "")
        living.add(timer)
        timers.push(*timer)
        if number >= 5:
            living.discard((number + 95, 1, "pool", f"id{number - 5}", ""))
        timers.earliest()
    assert len(timers) < 10


def test_the_oldest_are_forgotten_in_batches_and_never_below_what_is_kept() -> None:
    remembered: dict[int, None] = {}
    sizes = set()
    for number in range(20_000):
        remembered[number] = None
        forget(remembered, 1_000)
        sizes.add(len(remembered))
    assert max(sizes) <= 1_000 + 1_000 // 64
    assert min(size for size in sizes if size > 1_000) == 1_001
    assert list(remembered) == list(range(20_000 - len(remembered), 20_000))
    assert len(remembered) >= 1_000
