"""How long the making of topics waits for a broker."""

from threading import Event

import pytest

from services.kit import topics
from services.kit.clock import SetClock
from services.kit.errors import Unavailable
from services.kit.settings import Settings


class Pause(Event):
    """Time passes only while somebody waits."""

    def __init__(self, clock: SetClock) -> None:
        super().__init__()
        self._clock = clock

    def wait(self, timeout: float | None = None) -> bool:
        """Returns at once, `timeout` seconds later."""
        self._clock.advance(timeout or 0.0)
        return False


def away_for(monkeypatch: pytest.MonkeyPatch, times: int) -> list[int]:
    """A broker that is away when it is asked for the first time, the second …"""
    asked: list[int] = []

    def provision(_: Settings) -> dict[str, str]:
        asked.append(1)
        if len(asked) <= times:
            raise Unavailable("Kafka cannot be reached.")
        return {"contact-events": "id"}

    monkeypatch.setattr(topics, "provision", provision)
    return asked


def test_topics_are_made_as_soon_as_the_broker_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, clock = away_for(monkeypatch, 5), SetClock()
    assert topics.provision_within(Settings(), 60, clock, Pause(clock)) == {"contact-events": "id"}
    assert len(asked) == 6


def test_broker_that_stays_away_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    away_for(monkeypatch, 1_000_000)
    clock = SetClock()
    started = clock.monotonic()
    with pytest.raises(Unavailable):
        topics.provision_within(Settings(), 60, clock, Pause(clock))
    assert 60 <= clock.monotonic() - started < 62


def test_without_waiting_the_broker_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, clock = away_for(monkeypatch, 1), SetClock()
    with pytest.raises(Unavailable):
        topics.provision_within(Settings(), 0, clock, Pause(clock))
    assert len(asked) == 1
