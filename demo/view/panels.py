"""The live picture: from the customers on the left to the agents on the right, with the questions
on their way below."""

from rich import box
from rich.console import Group, RenderableType
from rich.layout import Layout
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from demo.view.scene import AgentLine, Scene, Story

CHANNEL_STYLE = {"chat": "cyan", "form": "magenta", "email": "yellow", "bot": "green"}
CHANNEL_WORD = {"chat": "chat", "form": "form", "email": "e-mail", "bot": "bot"}
STATE_STYLE = {"free": "green", "busy": "default", "break": "yellow", "offline": "bright_black"}
LOAD = 6
BARS = " ▁▂▃▄▅▆▇█"
FRAME = "bright_black"
SILENT = 5.0
"""Seconds; agents' leases alone make a record every two."""
NARROW = 100
"""Columns below which some are left out."""


def picture(scene: Scene, *, width: int, height: int) -> RenderableType:
    """The whole screen."""
    agents_height = min(len(scene.agents), max(4, height - 20)) + 3
    top_height = max(agents_height, len(scene.queues) + 4, 9)
    layout = Layout()
    layout.split_column(
        Layout(_header(scene, width), size=3),
        Layout(name="floor", size=min(top_height, height - 12)),
        Layout(_stories(scene, height), name="stories"),
        Layout(_footer(scene), size=5),
    )
    narrow = width < NARROW
    layout["floor"].split_row(
        Layout(_channels(scene), ratio=33 if narrow else 32),
        Layout(_queues(scene, narrow), ratio=33 if narrow else 36),
        Layout(_agents(scene, narrow), ratio=34 if narrow else 46),
    )
    return layout


def _header(scene: Scene, width: int) -> RenderableType:
    minutes, seconds = divmod(int(scene.open_for), 60)
    left = Text.assemble(("Jonoton", "bold cyan"), "  at  ", ("Kaarna Autohuolto", "bold"))
    right = Text(f"{scene.stage} {minutes:02}:{seconds:02} · people act {scene.speed:g}× as fast")
    if scene.silent > SILENT:
        right = Text(f"the router has been silent for {scene.silent:.0f} s", "bold red")
    middle = Text()
    if width >= NARROW:
        middle = Text.assemble(
            ("arrivals ", "bright_black"), (sparkline(scene.arrivals[-30:]), "cyan")
        )
    grid = Table.grid(expand=True)
    for justify in ("left", "center", "right"):
        grid.add_column(justify=justify)
    grid.add_row(left, middle, right)
    return Panel(grid, box=box.ROUNDED, border_style=FRAME)


def _channels(scene: Scene) -> RenderableType:
    table = _table("", "in", "wait", "talk", "done")
    for line, key in zip(scene.channels, CHANNEL_STYLE, strict=True):
        table.add_row(
            Text(line.name, CHANNEL_STYLE[key]),
            str(line.came),
            _count(line.waiting, "yellow"),
            _count(line.in_hand, "cyan"),
            _count(line.over, "green"),
        )
    flow = Text.assemble(
        "\n",
        (f"{scene.came_per_minute}", "bold"),
        " came, ",
        (f"{scene.answered_per_minute}", "bold green"),
        " answered\nin the last minute",
    )
    return _panel("1  Customers ask", Group(table, flow))


def _queues(scene: Scene, narrow: bool) -> RenderableType:
    table = _table("", *(("wait", "longest") if narrow else ("wait", "longest", "in hand")))
    for line in scene.queues:
        late = line.waiting and line.longest > line.target
        style = "red" if late else ("yellow" if line.waiting else "bright_black")
        table.add_row(
            line.name,
            _count(line.waiting, style),
            Text(duration(line.longest) if line.waiting else "·", style),
            *(() if narrow else (_count(line.in_hand, "cyan"),)),
        )
    return _panel("2  The router queues" if narrow else "2  The router queues and offers", table)


def _agents(scene: Scene, narrow: bool) -> RenderableType:
    free = sum(agent.state == "free" for agent in scene.agents)
    busy = sum(agent.state == "busy" for agent in scene.agents)
    grid = Table.grid(padding=(0, 1))
    for _ in range(2 if narrow else 4):
        grid.add_column(no_wrap=True)
    for agent in scene.agents:
        name = Text(agent.name, STATE_STYLE.get(agent.state, "default"))
        languages = Text(" ".join(agent.languages), "bright_black")
        more = () if narrow else (languages, _load(agent))
        grid.add_row(name, *more, _work(agent))
    legend = Text("? asked   ✓ writing it up", "bright_black")
    return _panel(f"3  Agents answer: {busy} busy, {free} free", grid, legend)


def _load(agent: AgentLine) -> Text:
    filled = min(LOAD, round(agent.used * LOAD / 100))
    style = "green" if agent.used < 50 else ("yellow" if agent.used < 95 else "red")
    return Text.assemble(("━" * filled, style), ("━" * (LOAD - filled), "grey23"))


def _work(agent: AgentLine) -> Text:
    if not agent.work:
        return Text(agent.state, STATE_STYLE.get(agent.state, "default"))
    text = Text()
    for number, (channel, stage) in enumerate(agent.work):
        style = CHANNEL_STYLE.get(channel, "default")
        style += {"offered": " blink bold", "wrapping": " dim"}.get(stage, "")
        mark = {"offered": "?", "wrapping": "✓"}.get(stage, "")
        text.append(f"{' ' if number else ''}{CHANNEL_WORD.get(channel, channel)}{mark}", style)
    return text


def _stories(scene: Scene, height: int) -> RenderableType:
    table = Table(box=None, expand=True, show_header=False, padding=(0, 1), pad_edge=False)
    table.add_column(no_wrap=True, width=6)
    table.add_column(no_wrap=True, width=2)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column(no_wrap=True, width=40)
    for story in scene.stories[:height]:
        table.add_row(
            Text(
                CHANNEL_WORD.get(story.channel, story.channel),
                CHANNEL_STYLE.get(story.channel, "default"),
            ),
            Text(story.language, "bright_black"),
            Text(story.text or "(somebody from outside the demo)"),
            where(story),
        )
    return _panel("Questions on their way, the newest first", table)


def where(story: Story) -> Text:
    """How far a question has come, in words."""
    after = duration(story.seconds)
    match story.stage:
        case "waiting":
            return Text(f"waits for an agent, {after}", "yellow")
        case "offered":
            quick = "" if story.found_in_ms is None else f" after {story.found_in_ms} ms"
            return Text(f"→ offered to {story.agent}{quick}", "bold cyan")
        case "assigned":
            return Text(f"→ {story.agent} answers", "cyan")
        case "wrapping":
            return Text(f"✓ {story.agent} writes it up", "green")
        case "completed":
            return Text(f"✓ answered by {story.agent} in {after}", "green")
        case _:
            words = {"solved": "✓ solved by the bot"}
            return Text(words.get(story.how, f"withdrawn: {story.how}"), "green dim")


def _footer(scene: Scene) -> RenderableType:
    offer = scene.time_to_offer
    line = Text.assemble(
        ("time to offer ", "bright_black"),
        f"p50 {_ms(offer['p50'])}, p99 {_ms(offer['p99'])}",
        no_wrap=True,
        overflow="ellipsis",
    )
    for name, number in {"answered": scene.answered, "solved by bot": scene.solved}.items():
        line.append(f"   {name} ", "bright_black")
        line.append(str(number), "green")
    for name, number in scene.wrong.items():
        line.append(f"   {name} ", "bright_black")
        line.append(str(number), "bold red" if number else "green")
    pages = Text(no_wrap=True, overflow="ellipsis")
    for name, address in scene.pages.items():
        pages.append(f"{name} ", "bright_black")
        pages.append(address, f"underline link {address}")
        pages.append("\n" if name == "Form" else "   ")
    pages.append("Ctrl-C ends", "bright_black")
    return Panel(Group(line, pages), box=box.ROUNDED, border_style=FRAME)


def sparkline(values: list[int]) -> str:
    """Small bars, as high as the largest value is one."""
    most = max(values, default=0)
    if most == 0:
        return ""
    return "".join(BARS[-(-value * (len(BARS) - 1) // most)] for value in values)


def duration(seconds: float) -> str:
    """`12 s`, `3 min 05 s`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f} ms"


def _count(number: int, style: str) -> Text:
    return Text(str(number), style) if number else Text("·", "bright_black")


def _table(*columns: str) -> Table:
    table = Table(box=None, expand=True, padding=(0, 1, 0, 0), pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(
            Text(column, "bright_black"), justify="right" if number else "left", no_wrap=True
        )
    return table


def _panel(title: str, inside: RenderableType, below: Text | None = None) -> Panel:
    return Panel(
        inside,
        title=Text(title, "bold"),
        title_align="left",
        subtitle=below,
        subtitle_align="right",
        box=box.ROUNDED,
        border_style=FRAME,
    )
