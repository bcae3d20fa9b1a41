"""One partition's owner in this process: takeover, tail, work (journal protocol, points 4 to 8).

Whatever Faust delivers or leaves out, the owner steps every input record exactly once and in
order: what is done is what its journal says, and what is missing it reads from the log.
"""

import asyncio
import logging
from typing import Any

import msgspec

from services.contracts.codec import decode
from services.contracts.journal import Open, Record, Source, Validity, decode_entry
from services.contracts.routing_events import InputRejected
from services.contracts.topics import CONTACT_EVENTS, ROUTING_JOURNAL
from services.kit import tasks
from services.kit.clock import Clock
from services.kit.errors import RefusedToStart
from services.kit.log_reader import LogReader, Raw
from services.kit.metrics import Metrics
from services.router.assignment import Assignment
from services.router.core.partition import Partition
from services.router.inbox import Inbox
from services.router.input_log import InputLog
from services.router.journal import JournalWriter, Opened
from services.router.settings import RouterSettings

log = logging.getLogger(__name__)

SWEEP = 0.05
"""Seconds without a step after which the owner looks into the log itself."""
FILL_MS = 200
STANDSTILL = 1.0
REST = 0.2
TAIL_PAUSE = 0.02
"""Seconds in which the tail lets records gather: what is decided meanwhile under a foreign `open`
is void anyway, and a fetch for each record costs as much as deciding it. Well below `REST`."""
BACK_OFF_TURNS = 100
BACK_OFF_TURN = 0.02
TICK_AGAIN = 1.0
YIELD_EVERY = 200
AT_ONCE = 128
"""Inputs that are decided before their records are sent, together, and others get a turn."""
OPEN_MARK = b'"journal.open"'
"""Stands at the head of every `open`: what lacks it need not be decoded by the tail."""


class Owner:
    """Owns, or tries to own, one partition until it is stopped."""

    def __init__(
        self,
        number: int,
        *,
        settings: RouterSettings,
        writer: JournalWriter,
        assignment: Assignment,
        topic_id: str,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self.number = number
        self.takeovers = 0
        self._settings = settings
        self._writer = writer
        self._assignment = assignment
        self._topic_id = topic_id
        self._clock = clock
        self._metrics = metrics
        self._decided = metrics.child("router_decide_seconds")
        self._fed = metrics.child("router_inputs_total", source="feed")
        self._filled = metrics.child("router_inputs_total", source="fill")
        self._lag = metrics.child("router_lag_records", partition=str(number))
        self._input = InputLog(settings, number)
        self._journal = LogReader(settings, ROUTING_JOURNAL, partitions=[number])
        self._validity = Validity()
        self._state: Partition | None = None
        self._opened = Opened(-1, 0, 0.0)
        self._inbox = Inbox(settings.router_inbox)
        self._fresh = True
        self._beat = 0.0
        self._stepped = 0.0
        self._ticked = (0, 0.0)
        self._overtaken: list[Open] = []
        self._task: asyncio.Task[None] | None = None

    @property
    def active(self) -> bool:
        """Whether it decides now."""
        return self._state is not None

    @property
    def last(self) -> int:
        """Offset of the last input decided, -1 before the first or while not active."""
        return -1 if self._state is None else self._state.last

    def start(self) -> None:
        """Begin with a takeover."""
        self._task = tasks.start(f"owner-{self.number}", self._run())

    async def stop(self) -> None:
        """End; returns when nothing of it runs any more."""
        self._state = None
        await tasks.stop(self._task)

    def offer(self, offset: int, value: bytes) -> None:
        """The live feed. Never waits; what is not taken here is read from the log."""
        if self._state is not None and offset > self._state.last:
            self._inbox.put(offset, value)

    async def _run(self) -> None:
        work: asyncio.Task[None] | None = None
        try:
            await self._input.open()
            await self._journal.open()
            cause = "assigned"
            while True:
                backlog = await self._take_over(cause)
                if backlog is not None:
                    work = tasks.start(f"work-{self.number}", self._work())
                    opens = self._foreign(backlog) or await self._tail()
                    # Detach, then cancel and wait; nothing is rolled back: what this epoch still
                    # has in flight is void if it lands after the foreign open, and done before.
                    self._state = None
                    await tasks.stop(work)
                else:
                    opens = self._overtaken
                await self._back_off(max(opened.generation for opened in opens))
                cause = "foreign open"
        finally:
            self._state = None
            await tasks.stop(work)
            await self._input.close()
            await self._journal.close()

    # --- takeover -------------------------------------------------------------------------------

    async def _take_over(self, cause: str) -> list[Raw] | None:
        """Open, load up to the epoch, become active.

        Returns what was read beyond the epoch; None when a foreign `open` stands there already
        (kept in `_overtaken`).
        """
        started = self._clock.monotonic()
        self._opened = await self._writer.open(self.number, self._assignment.generation)
        epoch = self._opened.epoch
        state = Partition(self.number)
        validity = Validity()
        self._journal.rewind()
        beyond: list[Raw] = []
        position = -1
        while position < epoch:
            batch = await self._journal.read()
            for index, raw in enumerate(batch):
                if raw.offset < epoch:
                    record = validity.admit(raw.offset, decode_entry(raw.value or b""))
                    if record is not None:
                        self._check_topic(record)
                        state.apply(record)
                    if index % YIELD_EVERY == 0:
                        await asyncio.sleep(0)
                elif raw.offset > epoch:
                    beyond.append(raw)
            if batch:
                position = batch[-1].offset
        self._overtaken = self._foreign(beyond)
        if self._overtaken:
            return None
        self._inbox = Inbox(self._settings.router_inbox)
        self._fresh = True
        self._beat = self._stepped = self._clock.monotonic()
        self._state = state
        self.takeovers += 1
        took = self._clock.monotonic() - started
        self._metrics.count("router_takeovers_total", cause=cause)
        self._metrics.observe("router_takeover_seconds", took)
        log.info(
            "partition taken over",
            extra={"partition": self.number, "epoch": epoch, "cause": cause, "seconds": took},
        )
        return beyond

    def _check_topic(self, record: Record) -> None:
        if record.src.topic != self._topic_id:
            raise RefusedToStart(
                f"the journal of partition {self.number} answers a {CONTACT_EVENTS.name} with the "
                f"topic id {record.src.topic}, but the one there now has {self._topic_id}: it has "
                "been deleted or restored; restore topic and journal together"
            )

    # --- tail -----------------------------------------------------------------------------------

    async def _tail(self) -> list[Open]:
        """Follow the journal for ever; returns the foreign opens of the batch that has any."""
        while True:
            batch = await self._journal.read()
            opens = self._foreign(batch)
            if opens:
                return opens
            if batch:
                await asyncio.sleep(TAIL_PAUSE)

    def _foreign(self, batch: list[Raw]) -> list[Open]:
        """Every `open` above the own epoch: somebody, perhaps a zombie, took over."""
        return [
            entry
            for raw in batch
            if raw.offset > self._opened.epoch
            and raw.value is not None
            and OPEN_MARK in raw.value[:80]
            and isinstance(entry := decode_entry(raw.value), Open)
        ]

    async def _back_off(self, highest: int) -> None:
        """If the group is ahead of this process, wait for its next assignment.

        Turns and not the clock: a process that was stopped must not wake with its wait over.
        Without this, two workers open against each other hundreds of times a second.
        """
        number = self._assignment.number
        if highest <= self._assignment.generation:
            return
        for _ in range(BACK_OFF_TURNS):
            if self._assignment.number != number:
                return
            await asyncio.sleep(BACK_OFF_TURN)

    # --- work -----------------------------------------------------------------------------------

    async def _work(self) -> None:
        state = self._state
        assert state is not None  # noqa: S101 - started by the takeover
        await self._fill(state)
        behind = False  # whether the feed lags: then the log is read at once, and wakes as quickly
        while self._state is state:
            item = self._inbox.head()
            if item is None:
                quiet = self._clock.monotonic() - self._stepped
                if quiet < SWEEP and not behind:
                    await self._inbox.wait(SWEEP - quiet)
                    continue
                await self._tick_when_due(state)
                await self._fill(state)
                continue
            if item[0] <= state.last:
                behind = True
                self._inbox.pop()
                if self._clock.monotonic() - self._stepped >= SWEEP:
                    await self._fill(state)
            elif item[0] == state.last + 1:
                behind = False
                await self._after_standstill()
                await self._step(state, self._inbox.run(AT_ONCE), self._fed)
            else:
                await self._fill(state)

    async def _fill(self, state: Partition) -> None:
        """Read the log at the next offset and step what is there."""
        timeout = FILL_MS
        due = state.next_due()
        if due is not None:
            timeout = min(FILL_MS, max(1, due - self._now(state)))
        records = await self._input.read(state.last + 1, timeout)
        await self._after_standstill()
        records = [one for one in records if one[0] > state.last]
        for start in range(0, len(records), AT_ONCE):
            await self._step(state, records[start : start + AT_ONCE], self._filled)
            await asyncio.sleep(0)
            await self._after_standstill()
        self._lag.set(self._input.lag(state.last))
        self._stepped = self._clock.monotonic()

    async def _after_standstill(self) -> None:
        """Having stood still (stopped, swapped, suspended), let the tail be heard first."""
        while self._clock.monotonic() - self._beat > STANDSTILL:
            self._beat = self._clock.monotonic()
            await asyncio.sleep(REST)
        self._beat = self._clock.monotonic()

    async def _step(self, state: Partition, inputs: list[tuple[int, bytes]], source: Any) -> None:
        """Decide and apply one after the other, send together. Only while `state` is current."""
        if self._state is not state:
            return
        started = self._clock.monotonic()
        now = self._now(state)
        records = [self._decide(state, offset, value, now) for offset, value in inputs]
        self._stepped = self._clock.monotonic()
        self._decided.observe((self._stepped - started) / len(inputs))
        source.inc(len(inputs))
        await self._writer.records(self.number, records)

    def _decide(self, state: Partition, offset: int, value: bytes, now: int) -> Record:
        try:
            event = decode(CONTACT_EVENTS, value)
        except (msgspec.MsgspecError, RecursionError) as error:
            decision = state.reject(offset, "undecodable", str(error)[:500], now, renew=self._fresh)
        else:
            decision = state.step(offset, event, now, renew=self._fresh)
        self._fresh = False
        for routed in decision.events:
            if isinstance(routed, InputRejected):
                self._metrics.count("router_records_rejected_total", reason=routed.reason)
        return Record(
            epoch=self._opened.epoch,
            src=Source(self._topic_id, offset),
            at=decision.at,
            events=decision.events,
            reply=decision.reply,
        )

    def _now(self, state: Partition) -> int:
        """The router's time in ms: the broker's clock at the own `open` and what has passed since,
        never before the state's time. Producers' clocks steer nothing."""
        passed = self._clock.monotonic() - self._opened.since
        return max(state.at, self._opened.at + round(passed * 1000))

    async def _tick_when_due(self, state: Partition) -> None:
        """In an idle partition, ask for a step when a timer is due; again until it is seen."""
        due = state.next_due()
        if due is None or due > self._now(state):
            return
        now = self._clock.monotonic()
        if self._ticked[0] == due and now - self._ticked[1] < TICK_AGAIN:
            return
        self._ticked = (due, now)
        await self._writer.tick(self.number, due)
