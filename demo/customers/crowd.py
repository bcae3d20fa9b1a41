"""The crowd: who comes when, in which language and how."""

import asyncio
import re
import unicodedata
from collections.abc import Awaitable, Callable
from typing import Any

from demo.customers import chat, form, mail
from demo.customers.surroundings import Surroundings
from demo.door import GaveUp, Refused
from demo.questions import Deck
from demo.records import Customer
from services.kit.clock import new_id

CHANNELS = {"chat": 0.32, "form": 0.24, "email": 0.22, "bot": 0.22}
LANGUAGES = {"fi": 0.5, "sv": 0.22, "en": 0.28}
MOST_AT_ONCE = 3000
"""Customers on their way at the same time; beyond it nobody new comes."""

Visit = Callable[[Surroundings, Customer], Awaitable[None]]
VISITS: dict[str, Visit] = {
    "chat": chat.visit_chat,
    "bot": chat.visit_bot,
    "form": form.visit,
    "email": mail.visit,
}


class Crowd:
    """Customers arriving at random, `rate` of them a second. `errors` holds what should not
    have happened on the customers' side."""

    def __init__(self, around: Surroundings, rate: float, errors: list[str]) -> None:
        self._around = around
        self._rate = rate
        self._errors = errors
        self._deck = Deck(around.questions, around.chance)
        self._visits: set[asyncio.Task[None]] = set()

    async def arrive(self) -> None:
        """Until cancelled. A late loop catches up: the rate holds."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due += self._around.chance.expovariate(self._rate)
            await asyncio.sleep(max(0.0, due - loop.time()))
            if len(self._visits) < MOST_AT_ONCE:
                self._begin(self.invent())

    def look_again(self, customer: Customer, visit: Awaitable[None]) -> None:
        """A customer comes back to a conversation."""
        self._start(self._guarded(customer, visit))

    async def leave(self) -> None:
        """Everybody goes home."""
        for task in self._visits:
            task.cancel()
        await asyncio.gather(*self._visits, return_exceptions=True)

    def invent(self) -> Customer:
        """Somebody new, with a question."""
        chance = self._around.chance
        channel = chance.choices(list(CHANNELS), weights=list(CHANNELS.values()))[0]
        language = chance.choices(list(LANGUAGES), weights=list(LANGUAGES.values()))[0]
        name = chance.choice(self._around.questions.by_language[language].names)
        unique = new_id()
        return Customer(
            channel=channel,
            language=language,
            name=name,
            email=f"{_plain(name)}.{unique[:10]}@example.com",
            question=self._deck.draw(language, channel),
            key=f"<{unique}@mail.example.com>" if channel == "email" else unique,
            asked_at=self._around.clock.now_ms(),
        )

    def _begin(self, customer: Customer) -> None:
        self._around.records.add(customer)
        visit = VISITS[customer.channel]
        self._start(self._guarded(customer, visit(self._around, customer)))

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._visits.add(task)
        task.add_done_callback(self._visits.discard)

    async def _guarded(self, customer: Customer, visit: Awaitable[None]) -> None:
        try:
            await visit
        except GaveUp:
            customer.given_up = not customer.accepted
        except Refused as refused:
            customer.given_up = not customer.accepted
            self._errors.append(f"{customer.channel}: {str(refused)[:300]}")
        except Exception as error:  # noqa: BLE001 - one customer's bug must not end the others
            customer.given_up = not customer.accepted
            self._errors.append(f"{customer.channel}: {error!r}"[:300])


def _plain(name: str) -> str:
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z]+", ".", ascii_name.lower())
