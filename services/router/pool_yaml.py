"""YAML (1.2 core schema, hence JSON, too) as a tree that knows where each part stands.

Refused with line and column: what is no YAML, keys that stand twice, anchors and aliases (a few
lines of them make gigabytes), tags, several documents, text too long or nested too deeply.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

MAX_BYTES = 256 * 1024
MAX_DEPTH = 12
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NOT_TEXT = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_INT = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]{1,18}(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?")
# YAML 1.1 would also make `no` (a language) false and `12:30` a number of seconds.
_WORDS: dict[str, Any] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong and where: line and column from 1, `field` as `queues.service-fi.target`."""

    line: int
    column: int
    field: str
    message: str


class InvalidText(Exception):
    """The text is refused whole; `mistakes` in the order of the text."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        first = mistakes[0]
        super().__init__(f"line {first.line}, column {first.column}: {first.message}")
        self.mistakes = mistakes


@dataclass(slots=True)
class Node:
    """A scalar (str, int, float, bool, None), a list of nodes or a mapping name → node, with the
    place of its first character; `keys` holds the places of a mapping's keys."""

    line: int
    column: int
    value: Any
    keys: dict[str, tuple[int, int]] = field(default_factory=dict)

    def plain(self) -> Any:
        """The value without places."""
        if isinstance(self.value, dict):
            return {name: node.plain() for name, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


def read(text: str | bytes) -> Node:
    """The tree of a text. Raises `InvalidText`."""
    text = _decoded(text)
    if text.lstrip().startswith("{"):
        text = text.replace("\t", " ")  # JSON may be indented with tabs, YAML may not
    try:
        return _Composer(yaml.parse(text, Loader=_LOADER)).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise InvalidText([Mistake(*place, "", f"this is not YAML: {error.problem}")]) from error


def _decoded(text: str | bytes) -> str:
    size = len(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        message = f"the text has {size} bytes, expected {MAX_BYTES} at most"
        raise InvalidText([Mistake(1, 1, "", message)])
    if isinstance(text, bytes):
        raw = text
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            good = raw[: error.start].decode()
            raise InvalidText([_at_end_of(good, "this is not UTF-8")]) from error
    strange = _NOT_TEXT.search(text)
    if strange:
        message = f"the character U+{ord(strange[0]):04X} is not allowed"
        raise InvalidText([_at_end_of(text[: strange.start()], message)])
    return text


def _at_end_of(text: str, message: str) -> Mistake:
    return Mistake(text.count("\n") + 1, len(text) - text.rfind("\n"), "", message)


class _Composer:
    """Builds the tree from the parser's events. Mistakes that leave a tree are collected."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._mistakes: list[Mistake] = []

    def document(self) -> Node:
        root: Node | None = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent) and root is not None:
                raise InvalidText([_mistake(event, "", "expected one document, here is a second")])
            if isinstance(event, yaml.NodeEvent):
                root = self._node(event, "", 0)
        if self._mistakes:
            raise InvalidText(self._mistakes)
        if root is None:
            raise InvalidText([Mistake(1, 1, "", "the text is empty")])
        return root

    def _node(self, event: Any, path: str, depth: int) -> Node:
        node = Node(*_place(event), None)
        if isinstance(event, yaml.AliasEvent) or event.anchor:
            raise InvalidText([_mistake(event, path, "anchors and aliases are not allowed")])
        if depth > MAX_DEPTH:
            message = f"nested too deeply, expected {MAX_DEPTH} levels at most"
            raise InvalidText([_mistake(event, path, message)])
        if event.tag not in {None, "!"}:
            self._mistakes.append(_mistake(event, path, f"the tag {event.tag} is not allowed"))
        if isinstance(event, yaml.ScalarEvent):
            node.value = _scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            node.value = []
            while not isinstance(item := next(self._events), yaml.SequenceEndEvent):
                number = len(node.value)
                node.value.append(self._node(item, f"{path}[{number}]", depth + 1))
        else:
            self._mapping(node, path, depth)
        return node

    def _mapping(self, node: Node, path: str, depth: int) -> None:
        node.value = {}
        while not isinstance(key := next(self._events), yaml.MappingEndEvent):
            if not isinstance(key, yaml.ScalarEvent) or key.anchor:
                raise InvalidText([_mistake(key, path, "expected a plain word as key")])
            name: str = key.value
            inner = f"{path}.{name}" if path else name
            child = self._node(next(self._events), inner, depth + 1)
            if name in node.value:
                first = node.keys[name][0]
                message = f"the key stands twice, first in line {first}"
                self._mistakes.append(_mistake(key, inner, message))
                continue
            node.keys[name] = _place(key)
            node.value[name] = child


def _scalar(event: Any) -> Any:
    text: str = event.value
    if not event.implicit[0]:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _place(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _mistake(event: Any, path: str, message: str) -> Mistake:
    return Mistake(*_place(event), path, message)
