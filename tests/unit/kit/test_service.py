"""Starting a service: one sentence when it cannot be."""

import json
import os
import subprocess
import sys

import pytest
from fastapi import FastAPI

from services.kit.errors import RefusedToStart
from services.kit.service import Service
from services.kit.settings import Port, Settings

MAIN = """
import sys
from services.kit.service import Service, main
from services.kit.settings import Settings

def create(settings):
    raise AssertionError("not with these settings")

sys.exit(main("example", [Service("example", Settings, create, "partitions")]))
"""


class Example(Settings, frozen=True, kw_only=True):
    """Settings with a port."""

    example_port: Port = 8009


def test_service_is_served_at_the_port_of_its_setting() -> None:
    app = FastAPI()
    service = Service("example", Example, lambda *_: app, "example_port")
    served = service.served({"JONOTON_EXAMPLE_PORT": "8123", "JONOTON_HOST": "0.0.0.0"})
    assert (served.app, served.host, served.port) == (app, "0.0.0.0", 8123)


def test_service_is_not_made_with_wrong_settings() -> None:
    service = Service("example", Example, lambda *_: FastAPI(), "example_port")
    with pytest.raises(RefusedToStart, match="JONOTON_EXAMPLE_PORT"):
        service.served({"JONOTON_EXAMPLE_PORT": "70000"})


@pytest.mark.parametrize("variable", ["JONOTON_PARTITIONS", "JONOTON_LOG_LEVEL"])
def test_process_that_refuses_to_start_says_why_in_one_line(variable: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MAIN],
        env={**os.environ, variable: "many"},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"example: {variable}='many': Expected")
    with pytest.raises(json.JSONDecodeError):
        json.loads(line)
