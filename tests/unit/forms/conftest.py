"""Fixtures of the forms service's tests."""

from pathlib import Path

import pytest

from tests.unit.forms.helpers import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """The service with nothing in it."""
    return Desk(tmp_path)
