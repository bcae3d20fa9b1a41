"""Contacts that are alike: they wait alike, are planned alike and take as long."""

from collections.abc import Mapping

from services.contracts.base import Level, Name

SkillsKey = tuple[tuple[Name, Level], ...]
ClassKey = tuple[Name, Name, SkillsKey]
"""(channel, queue, required skills)."""


def skills_key(skills: Mapping[Name, Level]) -> SkillsKey:
    """Equal for equal skills, in whatever order they stand."""
    return tuple(sorted(skills.items()) if len(skills) > 1 else skills.items())


def class_key(channel: Name, queue: Name, required: Mapping[Name, Level]) -> ClassKey:
    """Contacts with equal keys are of one class."""
    return (channel, queue, skills_key(required))
