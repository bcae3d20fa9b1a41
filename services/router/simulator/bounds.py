"""What no policy can beat: two lower bounds of the weighted misses, each loose in its own way."""

from collections.abc import Iterator

import msgspec
import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array

from services.router.simulator import exact
from services.router.simulator.centres import Centre, ContactClass


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """In % of the weight of all contacts. `pooled`: chance alone, with agents who can do all;
    `fluid`: skills and the day's profile alone, without chance."""

    pooled: float
    fluid: float

    @property
    def best(self) -> float:
        """The better, that is the higher, of the two: regret counts from it."""
        return max(self.pooled, self.fluid)


def bounds(centre: Centre, rho: float) -> Bounds:
    """Both bounds at the load `rho`."""
    return Bounds(pooled=pooled(centre, rho), fluid=fluid(centre, rho))


def pooled(centre: Centre, rho: float) -> float:
    """Pooled Erlang-A: live contacts only, every agent can do everything at the best speed that
    anybody has, every customer is as patient and every target as long as the centre's most
    lenient, and the misses fall on the lightest. Stationary in each slot of the profile."""
    live = [number for number, one in enumerate(centre.classes) if not one.deferred]
    if not live:
        return 0.0
    classes = [centre.classes[number] for number in live]
    rates = centre.rates()[live] * rho
    servers = sum(group.agents for group in centre.groups)
    service = rates.sum() / float(np.dot(rates, centre.means()[live].min(axis=1)))
    patience = [one.mean_patience_minutes for one in classes]
    longest = max((one for one in patience if one is not None), default=None)
    target = max(one.target_minutes for one in classes)
    missed = 0.0
    for factor in _slots(centre):
        arrivals = float(rates.sum() * factor)
        if arrivals <= 0:
            continue
        if longest is None or None in patience:
            load = arrivals / service
            late = exact.mmc_wait_above(servers, arrivals, service, target)
            share = late if load < servers else 0.0
        else:
            share = exact.erlang_a_missed(servers, arrivals, service, 1 / longest, target)
        missed += share * arrivals
    missed /= len(_slots(centre))
    weight = 0.0
    for one, rate in sorted(zip(classes, rates, strict=True), key=lambda pair: pair[0].weight):
        part = min(missed, float(rate))
        weight += one.weight * part
        missed -= part
    return 100 * weight / _weight(centre, rho)


def fluid(centre: Centre, rho: float) -> float:
    """The fluid LP (after Bassamboo, Harrison and Zeevi 2006): work flows at its mean rate; live
    work is served in its slot or missed, deferred work within its target or missed; what is missed
    costs no time. The least weight that must be missed."""
    slots = len(_slots(centre))
    later = max(_lateness(centre, number) for number in range(len(centre.classes)))
    agents = np.array([float(group.agents) for group in centre.groups]) * centre.slot_minutes
    means = centre.means()
    demand: list[float] = []
    weights: list[float] = []
    entries: list[tuple[int, int, float]] = []  # of the constraints: row, variable, coefficient
    gain: list[float] = []
    for number, one, slot, amount in _arrivals(centre, rho):
        row = len(demand)
        demand.append(amount)
        weights.append(one.weight)
        for serving in range(slot, slot + 1 + _lateness(centre, number)):
            for group in np.flatnonzero(np.isfinite(means[number])):
                variable = len(gain)
                gain.append(one.weight)
                entries.append((row, variable, 1.0))
                room = -1 - (serving * len(agents) + int(group))
                entries.append((room, variable, float(means[number, group])))
    rooms = (slots + later) * len(agents)
    rows = [row if row >= 0 else len(demand) - 1 - row for row, _, _ in entries]
    shape = (len(demand) + rooms, len(gain))
    matrix = coo_array(
        ([value for _, _, value in entries], (rows, [variable for _, variable, _ in entries])),
        shape=shape,
    )
    limits = np.concatenate((demand, np.tile(agents, slots + later)))
    found = linprog(-np.array(gain), A_ub=matrix.tocsr(), b_ub=limits, method="highs")
    missed = float(np.dot(weights, demand) + found.fun)
    return max(0.0, 100 * missed / float(np.dot(weights, demand)))


def _slots(centre: Centre) -> tuple[float, ...]:
    return centre.profile[: -(-centre.day_minutes // centre.slot_minutes)]


def _lateness(centre: Centre, number: int) -> int:
    """In how many slots after its own a contact of the class may still be in time."""
    one = centre.classes[number]
    return int(np.ceil(one.target_minutes / centre.slot_minutes)) if one.deferred else 0


def _arrivals(centre: Centre, rho: float) -> Iterator[tuple[int, ContactClass, int, float]]:
    for number, one in enumerate(centre.classes):
        for slot, factor in enumerate(_slots(centre)):
            rate = one.arrivals_per_minute_at_full_load * rho * centre.slot_minutes
            amount = rate * (1.0 if one.deferred else factor)
            if amount > 0:
                yield number, one, slot, amount


def _weight(centre: Centre, rho: float) -> float:
    return sum(one.weight * one.arrivals_per_minute_at_full_load * rho for one in centre.classes)
