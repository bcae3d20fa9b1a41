"""The closed forms against published values, and against one another."""

import pytest

from services.router.simulator import exact


def test_erlang_b_of_a_textbook_table() -> None:
    # Erlang's table: 10 lines carry 4.461 erlang at 1 % loss; 100 carry 84.06.
    assert exact.erlang_b(10, 4.461) == pytest.approx(0.01, abs=1e-5)
    assert exact.erlang_b(100, 84.06) == pytest.approx(0.01, abs=2e-5)


def test_erlang_b_stays_exact_where_factorials_overflow() -> None:
    assert 0 < exact.erlang_b(10_000, 9_800) < 0.002
    assert exact.erlang_b(1_000, 2_000) == pytest.approx(0.5, abs=0.001)


def test_erlang_c_of_the_single_server_is_its_load() -> None:
    assert exact.erlang_c(1, 0.7) == pytest.approx(0.7)
    assert exact.erlang_c(4, 4.0) == 1.0
    assert exact.mmc(1, 0.7, 1.0).wait == pytest.approx(0.7 / 0.3)
    assert exact.mmc_wait_above(1, 0.7, 1.0, 0.0) == pytest.approx(0.7)


def test_ninety_agents_and_thirty_extra_lines() -> None:
    # Wallace and Whitt 2005, the M/M/90/30 model: 8.4 calls a minute of 10 minutes.
    found = exact.mmck(90, 120, 8.4, 0.1)
    assert 100 * found.blocked == pytest.approx(0.364, abs=0.0005)
    assert found.wait == pytest.approx(0.450, abs=0.0005)
    assert exact.mmck_wait_above(90, 120, 8.4, 0.1, 0.5) == pytest.approx(0.267, abs=0.0005)


def test_limited_room_contains_loss_and_waiting_as_its_ends() -> None:
    assert exact.mmck(7, 7, 6.0, 1.0).blocked == pytest.approx(exact.erlang_b(7, 6.0))
    roomy, endless = exact.mmck(7, 2_000, 6.0, 1.0), exact.mmc(7, 6.0, 1.0)
    assert (roomy.delayed, roomy.wait) == pytest.approx((endless.delayed, endless.wait))
    assert exact.mmck_wait_above(7, 2_000, 6.0, 1.0, 0.4) == pytest.approx(
        exact.mmc_wait_above(7, 6.0, 1.0, 0.4)
    )


def test_erlang_a_of_the_design() -> None:
    found = exact.erlang_a(10, 12.0, 1.0, 0.5)
    assert found.abandoned == pytest.approx(0.19566, abs=5e-6)
    assert found.wait == pytest.approx(found.abandoned / 0.5)  # P(abandon) = theta E[W]


def test_erlang_a_is_erlang_c_for_the_very_patient() -> None:
    patient, endless = exact.erlang_a(10, 8.0, 1.0, 1e-6), exact.mmc(10, 8.0, 1.0)
    assert patient.wait == pytest.approx(endless.wait, rel=1e-3)
    assert exact.erlang_a_wait_above(10, 8.0, 1.0, 1e-6, 0.5) == pytest.approx(
        exact.mmc_wait_above(10, 8.0, 1.0, 0.5), rel=1e-3
    )


def test_erlang_a_with_patience_like_service_is_the_infinite_server_queue() -> None:
    # theta = mu: the number there is Poisson (12), whatever the number of servers.
    found = exact.erlang_a(10, 12.0, 1.0, 1.0)
    assert found.sojourn == pytest.approx(1.0)


def test_erlang_a_misses_lie_between_abandonment_and_all_who_wait() -> None:
    args = (10, 12.0, 1.0, 0.5)
    queue = exact.erlang_a(*args)
    assert exact.erlang_a_missed(*args, 1e6) == pytest.approx(queue.abandoned)
    assert exact.erlang_a_missed(*args, 0.0) == pytest.approx(queue.delayed)
    missed = exact.erlang_a_missed(*args, 0.3)
    late = exact.erlang_a_wait_above(*args, 0.3)
    assert max(queue.abandoned, late) < missed < queue.delayed


def test_erlang_a_is_refused_without_impatience() -> None:
    with pytest.raises(ValueError, match="patience"):
        exact.erlang_a(10, 8.0, 1.0, 0.0)


def test_sharing_with_constant_speed_is_the_queue_with_several_servers() -> None:
    shared, servers = exact.shared([1.0, 1.0, 1.0], 2.0, 1.0), exact.mmc(3, 2.0, 1.0)
    assert (shared.delayed, shared.wait, shared.sojourn) == pytest.approx(
        (servers.delayed, servers.wait, servers.sojourn)
    )


def test_sharing_evenly_is_the_single_server_in_sojourn() -> None:
    # Processor sharing and first come first served leave as many there: 1 / (mu - lambda).
    assert exact.shared([1.0, 1 / 2, 1 / 3], 0.7, 1.0).sojourn == pytest.approx(1 / 0.3)


def test_sharing_is_refused_when_more_comes_than_can_be_served() -> None:
    with pytest.raises(ValueError, match="more comes"):
        exact.shared([1.0, 0.7, 0.5], 1.5, 1.0)


def test_teams_apart_wait_longer_than_all_together() -> None:
    # Wallace and Whitt 2005: one skill each, 15 agents per type of call, about 3.06 minutes.
    found = exact.apart(6, 15, 120, 1.4, 0.1)
    assert found.wait == pytest.approx(3.06, abs=0.02)


def test_single_team_apart_is_the_limited_queue() -> None:
    one, plain = exact.apart(1, 5, 9, 4.0, 1.0), exact.mmck(5, 9, 4.0, 1.0)
    assert (one.blocked, one.delayed, one.wait) == pytest.approx(
        (plain.blocked, plain.delayed, plain.wait)
    )


def test_unlike_servers_of_equal_speed_are_alike() -> None:
    found, occupancies = exact.unlike_servers([3, 4], [1.0, 1.0], 5.0)
    plain = exact.mmc(7, 5.0, 1.0)
    assert (found.delayed, found.wait, found.sojourn) == pytest.approx(
        (plain.delayed, plain.wait, plain.sojourn)
    )
    assert occupancies == pytest.approx([5 / 7, 5 / 7])


def test_unlike_servers_serve_what_arrives() -> None:
    _, (fast, slow) = exact.unlike_servers([3, 4], [2.0, 0.5], 5.0)
    assert 3 * 2.0 * fast + 4 * 0.5 * slow == pytest.approx(5.0)
    assert slow > fast
    with pytest.raises(ValueError, match="more comes"):
        exact.unlike_servers([1, 1], [1.0, 1.0], 2.0)
