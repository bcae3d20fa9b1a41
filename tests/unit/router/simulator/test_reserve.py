"""Chats beside the phone: how replications are run and put together."""

from pathlib import Path

import pytest

from services.router.simulator import reserve
from services.router.simulator.reserve import Lost, Task, play, points, site


def test_rules_are_those_of_the_pool() -> None:
    assert site(None).config.policy.rule == "most_free"
    assert site(4).config.policy.reserve == 4
    assert site(4).config.problems() == []


def test_replication_belongs_to_its_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reserve, "MINUTES", 120.0)
    first, again, other = (play(Task(reserve=None, seed=1, number=number)) for number in (0, 0, 1))
    assert first == again
    assert first != other
    assert 0 <= first.chats < first.calls < 100


def test_points_keep_the_order_and_average(tmp_path: Path) -> None:
    lost = [
        Lost(reserve=reserve, calls=calls, chats=1.0)
        for reserve, calls in ((None, 30.0), (None, 26.0), (4, 12.0), (4, 14.0))
    ]
    found = points(lost)
    assert [one.reserve for one in found] == [None, 4]
    assert [one.calls.mean for one in found] == [28.0, 13.0]
    pytest.importorskip("matplotlib")
    reserve.draw(found, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
