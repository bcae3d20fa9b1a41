"""Shows a run while it runs."""

import asyncio
import io
import re
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.live import Live

from demo.view.panels import picture
from demo.view.plain import plain_line
from demo.view.scene import Scene, Scenes
from services.kit.clock import SystemClock

FRAMES = 4
PLAIN_SECONDS = 5.0
PICTURE_WIDTH, PICTURE_HEIGHT = 120, 40


async def show_live(scenes: Scenes, console: Console) -> None:
    """A picture that moves, until cancelled; the terminal is as before afterwards."""
    clock = SystemClock()
    with Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            size = console.size
            scene = scenes.take(clock.now_ms())
            live.update(picture(scene, width=size.width, height=size.height), refresh=True)
            await asyncio.sleep(1 / FRAMES)


async def show_plain(scenes: Scenes, console: Console) -> None:
    """A line every few seconds, until cancelled."""
    clock = SystemClock()
    while True:
        await asyncio.sleep(PLAIN_SECONDS)
        line = plain_line(scenes.take(clock.now_ms()))
        console.print(line, soft_wrap=True, highlight=False, markup=False)


def save_picture(scenes: Scenes, path: Path) -> None:
    """The view of this moment as an SVG file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(export(scenes.take(SystemClock().now_ms())), encoding="utf-8")


def export(scene: Scene) -> str:
    """A scene as SVG that loads nothing from anywhere."""
    console = Console(
        record=True,
        width=PICTURE_WIDTH,
        height=PICTURE_HEIGHT,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
    )
    console.print(picture(scene, width=PICTURE_WIDTH, height=PICTURE_HEIGHT))
    without_fonts = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    return console.export_svg(title="python -m demo", code_format=without_fonts)
