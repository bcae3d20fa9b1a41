"""Settings of the forms service."""

from pathlib import Path
from typing import Annotated

import msgspec

from services.kit.errors import RefusedToStart
from services.kit.keys import shared_key
from services.kit.settings import Port, Settings

OWN_FOLDER = Path(__file__).parent
_LEAST_SECRET = 32


class FormsSettings(Settings, frozen=True, kw_only=True):
    """`forms_secret` signs the pages' one-time tokens: the same for all processes of a site.
    `forms_folder` holds the forms, one folder each. `forms_least_seconds`: whoever sends a page
    faster than this after opening it is asked to press once more. `forms_shown_seconds`: how
    long a receipt shows what was sent. `timezone`: of the times on receipts."""

    forms_port: Port = 8004
    forms_secret: str = ""
    forms_folder: Path = OWN_FOLDER / "catalogue"
    forms_least_seconds: Annotated[float, msgspec.Meta(ge=0, le=60)] = 2.0
    forms_shown_seconds: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 1800.0
    timezone: str = "Europe/Helsinki"


def secret_of(settings: FormsSettings) -> str:
    """The secret: from the environment, or in development from the data folder.

    Raises `RefusedToStart` outside development when there is none worth the name.
    """
    if len(settings.forms_secret) >= _LEAST_SECRET:
        return settings.forms_secret
    if settings.forms_secret or settings.environment != "development":
        raise RefusedToStart(
            f"JONOTON_FORMS_SECRET must hold at least {_LEAST_SECRET} random characters, "
            "the same ones for every process of the forms service"
        )
    return shared_key(settings.data / "forms.key")
