"""Settings come from the environment (`JONOTON_<NAME>`), are typed and are checked as a whole."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from services.kit.errors import RefusedToStart

S = TypeVar("S", bound=msgspec.Struct)

PREFIX = "JONOTON_"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What every service needs to know. A service's own settings are a subclass.

    `partitions`: of contact-events, routing-journal and messages; fixed when a site is installed.
    `data`: folder for files of this machine (development key, …).
    """

    environment: Literal["development", "production"] = "production"
    kafka: str = "127.0.0.1:9092"
    redis: str = "redis://127.0.0.1:6379/0"
    host: str = "127.0.0.1"
    partitions: int = 6
    replication: int = 1
    data: Path = Path(".local/data")
    log_level: str = "INFO"
    publish_timeout: float = 3.0
    """Seconds that a request waits for Kafka's acknowledgement before it answers 503."""


def load(cls: type[S], environ: Mapping[str, str]) -> S:
    """Read `cls` from the environment.

    Raises `RefusedToStart` naming every variable that is wrong and what was expected.
    """
    values: dict[str, object] = {}
    problems = []
    for field in msgspec.structs.fields(cls):
        name = PREFIX + field.name.upper()
        if name not in environ:
            if field.required:
                problems.append(f"{name} is missing (expected: {_readable(field.type)})")
            continue
        try:
            values[field.name] = msgspec.convert(
                environ[name], field.type, strict=False, dec_hook=_from_text
            )
        except msgspec.ValidationError as error:
            problems.append(f"{name}={environ[name]!r}: {error}")
    if problems:
        raise RefusedToStart("; ".join(problems))
    return cls(**values)


def _from_text(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise TypeError(f"no setting can be of type {kind}")


def _readable(kind: object) -> str:
    return getattr(kind, "__name__", str(kind))
