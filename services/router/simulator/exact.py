"""What queueing theory knows exactly: the yardsticks that the simulated engine must meet.

Rates are per unit of time (the same unit for all of a call); the load `a` is in erlang. All rest
on one numerically stable piece, the stationary distribution of a birth-and-death process.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, lgamma, log

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, gammaincc

Floats = NDArray[np.float64]
_TAIL = 1e-14
"""States beyond which this share of the probability lies are left out of infinite sums."""


@dataclass(frozen=True, slots=True)
class Queue:
    """What a stationary queue does to a contact.

    `blocked` is the share refused, `abandoned` the share of all that arrive who leave unserved,
    `delayed` the share of those let in who find nobody free. `wait` is the mean time spent waiting
    by those let in, served or not, `sojourn` the mean time until they leave; both in the unit of
    the rates.
    """

    blocked: float
    abandoned: float
    delayed: float
    wait: float
    sojourn: float


def stationary(births: Sequence[float] | Floats, deaths: Sequence[float] | Floats) -> Floats:
    """The probabilities of 0, 1, 2, …: `births[j]` leads from j to j+1, `deaths[j]` back.

    By logarithms, so that neither hundreds of servers nor a load far above them overflow
    (Kleinrock, Queueing Systems I, 1975, section 3.1).
    """
    with np.errstate(divide="ignore"):
        ratios = np.log(np.asarray(births, float)) - np.log(np.asarray(deaths, float))
    logs = np.concatenate(([0.0], np.cumsum(ratios)))
    weights = np.exp(logs - logs.max())
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def erlang_b(servers: int, load: float) -> float:
    """The share of arrivals that find all servers busy and are lost (Erlang 1917).

    By the recursion B(n) = a B(n-1) / (n + a B(n-1)), which loses no digits.
    """
    blocked = 1.0
    for n in range(1, servers + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked


def erlang_c(servers: int, load: float) -> float:
    """The share of arrivals that have to wait when all do, for `load < servers` (else 1)."""
    if load >= servers:
        return 1.0
    blocked = erlang_b(servers, load)
    return servers * blocked / (servers - load * (1 - blocked))


def mmc(servers: int, arrivals: float, service: float) -> Queue:
    """M/M/c: nobody is refused, nobody leaves. Needs `arrivals < servers * service`."""
    delayed = erlang_c(servers, arrivals / service)
    wait = delayed / (servers * service - arrivals)
    return Queue(0.0, 0.0, delayed, wait, wait + 1 / service)


def mmc_wait_above(servers: int, arrivals: float, service: float, time: float) -> float:
    """The share that waits longer than `time` in M/M/c."""
    spare = servers * service - arrivals
    return erlang_c(servers, arrivals / service) * exp(-spare * time)


def mmck(servers: int, capacity: int, arrivals: float, service: float) -> Queue:
    """M/M/c/K: `capacity` contacts at most in all, served and waiting; the others are refused."""
    p = _mmck(servers, capacity, arrivals, service)
    waiting = float(np.dot(p[servers:], np.arange(len(p) - servers)))
    entering = arrivals * (1 - p[-1])
    delayed = float(p[servers:-1].sum() / (1 - p[-1]))
    wait = waiting / entering
    return Queue(float(p[-1]), 0.0, delayed, wait, wait + 1 / service)


def mmck_wait_above(
    servers: int, capacity: int, arrivals: float, service: float, time: float
) -> float:
    """The share, of those let in to M/M/c/K, that waits longer than `time`: who finds j there, all
    servers busy, waits for j-c+1 ends at the rate of all servers together."""
    p = _mmck(servers, capacity, arrivals, service)
    ends = np.arange(1, capacity - servers + 1)
    later = gammaincc(ends, servers * service * time)
    return float(np.dot(p[servers:-1], later) / (1 - p[-1]))


def _mmck(servers: int, capacity: int, arrivals: float, service: float) -> Floats:
    busy = np.minimum(np.arange(1, capacity + 1), servers)
    return stationary(np.full(capacity, arrivals), busy * service)


def erlang_a(servers: int, arrivals: float, service: float, leaving: float) -> Queue:
    """M/M/c+M: whoever waits leaves at the rate `leaving` (Palm 1946; Garnett, Mandelbaum and
    Reiman 2002)."""
    p = _erlang_a(servers, arrivals, service, leaving)
    waiting = float(np.dot(p[servers:], np.arange(len(p) - servers)))
    abandoned = leaving * waiting / arrivals
    wait = waiting / arrivals
    sojourn = wait + (1 - abandoned) / service
    return Queue(0.0, abandoned, float(p[servers:].sum()), wait, sojourn)


def erlang_a_wait_above(
    servers: int, arrivals: float, service: float, leaving: float, time: float
) -> float:
    """The share of all arrivals that are neither served nor gone within `time`.

    Who finds m ahead reaches a server after a sum of independent exponential times with the rates
    c·mu + i·theta, i = 0…m; exp(-theta · sum) is Beta(c·mu/theta, m+1), as a product of powers of
    uniforms. The own patience is independent of it.
    """
    p = _erlang_a(servers, arrivals, service, leaving)
    ahead = np.arange(len(p) - servers)
    not_reached = betainc(servers * service / leaving, ahead + 1.0, exp(-leaving * time))
    return float(np.dot(p[servers:], not_reached)) * exp(-leaving * time)


def erlang_a_missed(
    servers: int, arrivals: float, service: float, leaving: float, target: float
) -> float:
    """The share of all arrivals that leave unserved, or are served after more than `target`.

    One less the share that reaches a server within the target before its patience ends.
    """
    p = _erlang_a(servers, arrivals, service, leaving)
    a, m = servers * service / leaving, np.arange(len(p) - servers) + 1.0
    edge = exp(-leaving * target)
    # P(V <= T, V < patience) = E[exp(-theta V); V <= T], and exp(-theta V) is Beta(a, m).
    mean = a / (a + m)
    in_time = mean * (1 - betainc(a + 1, m, edge))
    return float(1 - p[:servers].sum() - np.dot(p[servers:], in_time))


def _erlang_a(servers: int, arrivals: float, service: float, leaving: float) -> Floats:
    if leaving <= 0:
        raise ValueError("patience must be finite: take mmc for the patient")
    deaths: list[float] = [service * n for n in range(1, servers + 1)]
    # From the peak on, each state is at least so much rarer than the one before it.
    n, weight = 0, 1.0
    while weight > _TAIL:
        n += 1
        deaths.append(servers * service + n * leaving)
        if deaths[-1] > arrivals:
            weight *= arrivals / deaths[-1]
    return stationary(np.full(len(deaths), arrivals), deaths)


def shared(speeds: Sequence[float], arrivals: float, service: float) -> Queue:
    """Limited processor sharing: one agent has up to `len(speeds)` contacts at once, each served
    at `speeds[n-1]` when there are n; the others wait in line.

    With exponential work the number there is a birth-and-death process, with the death rate
    n · speeds[n-1] · `service` up to the limit and constant from there (Zhang, Dai and Zwart 2009;
    Tezcan and Zhang 2014 for chats). Beyond the limit the line is geometric: summed exactly.
    """
    limit = len(speeds)
    deaths = [n * speed * service for n, speed in enumerate(speeds, 1)]
    rho = arrivals / deaths[-1]
    if rho >= 1:
        raise ValueError("more comes than can be served")
    p = stationary(np.full(limit, arrivals), deaths)
    tail = p[limit] / (1 - rho)
    p = p / (p[:limit].sum() + tail)
    tail = p[limit] / (1 - rho)
    waiting = tail * rho / (1 - rho)
    there = float(np.dot(p[:limit], np.arange(limit))) + limit * tail + waiting
    return Queue(0.0, 0.0, float(tail), float(waiting / arrivals), float(there / arrivals))


def apart(teams: int, servers: int, lines: int, arrivals: float, service: float) -> Queue:
    """Several equal teams, each with its own M/M/c line, that share the telephone lines: `lines`
    contacts at most in all. `arrivals` is that of each team.

    Each line alone is a reversible process, so that the joint limit only cuts the product of
    their distributions (Kelly, Reversibility and Stochastic Networks, 1979, section 1.6).
    """
    births, deaths = np.full(lines, arrivals), np.minimum(np.arange(1, lines + 1), servers)
    one = stationary(births, deaths * service)
    others = np.ones(1)
    for _ in range(teams - 1):
        others = np.convolve(others, one)[: lines + 1]
    room = np.zeros(lines + 1)
    room[: len(others)] = others
    fits = np.cumsum(room)[::-1]
    total = float(np.dot(one, fits))
    waiting = np.maximum(np.arange(lines + 1) - servers, 0)
    blocked = float(np.dot(one, room[::-1])) / total
    entering = arrivals * (1 - blocked)
    wait = float(np.dot(one * waiting, fits)) / total / entering
    full = np.arange(lines + 1) >= servers
    delayed = float(np.dot(one[full], fits[full] - room[::-1][full])) / total / (1 - blocked)
    return Queue(blocked, 0.0, delayed, wait, wait + 1 / service)


def unlike_servers(
    counts: Sequence[int], services: Sequence[float], arrivals: float
) -> tuple[Queue, list[float]]:
    """M/M/n whose servers differ in speed, each contact going to one of the free at random: the
    queue, and each group's occupancy.

    The set of busy servers is reversible: p(S) is proportional to lambda^|S| (n-|S|)!/n! / the
    product of their rates. Giving the contact to the longest idle leads to the same probabilities
    (arXiv 1305.6249; Adan, Hurkens and Weiss 2010).
    """
    n, rate = sum(counts), float(np.dot(counts, services))
    if arrivals >= rate:
        raise ValueError("more comes than can be served")
    states: list[tuple[tuple[int, ...], float]] = []
    for busy in np.ndindex(*(count + 1 for count in counts)):
        weight = sum(busy) * log(arrivals) + lgamma(n - sum(busy) + 1) - lgamma(n + 1)
        for count, some, service in zip(counts, busy, services, strict=True):
            ways = lgamma(count + 1) - lgamma(some + 1) - lgamma(count - some + 1)
            weight += ways - some * log(service)
        states.append((busy, weight))
    top = max(weight for _, weight in states)
    weights = [exp(weight - top) for _, weight in states]
    queue = weights[-1] * arrivals / (rate - arrivals)
    total = sum(weights) + queue
    occupancies = [
        (sum(w * busy[group] for (busy, _), w in zip(states, weights, strict=True)) + queue * count)
        / total
        / count
        for group, count in enumerate(counts)
    ]
    delayed = (weights[-1] + queue) / total
    wait = delayed / (rate - arrivals)
    busy_time = float(np.dot(np.multiply(occupancies, counts), np.ones(len(counts))))
    return Queue(0.0, 0.0, delayed, wait, wait + busy_time / arrivals), occupancies
