"""What can go wrong in a way that the person at the terminal can understand and change."""

from __future__ import annotations


class LocalError(Exception):
    """The local stack cannot go on; the text is one sentence that names the cause."""
