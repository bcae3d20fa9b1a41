"""Where in a pool's file something stands, and what its writer may have meant."""

import difflib
from collections.abc import Collection

from services.router.pool_yaml import Mistake, Node

MAX_CHOICE = 200
Step = str | int


class Places:
    """The places of a file: mistakes are named where they stand."""

    def __init__(self, root: Node) -> None:
        self._root = root

    def has(self, *place: Step) -> bool:
        """Whether something is written there."""
        node = self._root
        for step in place:
            if not isinstance(node.value, dict) or step not in node.value:
                return False
            node = node.value[step]
        return True

    def at(self, message: str, *place: Step, key: bool = False) -> Mistake:
        """The mistake at the value in `place`; at its key if `key`, or if it spans lines."""
        node, path = self._root, ""
        line, column = node.line, node.column
        for step in place:
            path = f"{path}[{step}]" if isinstance(step, int) else inner(path, step)
            if isinstance(step, str) and isinstance(node.value, dict):
                line, column = node.keys[step]
            node = node.value[step]
            if isinstance(step, int):
                line, column = node.line, node.column
        if not key and not isinstance(node.value, dict | list):
            line, column = node.line, node.column
        return Mistake(line, column, path, message)


def inner(path: str, name: str) -> str:
    """The path of what is called `name` below `path`."""
    return f"{path}.{name}" if path else name


def choice(name: str, declared: Collection[str]) -> str:
    """What the writer may have meant, else what there is."""
    if len(declared) > MAX_CHOICE:
        return ""
    names = sorted(declared)
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f"; did you mean {close[0]}?"
    return f", expected one of: {', '.join(names[:20])}" if names else ", none is declared"
