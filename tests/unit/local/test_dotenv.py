"""`.env`: settings of this machine, which the environment overrules."""

from pathlib import Path

import pytest

from deploy.local.dotenv import load, parse
from deploy.local.errors import LocalError
from deploy.local.paths import ROOT
from deploy.local.ports import ports_from
from deploy.local.processes import port_names, router_count


def test_lines_comments_and_quotes_are_understood() -> None:
    text = "# mine\n\nJONOTON_ROUTERS=2\n KEY = 'a = b # c' \nEMPTY=\n"
    assert parse(text) == {"JONOTON_ROUTERS": "2", "KEY": "a = b # c", "EMPTY": ""}


@pytest.mark.parametrize("line", ["JONOTON_ROUTERS", "export A=1", "=1"])
def test_other_lines_are_refused_by_number(line: str) -> None:
    with pytest.raises(LocalError, match=r"^Line 2 of \.env"):
        parse(f"A=1\n{line}\n")


def test_environment_overrules_the_file(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("A=file\nB=file\n", encoding="utf-8")
    environ = {"A": "environment"}
    load(file, environ)
    assert environ == {"A": "environment", "B": "file"}


def test_no_file_is_no_settings(tmp_path: Path) -> None:
    environ: dict[str, str] = {}
    load(tmp_path / ".env", environ)
    assert environ == {}


def test_example_changes_nothing_but_shows_the_defaults() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert parse(example) == {}
    offered = "\n".join(line[1:] for line in example.splitlines() if line.startswith("#JONOTON_"))
    environ = parse(offered)
    assert router_count(environ) == router_count({})
    assert ports_from(environ, port_names(1)) == ports_from({}, port_names(1))
