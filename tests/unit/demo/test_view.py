"""What watchers see, at several sizes, from a scene made by hand."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from demo.floor import Stage
from demo.view.panels import duration, picture, sparkline, where
from demo.view.plain import plain_line
from demo.view.scene import CHANNELS, AgentLine, ChannelLine, QueueLine, Scene, Story
from demo.view.show import export

STORY = Story(
    channel="chat",
    language="fi",
    text="Säilytättekö renkaita?",
    stage="offered",
    agent="Aino K.",
    how="",
    seconds=65.0,
    found_in_ms=8,
)
SCENE = Scene(
    stage="open",
    open_for=83.0,
    silent=0.5,
    speed=3.0,
    channels=[ChannelLine(name, 4, 1, 2, 1) for name in CHANNELS.values()],
    queues=[QueueLine("live-fi", 0, 0.0, 45.0, 2), QueueLine("writing-sv", 7, 90.0, 60.0, 0)],
    agents=[
        AgentLine("Aino K.", ("fi", "en"), "busy", 66, (("chat", "assigned"), ("chat", "offered"))),
        AgentLine("Björn L.", ("fi", "sv"), "free", 0, ()),
    ],
    stories=[STORY] * 40,
    came_per_minute=31,
    answered_per_minute=27,
    arrivals=[0, 1, 3, 2],
    came=88,
    answered=70,
    solved=9,
    time_to_offer={"p50": 8.0, "p95": 14.0, "p99": None},
    wrong={"doubled": 0, "over capacity": 1},
    pages={"Form": "http://127.0.0.1:8004/f", "API": "http://127.0.0.1:8001/docs"},
)


def shown(scene: Scene, width: int, height: int) -> list[str]:
    console = Console(width=width, height=height, file=io.StringIO(), record=True)
    console.print(picture(scene, width=width, height=height))
    return console.export_text().rstrip("\n").split("\n")


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 30), (120, 40), (200, 60)])
def test_picture_fills_the_screen_and_no_more(width: int, height: int) -> None:
    lines = shown(SCENE, width, height)
    assert len(lines) == height
    assert {len(line) for line in lines} == {width}
    text = "\n".join(lines)
    for word in ("Kaarna Autohuolto", "Customers ask", "The router queues", "Agents answer"):
        assert word in text
    assert "Säilytättekö" in text
    assert "Aino K." in text
    assert "http://127.0.0.1:8001/docs" in text


def test_silent_router_is_told() -> None:
    assert "silent" not in "\n".join(shown(SCENE, 120, 40))
    scene = replace(SCENE, silent=9.0)
    assert "the router has been silent for 9 s" in "\n".join(shown(scene, 120, 40))


def test_contact_from_outside_the_demo_is_shown_without_its_text() -> None:
    scene = replace(SCENE, stories=[replace(STORY, text="")])
    assert "(somebody from outside the demo)" in "\n".join(shown(scene, 120, 40))


@pytest.mark.parametrize(
    ("stage", "how", "words"),
    [
        ("waiting", "", "waits for an agent, 1 min 05 s"),
        ("offered", "", "→ offered to Aino K. after 8 ms"),
        ("assigned", "", "→ Aino K. answers"),
        ("wrapping", "", "✓ Aino K. writes it up"),
        ("completed", "", "✓ answered by Aino K. in 1 min 05 s"),
        ("withdrawn", "solved", "✓ solved by the bot"),
        ("withdrawn", "abandoned", "withdrawn: abandoned"),
    ],
)
def test_each_stage_of_a_question_has_its_words(stage: Stage, how: str, words: str) -> None:
    assert where(replace(STORY, stage=stage, how=how)).plain == words


def test_plain_line_says_the_same_in_one_line() -> None:
    line = plain_line(SCENE)
    assert "\n" not in line
    assert "came 88 (chat 4  form 4  e-mail 4  bot 4), waiting 4, in hand 8" in line
    assert "agents free 1/2, time to offer p50 8 ms" in line


def test_picture_as_a_file_loads_nothing_from_anywhere() -> None:
    svg = export(SCENE)
    assert "Säilytättekö" in svg.replace("&#160;", " ")
    assert "url(" not in svg.replace("url(#", "")
    assert "@font-face" not in svg
    assert "@import" not in svg


def test_sparkline_and_durations() -> None:
    assert sparkline([]) == sparkline([0, 0]) == ""
    assert sparkline([0, 1, 8]) == " ▁█"
    assert [duration(3.4), duration(59.6), duration(60), duration(605)] == [
        "3 s",
        "1 min 00 s",
        "1 min 00 s",
        "10 min 05 s",
    ]
