"""What the service refuses to start with."""

from pathlib import Path

import pytest

from services.forms.app import SERVICE, create_app
from services.forms.settings import FormsSettings, secret_of
from services.kit.errors import RefusedToStart

SECRET = "s" * 32


def test_production_needs_a_secret_worth_the_name(tmp_path: Path) -> None:
    for secret in ("", "short"):
        with pytest.raises(RefusedToStart, match="JONOTON_FORMS_SECRET"):
            create_app(FormsSettings(forms_secret=secret, data=tmp_path))
    assert secret_of(FormsSettings(forms_secret=SECRET, data=tmp_path)) == SECRET


def test_development_makes_a_secret_once_that_nobody_else_reads(tmp_path: Path) -> None:
    settings = FormsSettings(environment="development", data=tmp_path)
    assert secret_of(settings) == secret_of(settings)
    assert (tmp_path / "forms.key").stat().st_mode & 0o077 == 0


def test_time_zone_must_exist(tmp_path: Path) -> None:
    with pytest.raises(RefusedToStart, match="JONOTON_TIMEZONE"):
        create_app(FormsSettings(forms_secret=SECRET, data=tmp_path, timezone="Europe/Nowhere"))


def test_folder_of_forms_must_hold_forms(tmp_path: Path) -> None:
    with pytest.raises(RefusedToStart, match="JONOTON_FORMS_FOLDER"):
        create_app(FormsSettings(forms_secret=SECRET, data=tmp_path, forms_folder=tmp_path))


def test_service_is_read_from_the_environment(tmp_path: Path) -> None:
    served = SERVICE.served(
        {
            "JONOTON_ENVIRONMENT": "development",
            "JONOTON_DATA": str(tmp_path),
            "JONOTON_FORMS_PORT": "18004",
            "JONOTON_FORMS_LEAST_SECONDS": "0.5",
        }
    )
    assert served.port == 18004
