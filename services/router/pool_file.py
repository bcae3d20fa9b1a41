"""A pool's configuration as operators write it, YAML or JSON, checked whole.

A broken configuration is refused altogether, with every mistake: line, column, field and what was
expected. The shape comes from `services/contracts/pool.py`; what shapes cannot say stands in
`pool_references.py` (names that must be declared) and `pool_sense.py` (what contradicts itself).
"""

import re
import typing
from collections.abc import Collection
from itertools import chain, islice
from typing import Annotated, Any

import msgspec

from services.contracts.pool import PoolConfig
from services.router.pool_places import choice, inner
from services.router.pool_references import References
from services.router.pool_sense import Sense
from services.router.pool_yaml import InvalidText, Mistake, Node, read

MAX_MISTAKES = 50
_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "bool": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}
_PATTERNS = {
    "^[A-Za-z0-9_.:/-]+$": "letters, digits and . _ : / - without spaces",
    r"^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$": "hours as 08:00-16:15",
    r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$": "a day as 2026-12-24",
    "^[A-Z]{2}(-[A-Z0-9]{1,3})?$": "a country as FI, or a part of it as DE-BY",
    "^[a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9-]*$": "tenant/pool in lower-case letters, digits and -",
}
_MESSAGE = re.compile(r"(?P<what>.*?)(?: - at `(?P<key>key in )?\$(?P<path>.*)`)?", re.DOTALL)
_STEP = re.compile(r"\[(\d+|\.\.\.)\]|\.([^.\[]+)")


class InvalidPool(InvalidText):
    """The configuration is refused; `mistakes` says all that is wrong with it."""


def parse(text: str | bytes, *, partitions: int) -> PoolConfig:
    """The configuration that `text` holds, for a site of that many partitions.

    Raises `InvalidPool` with all mistakes (50 at most), in the order of the text.
    """
    try:
        root = read(text)
    except InvalidText as error:
        raise InvalidPool(error.mistakes) from error
    mistakes: list[Mistake] = []
    _Shape(mistakes).struct(root, PoolConfig, "")
    if not mistakes:
        config = msgspec.convert(root.plain(), PoolConfig)
        found = chain(References(root, config).mistakes(partitions), Sense(root, config).mistakes())
        mistakes = list(islice(found, MAX_MISTAKES))
    if mistakes:
        raise InvalidPool(sorted(mistakes, key=lambda m: (m.line, m.column)))
    return config


class _Shape:
    """Compares a tree with a struct's type and notes every difference."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        self._mistakes = mistakes

    def struct(self, node: Node, cls: type[msgspec.Struct], path: str) -> None:
        if not isinstance(node.value, dict):
            self._note(node, path, f"expected a mapping, got {_readable(node)}")
            return
        fields = {field.name: field for field in msgspec.structs.fields(cls)}
        for name, child in node.value.items():
            below = inner(path, name)
            if len(self._mistakes) >= MAX_MISTAKES:
                return
            if name in fields:
                self._value(child, fields[name].type, below)
            else:
                self._mistakes.append(Mistake(*node.keys[name], below, _unknown(name, fields)))
        for name, field in fields.items():
            if field.required and name not in node.value:
                self._note(node, inner(path, name), f"{name} is missing")

    def _value(self, node: Node, kind: Any, path: str) -> None:
        bare = typing.get_args(kind)[0] if typing.get_origin(kind) is Annotated else kind
        origin, arguments = typing.get_origin(bare), typing.get_args(bare)
        if isinstance(bare, type) and issubclass(bare, msgspec.Struct):
            self.struct(node, bare, path)
        elif origin is dict and isinstance(node.value, dict):
            for name, child in node.value.items():
                line, column = node.keys[name]
                self._leaf(Node(line, column, name), arguments[0], inner(path, name))
                self._value(child, arguments[1], inner(path, name))
        elif origin is tuple and isinstance(node.value, list):
            for number, child in enumerate(node.value):
                self._value(child, arguments[0], f"{path}[{number}]")
        else:
            self._leaf(node, kind, path)

    def _leaf(self, node: Node, kind: Any, path: str) -> None:
        if len(self._mistakes) >= MAX_MISTAKES:
            return
        try:
            msgspec.convert(node.plain(), kind)
        except msgspec.ValidationError as error:
            found = _MESSAGE.fullmatch(str(error))
            what = found["what"] if found else str(error)
            for number, name in _STEP.findall((found and found["path"]) or ""):
                if isinstance(node.value, list) and number.isdigit():
                    node, path = node.value[int(number)], f"{path}[{number}]"
                elif isinstance(node.value, dict) and name in node.value:
                    node, path = node.value[name], inner(path, name)
            self._note(node, path, _expected(what, node))

    def _note(self, node: Node, path: str, message: str) -> None:
        self._mistakes.append(Mistake(node.line, node.column, path, message))


def _unknown(name: str, fields: Collection[str]) -> str:
    return f"{name} is not known here{choice(name, fields)}"


def _expected(what: str, node: Node) -> str:
    for pattern, words in _PATTERNS.items():
        if repr(pattern)[1:-1] in what:
            return f"expected {words}, got {_readable(node)}"
    words = re.sub(r"`(\w+)`", lambda m: _KINDS.get(m[1], m[1]), what).replace(" | ", " or ")
    words = (
        words.replace("Expected", "expected").replace(" >= ", " from ").replace(" <= ", " up to ")
    )
    words = words.replace(" > ", " above ").replace(" < ", " below ")
    return words if ", got " in words else f"{words}, got {_readable(node)}"


def _readable(node: Node) -> str:
    if isinstance(node.value, dict):
        return "a mapping"
    if isinstance(node.value, list):
        return "a list"
    if isinstance(node.value, bool) or node.value is None:
        return {True: "true", False: "false", None: "nothing"}[node.value]
    text = str(node.value)
    return text if len(text) <= 40 else f"{text[:40]}…"
