"""Keys in the data folder, which containers share."""

import os
from pathlib import Path

import pytest

from services.kit import keys


def test_key_is_the_same_for_all_and_readable_by_the_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "data" / "some.key"
    key = keys.shared_key(path)
    assert len(key) >= 32
    assert keys.shared_key(path) == key
    assert path.stat().st_mode & 0o777 == 0o600
    assert [found.name for found in path.parent.iterdir()] == ["some.key"]


def test_processes_with_the_same_number_agree_on_one_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In containers every process is number 1: the second comes while the first is at work."""
    path = tmp_path / "some.key"
    link = os.link
    others: list[str] = []

    def link_late(source: Path, target: Path) -> None:
        monkeypatch.setattr(os, "link", link)
        others.append(keys.shared_key(path))
        link(source, target)

    monkeypatch.setattr(os, "link", link_late)
    assert keys.shared_key(path) == others[0] == path.read_text(encoding="ascii")
    assert [found.name for found in tmp_path.iterdir()] == ["some.key"]
