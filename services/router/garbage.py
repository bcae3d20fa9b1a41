"""The garbage collector beside a large state: hundreds of thousands of contacts live long and are
no garbage, and looking through them again and again takes a tenth of the engine's time."""

import gc

YOUNG = 50_000
"""New objects that are looked through at once (Python's own: 700)."""


def tune() -> None:
    """Collect in larger portions; what is there already is kept for good."""
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 100)
