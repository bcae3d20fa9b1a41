"""The run from beginning to end: wait for the platform, open the company, let customers come,
empty the queues, hold everybody's memories against the journal."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from typing import Any

from demo.company import Company
from demo.customers import chat
from demo.customers.crowd import Crowd
from demo.customers.surroundings import Surroundings
from demo.door import Door, GaveUp, Refused
from demo.http import Client
from demo.mailbox import listening
from demo.numbers import Run, report
from demo.options import Options
from demo.pace import Pace
from demo.places import POOL, SHARED_QUESTIONS, Places
from demo.questions import read_questions
from demo.records import Customer, Records
from demo.supervisor import Supervisor
from demo.watch import Watch
from services.contracts.journal import Record
from services.contracts.routing_events import ContactQueued
from services.kit.case_number import case_number
from services.kit.clock import SystemClock

SIGN_IN_SECONDS = 20.0
LOOK = 0.25
LOOK_AGAIN = 2.0
KEEP_MS = 60_000
"""How long something that is over stays to be looked at, in a run without end."""


class Demo:
    """One run. The view reads `watch`, `records`, `company`; `say` gets lines for people."""

    def __init__(self, options: Options, places: Places, say: Callable[[str], None]) -> None:
        chance = random.Random(options.seed)
        pace = Pace(options.speed, chance)
        self.options = options
        self.places = places
        self.records = Records()
        self.watch = Watch(places.settings, POOL, self.records, self._told)
        self.stage = "starting"
        self.connected = asyncio.Event()
        self.started_at = 0.0
        self.errors: list[str] = []
        self._say = say
        self._offered: dict[str, int] = {}
        self._cases: dict[str, tuple[str, str]] = {}
        self._looked: dict[str, float] = {}
        self._client = Client()
        self._door = Door(self._client, pace)
        self.around = Surroundings(
            places=places,
            door=self._door,
            pace=pace,
            questions=read_questions(SHARED_QUESTIONS if options.headless else None),
            records=self.records,
            clock=SystemClock(),
        )
        self.company = Company(self.around, options.agents, self._offer_seen, self.errors)
        self.supervisor = Supervisor(self.around, self.watch.floor)
        self.crowd = Crowd(self.around, options.rate, self.errors)

    async def run(self, stop: asyncio.Event) -> dict[str, Any]:
        """Everything, until `stop` is set or the time is over; returns the numbers.

        Raises `GaveUp` or `Refused` when the platform does not let the company open.
        """
        async with AsyncExitStack() as stack:
            stack.callback(self._client.close)
            await stack.enter_async_context(listening(self.places.mailbox, self.records.letter))
            for work in (self.watch.follow_journal, self.watch.follow_messages):
                task = asyncio.create_task(self._reader(work(), stop))
                stack.push_async_callback(_ended, task)
            seconds = drained = 0.0
            await self._open(stop)
            if not stop.is_set():
                began = self.around.clock.monotonic()
                await self._serve(stop)
                seconds = self.around.clock.monotonic() - began
                drained = await self._drain(stop)
            await self.crowd.leave()
            await self.company.close(politely=True)
            self.stage = "closed"
            return self._numbers(seconds, drained)

    async def _reader(self, work: Awaitable[None], stop: asyncio.Event) -> None:
        """Without the journal nothing can be said about the run: it ends."""
        try:
            await work
        except Exception as error:  # noqa: BLE001 - told, and the run fails with it
            self.errors.append(f"the journal cannot be read: {error!r}")
            stop.set()

    async def _open(self, stop: asyncio.Event) -> None:
        self._say("Waiting for the platform …")
        for address in self.places.ready:
            await self._door.ask("GET", address)
        await self._until(self.watch.caught_up.is_set, float("inf"), stop)
        self.stage = "signing in"
        self.connected.set()
        self._say(f"{self.options.agents} agents sign in …")
        await self.company.open()
        names = {person.id for person in self.company.people}
        agents = self.watch.floor.agents
        await self._until(
            lambda: all(agents[name].presence == "available" for name in names),
            SIGN_IN_SECONDS,
            stop,
        )

    async def _serve(self, stop: asyncio.Event) -> None:
        self.stage = "open"
        self.started_at = self.around.clock.monotonic()
        self._say(f"Customers come: {self.options.rate:.1f} a second through four channels.")
        arrivals = asyncio.create_task(self.crowd.arrive())
        supervision = asyncio.create_task(self._supervise())
        end = self.started_at + (self.options.seconds or float("inf"))
        try:
            while not stop.is_set() and self.around.clock.monotonic() < end:
                await _either(stop.wait(), min(LOOK, max(0.0, end - self.around.clock.monotonic())))
                self._identify()
                if not self.options.headless:
                    self._tidy()
        finally:
            await _ended(arrivals)
            await _ended(supervision)

    async def _supervise(self) -> None:
        while True:
            with suppress(GaveUp):
                try:
                    await self.supervisor.work()
                except Refused as refused:
                    self.errors.append(f"supervisor: {str(refused)[:300]}")
            await asyncio.sleep(1)

    async def _drain(self, stop: asyncio.Event) -> float:
        """Until nothing is left to do, at most so long; at once when interrupted."""
        if stop.is_set() or not self.options.headless:
            return 0.0
        self.stage = "emptying the queues"
        self._say("The doors close; the queues are emptied …")
        began = self.around.clock.monotonic()
        await self._until(self._all_done, self.options.drain, stop)
        return self.around.clock.monotonic() - began

    def _all_done(self) -> bool:
        self._identify()
        done = True
        for customer in self.records.customers.values():
            if customer.accepted and self.records.missing(customer):
                done = False
                self._look_again(customer)
            done = done and (customer.accepted or customer.given_up)
        floor = self.watch.floor
        return done and not floor.left() and not self.records.lost(floor.contacts)

    def _look_again(self, customer: Customer) -> None:
        """A customer whose conversation is closed opens it once more, as people do."""
        contact = self.watch.floor.contacts.get(customer.contact_id)
        now = self.around.clock.monotonic()
        if not customer.token or customer.listening or contact is None or not contact.over:
            return
        if now - self._looked.get(customer.key, 0.0) > LOOK_AGAIN:
            self._looked[customer.key] = now
            self.crowd.look_again(customer, chat.look_again(self.around, customer))

    async def _until(self, holds: Callable[[], bool], seconds: float, stop: asyncio.Event) -> None:
        """Look again and again until it holds."""
        deadline = self.around.clock.monotonic() + seconds
        while not holds() and self.around.clock.monotonic() < deadline and not stop.is_set():
            await _either(stop.wait(), LOOK)

    def _offer_seen(self, contact_id: str) -> None:
        self._offered.setdefault(contact_id, self.around.clock.now_ms())

    def _told(self, record: Record) -> None:
        for event in record.events:
            if isinstance(event, ContactQueued) and event.contact.channel == "form":
                contact = event.contact
                self._cases[case_number(contact.id)] = contact.id, contact.conversation

    def _identify(self) -> None:
        """Customers who hold nothing but a case number."""
        for customer in self.records.customers.values():
            if customer.case and not customer.contact_id and customer.case in self._cases:
                self.records.identify(customer, *self._cases[customer.case])

    def _tidy(self) -> None:
        """What is long over is forgotten: a run without end stays small."""
        floor = self.watch.floor
        for contact in list(floor.contacts.values()):
            if contact.over and contact.over_at < floor.at - KEEP_MS:
                customer = self.records.of_contact(contact.id)
                if customer is not None:
                    if self.records.missing(customer):
                        self._look_again(customer)
                        continue
                    self.records.drop(customer)
                    self._cases.pop(customer.case, None)
                self._offered.pop(contact.id, None)
                floor.forget(contact.id)

    def _numbers(self, seconds: float, drained: float) -> dict[str, Any]:
        run = Run(
            seconds=seconds,
            drain_seconds=drained,
            speed=self.options.speed,
            agents=self.options.agents,
            retries=self._door.retries,
            client_errors=self.errors,
            offer_seen=self._offered,
            supervisor_steps=self.supervisor.steps,
        )
        return report(run, self.watch.floor, self.watch.check, self.records)


async def _either(event: Awaitable[Any], seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event
    except TimeoutError:
        pass


async def _ended(task: "asyncio.Task[Any]") -> None:
    task.cancel()
    await asyncio.wait([task])
