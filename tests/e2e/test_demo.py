"""The demo against the whole platform: everybody who came was served, and nothing went wrong."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from demo.numbers import MUST_BE_ZERO
from deploy.local.paths import ROOT
from deploy.local.process import wait_until
from tests.support.stack import Stack

CHANNELS = {"bot", "chat", "email", "form"}


def start(stack: Stack, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "demo", *arguments],
        cwd=ROOT,
        env={**os.environ, **stack.env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(demo: "subprocess.Popen[str]", out: Path, timeout: float) -> dict[str, Any]:
    """The numbers of a run that ended well."""
    try:
        printed, _ = demo.communicate(timeout=timeout)
    finally:
        demo.kill()
    assert demo.returncode == 0, printed[-5000:]
    numbers: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    assert {name: numbers[name] for name in MUST_BE_ZERO} == dict.fromkeys(MUST_BE_ZERO, 0)
    over = numbers["contacts_completed"] + sum(numbers["contacts_withdrawn"].values())
    assert numbers["contacts_in"] == over >= numbers["contacts_assigned"] > 0
    assert numbers["accepted"] >= numbers["contacts_in"] - numbers["not_accepted"]
    assert set(numbers["by_channel"]) == CHANNELS
    assert set(numbers["by_language"]) == {"fi", "sv", "en"}
    return numbers


def test_all_who_come_on_four_channels_are_served_and_answered(
    stack: Stack, tmp_path: Path
) -> None:
    out = tmp_path / "demo.json"
    options = ["--seconds", "7", "--rate", "4", "--agents", "24", "--out", str(out)]
    numbers = finish(start(stack, *options), out, 150)
    assert numbers["contacts_in"] >= 15
    assert numbers["answers"] >= numbers["contacts_completed"] / 2
    assert numbers["time_to_offer_ms"]["p50"] > 0
    assert numbers["request_to_offer_ms"]["p50"] >= numbers["time_to_offer_ms"]["p50"]


@pytest.mark.slow
def test_router_and_services_that_are_killed_at_work_lose_nobody(
    new_stack: Any, tmp_path: Path
) -> None:
    stack: Stack = new_stack()
    out = tmp_path / "demo.json"
    options = ["--seconds", "20", "--rate", "3", "--agents", "24", "--out", str(out)]
    demo = start(stack, *options)
    assert demo.stdout is not None
    for line in demo.stdout:
        if line.startswith("Customers come"):
            break
    for name in ("router", "services", "api"):
        wait_until(lambda: demo.poll() is not None, 4.0)
        stack.processes[name].kill()
        stack.processes[name].restart()
    numbers = finish(demo, out, 200)
    assert numbers["requests_sent_again"] > 0


def test_interrupted_demo_ends_quickly_and_leaves_nothing_running(stack: Stack) -> None:
    demo = start(stack, "--rate", "2", "--agents", "6")
    assert demo.stdout is not None
    for line in demo.stdout:
        if line.startswith("Customers come"):
            break
    demo.send_signal(signal.SIGINT)
    printed, _ = demo.communicate(timeout=20)
    assert demo.returncode == 0, printed
    assert "contacts came" in printed


def test_demo_without_a_platform_says_so_when_it_is_told_to_end(tmp_path: Path) -> None:
    nowhere = {"JONOTON_API_PORT": "9", "JONOTON_SMTP_OUT": "127.0.0.1:0"}
    demo = subprocess.Popen(
        [sys.executable, "-m", "demo", "--seconds", "5"],
        cwd=ROOT,
        env={**os.environ, **nowhere},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert demo.stdout is not None
    for line in demo.stdout:
        if line.startswith("Waiting for the platform"):
            break
    demo.send_signal(signal.SIGTERM)
    demo.communicate(timeout=20)
    assert demo.returncode == 130
