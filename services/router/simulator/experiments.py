"""All checks of `validate`, by name, and how they are run."""

import zlib
from collections.abc import Collection

import msgspec
from numpy.random import default_rng

from services.router.simulator import experiments_published, experiments_theory
from services.router.simulator.parallel import run_all
from services.router.simulator.validate import Experiment, Verdict, judge

EXPERIMENTS: dict[str, Experiment] = {
    one.name: one for one in (*experiments_theory.ALL, *experiments_published.ALL)
}
FEWEST = 10
"""Replications that even a quick look has."""


class Replication(msgspec.Struct, frozen=True, kw_only=True):
    """One replication of an experiment, as it is sent to another process."""

    experiment: str
    seed: int
    number: int


def replicate(task: Replication) -> dict[str, float]:
    """Run it. Its seed follows from run, experiment and number alone."""
    experiment = EXPERIMENTS[task.experiment]
    name = zlib.crc32(experiment.name.encode())
    return dict(experiment.replicate(default_rng([task.seed, name, task.number])))


def run(
    names: Collection[str], seed: int, share: float, processes: int | None = None
) -> list[Verdict]:
    """The experiments with `share` times as many replications as they have by default."""
    chosen = [one for one in EXPERIMENTS.values() if one.name in names]
    counts = {one.name: max(FEWEST, round(one.replications * share)) for one in chosen}
    tasks = [
        Replication(experiment=one.name, seed=seed, number=number)
        for one in chosen
        for number in range(counts[one.name])
    ]
    results = run_all(replicate, tasks, "replications", processes=processes)
    verdicts: list[Verdict] = []
    for one in chosen:
        mine = [
            result
            for task, result in zip(tasks, results, strict=True)
            if task.experiment == one.name
        ]
        verdicts += judge(one, mine)
    return verdicts
