"""The command line."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LIVE_SPEED, LIVE_AGENTS = 3.0, 12
BUSY_SPEED, BUSY_AGENTS = 20.0, 50
CONTACTS_PER_AGENT = 0.014
"""A human second: keeps agents busy for about half of what they could carry."""


@dataclass(frozen=True, slots=True)
class Options:
    """`seconds` 0: until Ctrl-C. `rate`: contacts a second. `drain`: most seconds for the rest."""

    seconds: float
    speed: float
    agents: int
    rate: float
    drain: float
    seed: int
    out: Path | None
    picture: Path | None

    @property
    def headless(self) -> bool:
        """Whether this is a measurement, not something to watch."""
        return self.seconds > 0 and self.picture is None


def parse(arguments: Sequence[str] | None = None) -> Options:
    """The options; what is not given depends on whether this is to be watched or measured."""
    parser = argparse.ArgumentParser(
        prog="python -m demo",
        description="Customers and agents of Kaarna Autohuolto, played over the platform's public "
        "doors. Without --seconds: to be watched, until Ctrl-C.",
    )
    parser.add_argument("--seconds", type=float, default=0.0, help="measure for so long, then end")
    parser.add_argument("--out", type=Path, help="write the numbers there, as JSON")
    parser.add_argument("--speed", type=float, help="how much faster than life people act")
    parser.add_argument("--agents", type=int, help="how many agents sign in")
    parser.add_argument("--rate", type=float, help="contacts a second")
    parser.add_argument("--drain", type=float, default=120.0, help="most seconds to empty queues")
    parser.add_argument("--seed", type=int, default=1, help="the same chance again")
    parser.add_argument("--picture", type=Path, help="after --seconds (30) save the view as SVG")
    given = parser.parse_args(arguments)
    busy = given.seconds > 0 and given.picture is None
    speed = given.speed or (BUSY_SPEED if busy else LIVE_SPEED)
    agents = given.agents or (BUSY_AGENTS if busy else LIVE_AGENTS)
    if speed <= 0 or agents <= 0 or given.seconds < 0 or (given.rate or 1) <= 0:
        parser.error("speed, agents, seconds and rate must be positive")
    return Options(
        seconds=given.seconds or (30.0 if given.picture else 0.0),
        speed=speed,
        agents=agents,
        rate=given.rate or agents * speed * CONTACTS_PER_AGENT,
        drain=given.drain,
        seed=given.seed,
        out=given.out,
        picture=given.picture,
    )
