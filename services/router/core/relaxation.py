"""Relaxation: what a contact asks for after so many of its queue's steps. Pure."""

from collections.abc import Iterable

import msgspec

from services.contracts.base import Level, Name
from services.contracts.pool import Relaxation
from services.contracts.routing_events import Classified


def relaxed(before: Classified, steps: Iterable[Relaxation]) -> Classified:
    """What `before` becomes by these further steps; `step` counts them. What was required stays
    preferred, at the level it had."""
    required, preferred, taken = dict(before.required), dict(before.preferred), before.step
    for step in steps:
        taken += 1
        for skill in tuple(required) if step.anyone else step.drop:
            if skill in required:
                _prefer(preferred, skill, required.pop(skill))
        for skill, level in step.lower.items():
            if level < required.get(skill, 0):
                _prefer(preferred, skill, required[skill])
                required[skill] = level
    return msgspec.structs.replace(before, required=required, preferred=preferred, step=taken)


def _prefer(preferred: dict[Name, Level], skill: Name, level: Level) -> None:
    preferred[skill] = max(level, preferred.get(skill, 0))
