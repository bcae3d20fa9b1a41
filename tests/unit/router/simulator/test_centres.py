"""Centres: files, their schema, and those drawn at random."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import numpy as np
import pytest

from services.router.simulator.centres import (
    SCHEMA,
    Centre,
    InvalidCentre,
    load,
    occupancy,
    random_centres,
    schema,
)
from tests.unit.router.simulator.scenes import centre


def test_schema_file_is_that_of_the_classes() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == schema()


def test_schema_takes_what_the_loader_takes() -> None:
    checker = jsonschema.Draft202012Validator(schema())
    broken = json.loads(msgspec.json.encode(centre()))
    checker.validate(broken)
    broken["classes"][0]["weight"] = 0
    assert [error.json_path for error in checker.iter_errors(broken)] == ["$.classes[0].weight"]


def test_centre_comes_back_from_its_file(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / f"{name}.json").write_bytes(msgspec.json.encode(centre(name=name)))
    assert [one.name for one in load(tmp_path)] == ["a", "b"]
    assert load(tmp_path / "b.json") == [centre(name="b")]


def _broken(change: Any) -> bytes:
    document = json.loads(msgspec.json.encode(centre()))
    change(document)
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d["classes"][1].pop("weight"), r"weight.*\$\.classes\[1\]|classes\[...\]"),
        (lambda d: d.update(colour="red"), "colour"),
        (lambda d: d["groups"][0].update(agents=0), r"agents"),
        (lambda d: d["groups"][0]["mean_handling_minutes"].update(fax=1), "fax, which is no class"),
        (lambda d: d["groups"].pop(), "nobody can serve the class mail"),
        (lambda d: d.update(profile=[1.0]), "1 slots, too few"),
        (lambda d: d["classes"].append(d["classes"][0]), "two classes have the same id"),
        (lambda d: d["groups"].append(d["groups"][0]), "two groups have the same id"),
    ],
)
def test_broken_centre_is_refused_with_file_and_reason(
    tmp_path: Path, change: Any, message: str
) -> None:
    file = tmp_path / "centre.json"
    file.write_bytes(_broken(change))
    with pytest.raises(InvalidCentre, match=message) as refused:
        load(file)
    assert str(file) in str(refused.value)


def test_missing_file_and_empty_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidCentre, match="No such file"):
        load(tmp_path / "none.json")
    with pytest.raises(InvalidCentre, match="no JSON files"):
        load(tmp_path)


def test_random_centres_are_sound_and_exactly_full() -> None:
    found = random_centres(12, seed=3)
    for one in found:
        assert list(one.problems()) == []
        agents = np.array([float(group.agents) for group in one.groups])
        assert occupancy(one.rates(), one.means(), agents) == pytest.approx(1, abs=1e-4)
        assert np.mean(one.profile) == pytest.approx(1, abs=1e-6)
        assert any(c.deferred for c in one.classes)
        assert all((c.mean_patience_minutes is None) == c.deferred for c in one.classes)
    assert {len(one.classes) for one in found} <= set(range(4, 13))
    assert {len(one.groups) for one in found} <= set(range(3, 11))


def test_random_centres_depend_on_the_seed_alone() -> None:
    assert random_centres(3, seed=3) == random_centres(5, seed=3)[:3]
    assert random_centres(3, seed=3) != random_centres(3, seed=4)
    assert isinstance(random_centres(1, seed=3)[0], Centre)
