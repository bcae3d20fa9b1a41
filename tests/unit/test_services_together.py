"""`python -m services`: several services in one process."""

import pytest

from services import __main__ as together


def test_all_without_names_and_those_named_with() -> None:
    assert together.chosen([]) == list(together.ALL)
    assert [service.name for service in together.chosen(["bot", "chat"])] == ["bot", "chat"]


def test_unknown_name_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert together.run(["chat", "telegraph"]) == 2
    said = capsys.readouterr().err
    assert "'telegraph'" in said
    assert "routing-api" in said
