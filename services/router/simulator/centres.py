"""Centres: who calls how often, who can help how fast. The files that `compare` reads.

The shape is that of `centre.schema.json`, which is written from the classes here.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from services.contracts.base import Name

Rate = Annotated[float, msgspec.Meta(gt=0, description="contacts a minute")]
Minutes = Annotated[float, msgspec.Meta(gt=0, description="minutes")]
SCHEMA = Path(__file__).with_name("centre.schema.json")


class InvalidCentre(Exception):
    """A file is no centre; the message says where and why."""


class ContactClass(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Contacts that are alike. `deferred` ones (e-mail, forms) arrive evenly over the day, live
    ones by its profile; who has no patience given never leaves; `weight` weighs a miss."""

    id: Name
    deferred: bool
    arrivals_per_minute_at_full_load: Rate
    target_minutes: Minutes
    mean_patience_minutes: Minutes | None
    weight: Annotated[float, msgspec.Meta(gt=0)]


class Group(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Agents who are alike: which classes they can serve, in how many minutes on average."""

    id: Name
    agents: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    mean_handling_minutes: Annotated[dict[Name, Minutes], msgspec.Meta(min_length=1)]


class Centre(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One contact centre and its day. `profile` multiplies the arrivals of live classes, one
    number per slot. With the arrivals at full load and a profile of mean 1 the planning LP is
    exactly full: the load rho multiplies them."""

    name: str
    day_minutes: Annotated[int, msgspec.Meta(ge=1, le=10_080)]
    slot_minutes: Annotated[int, msgspec.Meta(ge=1)]
    profile: Annotated[tuple[Annotated[float, msgspec.Meta(ge=0)], ...], msgspec.Meta(min_length=1)]
    classes: Annotated[tuple[ContactClass, ...], msgspec.Meta(min_length=1)]
    groups: Annotated[tuple[Group, ...], msgspec.Meta(min_length=1)]

    def rates(self) -> NDArray[np.float64]:
        """Arrivals per minute by class, at full load."""
        return np.array([one.arrivals_per_minute_at_full_load for one in self.classes])

    def means(self) -> NDArray[np.float64]:
        """Minutes of handling by class and group; infinite where the group cannot."""
        return np.array(
            [
                [group.mean_handling_minutes.get(one.id, np.inf) for group in self.groups]
                for one in self.classes
            ]
        )

    def problems(self) -> Iterator[str]:
        """What the types cannot say and yet must hold, as sentences."""
        names = [one.id for one in self.classes]
        if len(set(names)) < len(names):
            yield "two classes have the same id"
        if len({group.id for group in self.groups}) < len(self.groups):
            yield "two groups have the same id"
        if len(self.profile) * self.slot_minutes < self.day_minutes:
            yield f"the profile has {len(self.profile)} slots, too few for the day"
        for group in self.groups:
            for name in group.mean_handling_minutes:
                if name not in names:
                    yield f"group {group.id} serves {name}, which is no class"
        for one in self.classes:
            if not any(one.id in group.mean_handling_minutes for group in self.groups):
                yield f"nobody can serve the class {one.id}"


def load(path: Path) -> list[Centre]:
    """The centre of a file, or of each JSON file of a folder by name. Raises `InvalidCentre`."""
    if path.is_dir():
        files = sorted(path.glob("*.json"))
        if not files:
            raise InvalidCentre(f"{path}: no JSON files here")
        return [load(file)[0] for file in files]
    try:
        centre = msgspec.json.decode(path.read_bytes(), type=Centre)
    except OSError as error:
        raise InvalidCentre(f"{path}: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise InvalidCentre(f"{path}: {error}") from error
    if problems := list(centre.problems()):
        raise InvalidCentre(f"{path}: {'; '.join(problems)}")
    return [centre]


def schema() -> dict[str, Any]:
    """The JSON Schema of a centre's file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **msgspec.json.schema(Centre),
    }


def random_centres(count: int, seed: int) -> list[Centre]:
    """Centres drawn at random: 4–12 classes of which about a quarter is deferred, 3–10 groups of
    3–20 agents, each with a random half of the classes or less, and random speeds. The same seed
    and number give the same centre."""
    return [_random(number, seed) for number in range(count)]


def _random(number: int, seed: int) -> Centre:
    rng = np.random.default_rng([seed, number])
    k, g = int(rng.integers(4, 13)), int(rng.integers(3, 11))
    deferred = rng.permutation(k) < max(1, rng.binomial(k, 0.25))
    able = np.zeros((k, g), dtype=bool)
    for group in range(g):
        skills = 1 + int(rng.integers(0, max(1, round(0.9 * k))))
        able[rng.permutation(k)[:skills], group] = True
    for one in range(k):
        if not able[one].any():
            able[one, rng.integers(g)] = True
    typical = rng.uniform(3, 15, size=(k, 1))
    means = np.where(able, typical * rng.uniform(0.78, 1.3, size=(k, g)), np.inf)
    agents = rng.integers(3, 21, size=g)
    rates = rng.lognormal(0.0, 1.0, size=k) / typical[:, 0]
    rates = rates / occupancy(rates, means, agents.astype(float))
    classes = tuple(
        ContactClass(
            id=f"c{one}",
            deferred=bool(deferred[one]),
            arrivals_per_minute_at_full_load=_short(rates[one]),
            target_minutes=_short(rng.choice(_LATER if deferred[one] else _NOW)),
            mean_patience_minutes=None if deferred[one] else _short(rng.uniform(1.5, 10)),
            weight=float(rng.choice([0.5, 1.0, 2.0])),
        )
        for one in range(k)
    )
    groups = tuple(
        Group(
            id=f"g{group}",
            agents=int(agents[group]),
            mean_handling_minutes={
                f"c{one}": _short(means[one, group]) for one in range(k) if able[one, group]
            },
        )
        for group in range(g)
    )
    return Centre(
        name=f"random-{seed}-{number:02d}",
        day_minutes=600,
        slot_minutes=30,
        profile=_PROFILE,
        classes=classes,
        groups=groups,
    )


_NOW = (1 / 3, 0.5, 1.0, 2.0)
_LATER = (15.0, 60.0, 240.0)
_SHAPE = np.array([5, 7, 9, 11, 13, 13, 13, 12, 10, 9, 10, 12, 13, 13, 12, 10, 8, 7, 5, 4], float)
_PROFILE = tuple(round(float(slot), 6) for slot in _SHAPE / _SHAPE.mean())


def _short(value: float) -> float:
    return float(f"{value:.6g}")


def occupancy(
    rates: NDArray[np.float64], means: NDArray[np.float64], agents: NDArray[np.float64]
) -> float:
    """The smallest share of their time that the busiest group must work, if all work is planned
    at its best: the planning LP's rho (Harrison and Lopez 1999)."""
    k, g = means.shape
    pairs = [(i, j) for i in range(k) for j in range(g) if np.isfinite(means[i, j])]
    balance = np.zeros((k, len(pairs) + 1))
    limits = np.zeros((g, len(pairs) + 1))
    limits[:, -1] = -agents
    for column, (i, j) in enumerate(pairs):
        balance[i, column] = 1 / means[i, j]
        limits[j, column] = 1
    cost = np.zeros(len(pairs) + 1)
    cost[-1] = 1
    found = linprog(cost, A_ub=limits, b_ub=np.zeros(g), A_eq=balance, b_eq=rates, method="highs")
    return float(found.x[-1])


def write_schema() -> None:
    """Write `centre.schema.json` anew from the classes."""
    SCHEMA.write_text(json.dumps(schema(), indent=2) + "\n", encoding="utf-8")
