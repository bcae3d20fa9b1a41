from pathlib import Path
from typing import Literal

import pytest

from services.kit.errors import RefusedToStart
from services.kit.settings import Port, Settings, load


class Example(Settings, frozen=True, kw_only=True):
    """A service's settings: one field that must be given, and one of each kind."""

    example_key: str
    example_port: Port = 8001
    example_slow: bool = False
    example_mode: Literal["fast", "safe"] = "safe"


def test_fields_are_read_from_variables_of_their_names() -> None:
    settings = load(
        Example,
        {
            "JONOTON_EXAMPLE_KEY": "k",
            "JONOTON_EXAMPLE_PORT": "9001",
            "JONOTON_EXAMPLE_SLOW": "true",
            "JONOTON_ENVIRONMENT": "development",
            "JONOTON_PUBLISH_TIMEOUT": "2.5",
            "JONOTON_DATA": "/tmp/somewhere",
        },
    )
    assert settings == Example(
        example_key="k",
        example_port=9001,
        example_slow=True,
        environment="development",
        publish_timeout=2.5,
        data=Path("/tmp/somewhere"),
    )


def test_every_wrong_variable_is_named_with_what_was_expected() -> None:
    with pytest.raises(RefusedToStart) as refusal:
        load(
            Example,
            {
                "JONOTON_EXAMPLE_PORT": "many",
                "JONOTON_EXAMPLE_MODE": "reckless",
                "JONOTON_PARTITIONS": "0",
                "JONOTON_PUBLISH_TIMEOUT": "nan",
                "JONOTON_LOG_LEVEL": "info",
            },
        )
    assert sorted(str(refusal.value).split("; ")) == [
        "JONOTON_EXAMPLE_KEY is missing: Expected `str`",
        "JONOTON_EXAMPLE_MODE='reckless': Expected one of fast, safe",
        "JONOTON_EXAMPLE_PORT='many': Expected `int`",
        "JONOTON_LOG_LEVEL='info': Expected one of DEBUG, INFO, WARNING, ERROR, CRITICAL",
        "JONOTON_PARTITIONS='0': Expected `int` >= 1",
        "JONOTON_PUBLISH_TIMEOUT='nan': Expected `float` > 0.0",
    ]


def test_variables_of_others_are_left_alone() -> None:
    assert load(Settings, {"JONOTON_EXAMPLE_PORT": "many", "PATH": "/bin"}) == Settings()


def test_production_is_the_default() -> None:
    assert load(Settings, {}).environment == "production"
