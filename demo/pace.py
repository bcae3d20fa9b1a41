"""Human times, and how much faster than life they pass."""

import asyncio
import math
import random


class Pace:
    """Seconds here are human seconds; a `speed` of 20 lets them pass in a twentieth."""

    def __init__(self, speed: float, chance: random.Random) -> None:
        self.speed = speed
        self.chance = chance

    def real(self, seconds: float) -> float:
        """Human seconds as those of the clock."""
        return seconds / self.speed

    def about(self, median: float, spread: float = 0.4) -> float:
        """Human seconds around a median: people differ, and some take much longer (log-normal)."""
        return self.chance.lognormvariate(math.log(median), spread)

    async def takes(self, median: float, spread: float = 0.4) -> None:
        """Somebody does something that takes about so many human seconds."""
        await asyncio.sleep(self.real(self.about(median, spread)))

    def happens(self, probability: float) -> bool:
        """Whether something happens that does so with this probability."""
        return self.chance.random() < probability
