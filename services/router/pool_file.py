"""A pool's configuration as operators write it, YAML or JSON, checked whole.

A broken configuration is refused altogether, with every mistake: line, column, field and what was
expected. The shape comes from `services/contracts/pool.py`; here stands what shapes cannot say.
"""

import difflib
import re
import typing
from collections.abc import Collection, Iterable
from itertools import islice
from typing import Annotated, Any

import msgspec

from services.contracts.pool import CLASSIFICATION_KEYS, PoolConfig
from services.router.pool_yaml import InvalidText, Mistake, Node, read

MAX_MISTAKES = 50
_MAX_CHOICE = 200
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
        mistakes = list(islice(_References(root, config).mistakes(partitions), MAX_MISTAKES))
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
            inner = _inner(path, name)
            if len(self._mistakes) >= MAX_MISTAKES:
                return
            if name in fields:
                self._value(child, fields[name].type, inner)
            else:
                self._mistakes.append(Mistake(*node.keys[name], inner, _unknown(name, fields)))
        for name, field in fields.items():
            if field.required and name not in node.value:
                self._note(node, _inner(path, name), f"{name} is missing")

    def _value(self, node: Node, kind: Any, path: str) -> None:
        bare = typing.get_args(kind)[0] if typing.get_origin(kind) is Annotated else kind
        origin, arguments = typing.get_origin(bare), typing.get_args(bare)
        if isinstance(bare, type) and issubclass(bare, msgspec.Struct):
            self.struct(node, bare, path)
        elif origin is dict and isinstance(node.value, dict):
            for name, child in node.value.items():
                line, column = node.keys[name]
                self._leaf(Node(line, column, name), arguments[0], _inner(path, name))
                self._value(child, arguments[1], _inner(path, name))
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
                    node, path = node.value[name], _inner(path, name)
            self._note(node, path, _expected(what, node))

    def _note(self, node: Node, path: str, message: str) -> None:
        self._mistakes.append(Mistake(node.line, node.column, path, message))


class _References:
    """What one part of a well-shaped configuration says about another."""

    def __init__(self, root: Node, config: PoolConfig) -> None:
        self._root = root
        self._config = config
        self._languages = frozenset(config.languages)
        self._skills = self._languages.union(config.skills)

    def mistakes(self, partitions: int) -> Iterable[Mistake]:
        config = self._config
        if config.partition >= partitions:
            yield self._at(f"expected 0 to {partitions - 1}, the partitions here", "partition")
        for name in ("channels", "queues"):
            if not getattr(config, name):
                yield self._at(f"expected at least one of the {name}", name)
        yield from self._known(config.fallback_queue, config.queues, "queue", "fallback_queue")
        fallback = config.queues.get(config.fallback_queue)
        if fallback and fallback.channels:
            message = "the fallback queue takes every channel: leave its channels out"
            yield self._at(message, "queues", config.fallback_queue, "channels")
        for name, queue in config.queues.items():
            here = ("queues", name)
            for number, channel in enumerate(queue.channels):
                place = (*here, "channels", number)
                yield from self._known(channel, config.channels, "channel", *place)
            yield from self._known_skills(queue.required, *here, "required")
            yield from self._known_skills(queue.preferred, *here, "preferred")
        for number in range(len(config.rules)):
            yield from self._rule(number)

    def _rule(self, number: int) -> Iterable[Mistake]:
        config, rule, here = self._config, self._config.rules[number], ("rules", number)
        yield from self._known(rule.queue, config.queues, "queue", *here, "queue")
        yield from self._known_skills(rule.require, *here, "require")
        yield from self._known_skills(rule.prefer, *here, "prefer")
        for key, wanted in rule.when.items():
            if key not in CLASSIFICATION_KEYS and not re.fullmatch(r"field\.[\w.:/-]+", key):
                keys = ", ".join(CLASSIFICATION_KEYS)
                message = f"nothing can be compared with {key}, expected {keys} or field.<name>"
                yield self._at(message, *here, "when", key, key=True)
            if wanted == ():
                yield self._at("expected at least one value", *here, "when", key)
        queue = config.queues.get(rule.queue)
        for channel, place in self._values(rule.when.get("channel", ()), *here, "when", "channel"):
            yield from self._known(channel, config.channels, "channel", *place)
            if queue and queue.channels and channel not in queue.channels:
                takes = ", ".join(queue.channels)
                message = f"the rule never holds: queue {rule.queue} takes only {takes}"
                yield self._at(message, *place)
        for language, place in self._values(
            rule.when.get("language", ()), *here, "when", "language"
        ):
            yield from self._known(language, self._languages, "language", *place)

    def _known(
        self, name: str, declared: Collection[str], what: str, *place: str | int
    ) -> Iterable[Mistake]:
        if name not in declared:
            yield self._at(f"there is no {what} {name}{_choice(name, declared)}", *place)

    def _known_skills(self, wanted: Iterable[str], *place: str | int) -> Iterable[Mistake]:
        for name in wanted:
            if name not in self._skills:
                hint = _choice(name, self._skills)
                message = f"{name} is declared neither as skill nor as language{hint}"
                yield self._at(message, *place, name, key=True)

    @staticmethod
    def _values(
        wanted: str | tuple[str, ...], *place: str | int
    ) -> Iterable[tuple[str, tuple[str | int, ...]]]:
        if isinstance(wanted, str):
            yield wanted, place
        else:
            for number, one in enumerate(wanted):
                yield one, (*place, number)

    def _at(self, message: str, *place: str | int, key: bool = False) -> Mistake:
        """The mistake at the value in `place`; at its key if `key`, or if it spans lines."""
        node, path = self._root, ""
        line, column = node.line, node.column
        for step in place:
            path = f"{path}[{step}]" if isinstance(step, int) else _inner(path, step)
            if isinstance(step, str) and isinstance(node.value, dict):
                line, column = node.keys[step]
            node = node.value[step]
        if not key and not isinstance(node.value, dict | list):
            line, column = node.line, node.column
        return Mistake(line, column, path, message)


def _inner(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _unknown(name: str, fields: Collection[str]) -> str:
    return f"{name} is not known here{_choice(name, fields)}"


def _choice(name: str, declared: Collection[str]) -> str:
    """What the writer may have meant, else what there is."""
    if len(declared) > _MAX_CHOICE:
        return ""
    names = sorted(declared)
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f"; did you mean {close[0]}?"
    return f", expected one of: {', '.join(names[:20])}" if names else ", none is declared"


def _expected(what: str, node: Node) -> str:
    for pattern, words in _PATTERNS.items():
        if pattern in what:
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
