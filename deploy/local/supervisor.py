"""Keeps processes running: whatever dies is started again, for ever, with back-off."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from deploy.local.errors import LocalError
from deploy.local.process import Managed, wait_until

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0
HEALTHY_AFTER = 10.0


@dataclass(slots=True)
class _Watched:
    process: Managed
    launched: float
    pause: float = FIRST_PAUSE
    due: float | None = None
    deaths: int = 0
    told: bool = False
    hopeless: bool = False


class Supervisor:
    """Call `tick` often; it never waits.

    `say` gets one line when something died and one when it is back. A process that keeps dying is
    told of until the pauses are at their longest, then no more until it has lived for 10 s.
    `changed` is called when a pid is new.
    """

    def __init__(
        self,
        say: Callable[[str], None],
        *,
        changed: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._say = say
        self._changed = changed
        self._clock = clock
        self._watched: list[_Watched] = []

    @property
    def processes(self) -> list[Managed]:
        """All that are looked after, in the order they came."""
        return [watched.process for watched in self._watched]

    def watch(self, process: Managed) -> None:
        """Launch it and look after it from now on."""
        process.launch()
        self._watched.append(_Watched(process, self._clock()))
        self._changed()

    def deaths(self, process: Managed) -> int:
        """How often it died since it was last healthy for a while."""
        return next(w.deaths for w in self._watched if w.process is process)

    def tick(self) -> None:
        """Notice deaths, start again what has waited long enough, tell what is back."""
        for watched in self._watched:
            if watched.due is not None:
                if self._clock() >= watched.due:
                    self._launch(watched)
            elif not watched.process.running:
                self._died(watched, watched.process.how_it_ended())
            else:
                self._alive(watched)

    def _died(self, watched: _Watched, how: str) -> None:
        process = watched.process
        watched.deaths += 1
        watched.due = self._clock() + watched.pause
        if watched.pause < LONGEST_PAUSE:
            self._say(f"{process.name} {how}; starting it again.")
        elif not watched.hopeless:
            watched.hopeless = True
            self._say(
                f"{process.name} keeps dying ({how}); it is tried again every "
                f"{LONGEST_PAUSE:.0f} s. Its log: {process.log}"
            )
        watched.told = True
        watched.pause = min(watched.pause * 2, LONGEST_PAUSE)

    def _launch(self, watched: _Watched) -> None:
        try:
            watched.process.launch()
        except LocalError as error:
            self._died(watched, f"cannot be started: {error}")
            return
        watched.due = None
        watched.launched = self._clock()
        self._changed()

    def _alive(self, watched: _Watched) -> None:
        age = self._clock() - watched.launched
        healthy = age >= HEALTHY_AFTER
        if watched.told and (healthy or not watched.hopeless) and watched.process.ready:
            self._say(f"{watched.process.name} is back, {age:.1f} s after its start.")
            watched.told = False
        if watched.deaths and healthy:
            watched.deaths = 0
            watched.pause = FIRST_PAUSE
            watched.hopeless = False

    def stop(self, timeout: float = 20.0, *, impatient: Callable[[], bool] = lambda: False) -> None:
        """Stop everything, last come first gone in two waves: those that use the servers, then the
        servers (`broker`, `redis`). Nothing is left afterwards; `impatient` cuts the waits."""
        servers = [p for p in self.processes if p.name in ("broker", "redis")]
        for wave in ([p for p in self.processes if p not in servers], servers):
            for process in wave:
                process.terminate()
            wait_until(lambda w=wave: impatient() or not any(p.running for p in w), timeout)  # type: ignore[misc]
            for process in wave:
                process.kill()
        self._watched.clear()
