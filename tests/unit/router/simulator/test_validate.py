"""The checks against theory and literature: how they judge, and one small run of most."""

import json
from pathlib import Path

import pytest
from numpy.random import Generator

from services.router.simulator import cli, experiments_published, validate
from services.router.simulator.experiments import EXPERIMENTS, Replication, replicate
from services.router.simulator.validate import Experiment, Target, exactly, judge, published


def _nothing(rng: Generator) -> dict[str, float]:
    return {}


def _judged(target: Target, values: list[float]) -> bool:
    experiment = Experiment("some model", _nothing, {"figure": target})
    return judge(experiment, [{"figure": value} for value in values])[0].inside


def test_figure_is_inside_within_three_standard_errors() -> None:
    assert _judged(exactly(3.9), [0.0, 2.0])  # 1 ± 1
    assert not _judged(exactly(4.1), [0.0, 2.0])


def test_published_interval_adds_its_own_error() -> None:
    target = published(4.6, 8.6, 2.0, "paper")  # 6.6 ± 1
    assert target.error == pytest.approx(1.0)
    assert _judged(published(3.1, 7.1, 2.0, "paper"), [0.0, 2.0])
    assert not _judged(target, [0.0, 2.0])


def test_range_is_met_anywhere_within_it() -> None:
    assert _judged(Target(0.0, 9.0), [5.0, 5.0])
    assert not _judged(Target(0.0, 4.0), [5.0, 5.0])


@pytest.mark.parametrize("word", ["Erlang A", "Longest idle"])
def test_single_replication_is_near_the_exact_figures(word: str) -> None:
    name = next(name for name in EXPERIMENTS if name.startswith(word))
    figures = replicate(Replication(experiment=name, seed=1, number=1))
    for figure, target in EXPERIMENTS[name].targets.items():
        assert figures[figure] == pytest.approx(target.low, rel=0.3)


def test_replication_belongs_to_its_seed_and_has_all_figures() -> None:
    first, again, other = (
        replicate(Replication(experiment="CallCC", seed=1, number=number)) for number in (1, 1, 2)
    )
    assert first == again
    assert first != other
    assert set(first) == set(EXPERIMENTS["CallCC"].targets)


def test_days_of_the_bank_have_all_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiments_published, "_BANK_DAYS", 1)
    figures = replicate(Replication(experiment="Bank", seed=1, number=1))
    targets = EXPERIMENTS["Bank"].targets
    assert set(figures) == set(targets)
    for name in ("in time, checking %", "occupancy, savings %", "occupancy, checking %"):
        assert figures[name] == pytest.approx(targets[name].low, rel=0.3)


def test_every_experiment_has_enough_replications() -> None:
    assert all(one.replications >= 10 for one in EXPERIMENTS.values())


def test_command_prints_the_table_and_fails_when_a_figure_is_outside(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(target: Target) -> int:
        sure = Experiment("sure", lambda rng: {"x": rng.normal()}, {"x": target}, note="a note")
        monkeypatch.setitem(EXPERIMENTS, "sure", sure)
        with pytest.raises(SystemExit) as done:
            cli.main(["validate", "--only", "SURE", "--processes", "1", "--json", str(out)])
        return int(done.value.code or 0)

    out = tmp_path / "out.json"
    assert run(exactly(0.0)) == 0
    printed = capsys.readouterr().out
    assert "1 of 1 figures inside" in printed
    assert "sure: a note" in printed
    assert json.loads(out.read_text(encoding="utf-8"))["verdicts"][0]["inside"] is True
    assert run(exactly(5.0)) == 1
    assert "NO" in capsys.readouterr().out


def test_numbers_are_short() -> None:
    assert [validate._number(value) for value in (0.0036432, 0.45, 4297.3)] == [
        "0.003643",
        "0.45",
        "4,297",
    ]
