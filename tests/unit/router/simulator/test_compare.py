"""The comparison from the centres to the tables."""

import json
from pathlib import Path

import msgspec
import pytest

from services.router.simulator import bars, cli
from services.router.simulator.compare import Row, Task, play, standings
from services.router.simulator.policies import BASE, CONTENDERS
from services.router.simulator.statistics import Interval
from tests.unit.router.simulator.scenes import centre

NAMES = (BASE, "static_priority", "static_cmu")


def test_every_contender_plays() -> None:
    quiet = Task(centre=centre(), number=0, rho=0.2, policies=tuple(CONTENDERS), seed=1, days=1)
    assert set(play(quiet).measures) == set(CONTENDERS)


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    tasks = [
        Task(centre=centre(), number=n, rho=1.1, policies=NAMES, seed=1, days=1) for n in range(2)
    ]
    return [play(task) for task in tasks]


def test_every_policy_gets_the_same_contacts(rows: list[Row]) -> None:
    for row in rows:
        assert set(row.measures) == set(NAMES)
        assert len({one.contacts for one in row.measures.values()}) == 1


def test_no_policy_is_better_than_the_bounds(rows: list[Row]) -> None:
    for standing in standings(rows, 1.1):
        assert standing.regret.mean > 0


def test_base_differs_from_itself_by_nothing_and_priority_helps_calls(rows: list[Row]) -> None:
    found = {one.policy: one for one in standings(rows, 1.1)}
    assert found[BASE].differences["abandoned"].mean == 0
    assert found["static_priority"].differences["abandoned"].mean < 0


def test_days_belong_to_seed_and_centre() -> None:
    task = Task(centre=centre(), number=0, rho=1.0, policies=(BASE,), seed=1, days=1)
    assert play(task) == play(task)
    other = msgspec.structs.replace(task, seed=2)
    assert play(task).measures[BASE] != play(other).measures[BASE]


def test_command_prints_policies_bounds_and_writes_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = tmp_path / "centre.json", tmp_path / "out.json"
    file.write_bytes(msgspec.json.encode(centre()))
    with pytest.raises(SystemExit) as done:
        cli.main(
            f"compare --centres {file} --rho 0.9 1.1 --policies longest_idle static_priority "
            f"--json {out} --processes 1".split()
        )
    assert done.value.code == 0
    printed = capsys.readouterr().out
    for word in ("rho 0.9", "rho 1.1", "longest_idle", "static_priority", "pooled", "fluid"):
        assert word in printed
    document = json.loads(out.read_text(encoding="utf-8"))
    assert len(document["standings"]) == 4
    assert document["options"]["rho"] == [0.9, 1.1]


def test_command_says_what_is_wrong_with_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as done:
        cli.main(["compare", "--centres", str(tmp_path / "none.json")])
    assert done.value.code == 2
    assert "none.json" in capsys.readouterr().err


def test_bar_is_met_or_not(rows: list[Row]) -> None:
    def with_misses(points: float) -> list[bool]:
        base = standings(rows, 1.1)[0]
        change = Interval(mean=points, error=0.1, half=0.2, count=60)
        mine = msgspec.structs.replace(
            base,
            policy="jonoton",
            differences={"weighted_misses": change},
            means={**base.means, "abandoned": Interval(mean=14.9, error=0, half=0, count=60)},
        )
        return [check.met for check in bars.checks([mine])]

    assert with_misses(-10.6) == [True, True]
    assert with_misses(-10.4) == [False, True]
    assert bars.checks(standings(rows, 1.1)) == []
