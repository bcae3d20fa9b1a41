"""Agents with several contacts at once: the more there are, the slower each goes on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil

from services.contracts.base import Millis


@dataclass(slots=True)
class _Hands:
    left: dict[int, float] = field(default_factory=dict)
    since: Millis = 0
    version: int = 0


class Sharing:
    """The work that is left of each contact in hand, in ms at full speed. An agent with n contacts
    works at each of them at `speeds[n-1]`; beyond the list, at its last."""

    def __init__(self, speeds: Sequence[float]) -> None:
        self._speeds = speeds
        self._hands: dict[str, _Hands] = {}

    def add(self, agent: str, contact: int, work: float, now: Millis) -> None:
        """The agent begins with one more contact."""
        hands = self._hands.setdefault(agent, _Hands())
        self._go_on(hands, now)
        hands.left[contact] = work

    def next_end(self, agent: str, now: Millis) -> tuple[Millis, int] | None:
        """When the agent's next contact ends if nothing comes between; and the version of that
        statement, which a later one supersedes. None if the agent has nothing in hand."""
        hands = self._hands[agent]
        self._go_on(hands, now)
        hands.version += 1
        if not hands.left:
            return None
        least = max(0.0, min(hands.left.values()))
        return now + ceil(least / self._speed(hands)), hands.version

    def done(self, agent: str, version: int, now: Millis) -> int | None:
        """The contact that ends now, or None if that version is superseded."""
        hands = self._hands[agent]
        if version != hands.version:
            return None
        self._go_on(hands, now)
        contact = min(hands.left, key=lambda one: (hands.left[one], one))
        del hands.left[contact]
        return contact

    def _go_on(self, hands: _Hands, now: Millis) -> None:
        if hands.left and now > hands.since:
            progress = (now - hands.since) * self._speed(hands)
            for contact in hands.left:
                hands.left[contact] -= progress
        hands.since = now

    def _speed(self, hands: _Hands) -> float:
        return self._speeds[min(len(hands.left), len(self._speeds)) - 1]
