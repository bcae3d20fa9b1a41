"""Numbers, times and lists as people read them."""

from collections.abc import Mapping
from typing import Any

from services.contracts.pool import Rule
from services.kit.clock import to_datetime


def duration(ms: float) -> str:
    """A time span for people: `850 ms`, `12.4 s`, `3 min 20 s`, `2 h 5 min`, `3 days 4 h`."""
    if ms < 1000:
        return f"{ms:.0f} ms"
    if ms < 59_950:
        return f"{ms / 1000:.1f} s".replace(".0 s", " s")
    seconds = round(ms / 1000)
    if seconds < 3600:
        return _two(seconds // 60, "min", seconds % 60, "s")
    minutes = round(ms / 60_000)
    if minutes < 2 * 24 * 60:
        return _two(minutes // 60, "h", minutes % 60, "min")
    hours = minutes // 60
    return _two(hours // 24, "days", hours % 24, "h")


def moment(ms: int) -> str:
    """A point in time for people, in UTC."""
    return f"{to_datetime(ms):%Y-%m-%d %H:%M:%S} UTC"


def skills(wanted: Mapping[str, int]) -> str:
    """`billing at level 2 and de at level 1`."""
    return listed([f"{skill} at level {level}" for skill, level in sorted(wanted.items())])


def condition(rule: Rule) -> str:
    """What a rule asks for: `channel is phone, tier is gold or platinum`."""
    if not rule.when:
        return "always"
    parts = []
    for key, wanted in rule.when.items():
        values = (wanted,) if isinstance(wanted, str) else wanted
        parts.append(f"{key} is {' or '.join(values)}")
    return ", ".join(parts)


def fields(values: Mapping[str, Any]) -> str:
    """Names and values, those that say nothing left out."""
    return ", ".join(
        f"{plain(key.removesuffix('_ms'))} {_value(key, value)}"
        for key, value in values.items()
        if value not in ("", None, {}, [], ())
    )


def _value(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and value > 10**12 and not key.endswith("_ms"):
        return moment(value)
    if isinstance(value, int | float) and key.endswith("_ms"):
        return duration(value)
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return f"({fields(value)})"
    if isinstance(value, list | tuple):
        return listed([_value("", one) for one in value])
    return str(value)


def plain(word: str) -> str:
    """A word of the journal as words."""
    return word.replace("_", " ")


def listed(parts: list[str]) -> str:
    """`a, b and c`."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _two(large: int, unit: str, small: int, other: str) -> str:
    return f"{large} {unit} {small} {other}" if small else f"{large} {unit}"
