"""Settings come from the environment (`JONOTON_<NAME>`), are typed and are checked as a whole."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeVar, get_args, get_origin

import msgspec

from services.kit.errors import RefusedToStart

S = TypeVar("S", bound=msgspec.Struct)

PREFIX = "JONOTON_"
Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
"""A TCP port; 0: any free one."""
Seconds = Annotated[float, msgspec.Meta(gt=0, le=86_400)]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What every service needs to know. A service's own settings are a subclass.

    `partitions`: of contact-events, routing-journal and messages; fixed when a site is installed.
    `data`: folder for files of this machine (development key, …).
    """

    environment: Literal["development", "production"] = "production"
    kafka: str = "127.0.0.1:9092"
    redis: str = "redis://127.0.0.1:6379/0"
    host: str = "127.0.0.1"
    partitions: Annotated[int, msgspec.Meta(ge=1)] = 6
    replication: Annotated[int, msgspec.Meta(ge=1)] = 1
    data: Path = Path(".local/data")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    publish_timeout: Seconds = 3.0
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
                problems.append(f"{name} is missing: {_expected(field.type)}")
            continue
        try:
            values[field.name] = msgspec.convert(
                environ[name], field.type, strict=False, dec_hook=_from_text
            )
        except msgspec.ValidationError as error:
            problems.append(
                f"{name}{_shown(field.type, environ[name])}: {_told(field.type, error)}"
            )
    if problems:
        raise RefusedToStart("; ".join(problems))
    return cls(**values)


def _from_text(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise TypeError(f"no setting can be of type {kind}")


def _plain(kind: object) -> object:
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _expected(kind: object) -> str:
    kind = _plain(kind)
    if get_origin(kind) is Literal:
        return f"Expected one of {', '.join(map(str, get_args(kind)))}"
    return f"Expected `{getattr(kind, '__name__', kind)}`"


def _told(kind: object, error: msgspec.ValidationError) -> str:
    """What was expected, bounds included."""
    if get_origin(_plain(kind)) is Literal or str(error).endswith("got `str`"):
        return _expected(kind)
    return str(error)


def _shown(kind: object, value: str) -> str:
    """The wrong value, unless it is free text: that may be a secret."""
    return "" if _plain(kind) is str else f"={value!r}"
