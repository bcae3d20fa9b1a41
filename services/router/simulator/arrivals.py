"""What comes to a pool and who is there: the file that `whatif` reads beside the pool's own."""

from collections import Counter
from collections.abc import Iterator
from math import ceil
from pathlib import Path
from typing import Annotated

import msgspec

from services.contracts.base import Level, Name
from services.contracts.pool import PoolConfig
from services.router.pool_yaml import InvalidText, read

_Positive = Annotated[float, msgspec.Meta(gt=0)]


class InvalidArrivals(Exception):
    """The file, or what is added to it, makes no sense; the message says where and why."""


class Traffic(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Contacts that are alike: what they say of themselves, how many come in an hour, how many
    minutes they take an agent who has nothing else in hand, and how many minutes they wait on
    average before they give up (none: for ever). `evenly`: not by the day's profile."""

    channel: Name
    per_hour: _Positive
    handling: _Positive
    patience: _Positive | None = None
    language: str = ""
    topic: str = ""
    tier: str = ""
    evenly: bool = False

    @property
    def name(self) -> str:
        """What tables call it."""
        return " ".join(filter(None, (self.channel, self.language, self.topic, self.tier)))


class Team(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Agents who are alike. At `speed` 1.25 they need four fifths of the time."""

    name: Name
    number: Annotated[int, msgspec.Meta(ge=0, le=10_000)]
    skills: dict[Name, Level] = {}
    limits: dict[Name, Annotated[int, msgspec.Meta(ge=0, le=100)]] = {}
    speed: _Positive = 1.0


class Arrivals(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A day. `profile` multiplies the arrivals hour by hour (empty: the same all day); with n
    contacts in hand an agent works at each of them at `speeds[n-1]` (beyond: the last), and takes
    an offer after `answer` seconds."""

    contacts: Annotated[tuple[Traffic, ...], msgspec.Meta(min_length=1)]
    teams: Annotated[tuple[Team, ...], msgspec.Meta(min_length=1)]
    hours: Annotated[float, msgspec.Meta(gt=0, le=168)] = 8.0
    profile: tuple[Annotated[float, msgspec.Meta(ge=0)], ...] = ()
    speeds: Annotated[tuple[_Positive, ...], msgspec.Meta(min_length=1)] = (1.0,)
    answer: Annotated[float, msgspec.Meta(ge=0, le=600)] = 2.0

    def problems(self) -> Iterator[str]:
        """What the types cannot say and yet must hold, as sentences."""
        for name, count in Counter(team.name for team in self.teams).items():
            if count > 1:
                yield f"the team {name} stands twice"
        for name, count in Counter(one.name for one in self.contacts).items():
            if count > 1:
                yield f"the contacts {name!r} stand twice"
        if self.profile and len(self.profile) < ceil(self.hours):
            yield f"the profile has {len(self.profile)} hours, the day {self.hours:g}"
        if not any(team.number for team in self.teams):
            yield "nobody is there"


def load(path: Path, pool: PoolConfig) -> Arrivals:
    """The arrivals of a file for the pool. Raises `InvalidArrivals`."""
    try:
        found = msgspec.convert(read(path.read_bytes()).plain(), Arrivals)
    except OSError as error:
        raise InvalidArrivals(f"{path}: {error.strerror}") from error
    except (InvalidText, msgspec.ValidationError) as error:
        raise InvalidArrivals(f"{path}: {error}") from error
    problems = list(found.problems())
    known = {*pool.skills, *pool.languages}
    problems += [
        f"the contacts {one.name!r} come on a channel that {pool.pool} does not have"
        for one in found.contacts
        if one.channel not in pool.channels
    ]
    problems += [
        f"team {team.name} has {skill}, which {pool.pool} declares neither as skill nor as language"
        for team in found.teams
        for skill in team.skills
        if skill not in known
    ]
    problems += [
        f"offers on {name} are over after {channel.offer_timeout:g} s, before the answer"
        for name, channel in pool.channels.items()
        if any(one.channel == name for one in found.contacts)
        and not channel.auto_accept
        and channel.offer_timeout <= found.answer
    ]
    if problems:
        raise InvalidArrivals(f"{path}: {'; '.join(problems)}")
    return found


def changed(arrivals: Arrivals, additions: list[str]) -> Arrivals:
    """With more or fewer people: `2:finnish` adds two to that team, `-1:finnish` takes one away.

    Raises `InvalidArrivals`.
    """
    numbers = {team.name: team.number for team in arrivals.teams}
    for addition in additions:
        number, _, name = addition.partition(":")
        try:
            more = int(number)
        except ValueError:
            raise InvalidArrivals(f"{addition!r}: expected NUMBER:TEAM, as 2:finnish") from None
        if name not in numbers:
            raise InvalidArrivals(f"there is no team {name!r}, only {', '.join(numbers)}")
        numbers[name] += more
        if numbers[name] < 0:
            raise InvalidArrivals(f"{addition!r} leaves fewer than nobody in {name}")
    teams = tuple(
        msgspec.structs.replace(team, number=numbers[team.name]) for team in arrivals.teams
    )
    after = msgspec.structs.replace(arrivals, teams=teams)
    if problems := list(after.problems()):
        raise InvalidArrivals("; ".join(problems))
    return after
