"""What goes on in the contact centre now, and what has happened since the run began: told by the
journal alone. The view shows it, the report counts it."""

from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from typing import Literal

from services.contracts import routing_events as ev
from services.contracts.journal import Record
from services.contracts.pool import PoolConfig

Stage = Literal["waiting", "offered", "assigned", "wrapping", "completed", "withdrawn"]
KEEP_FLOW_MS = 60_000
"""How far back the rates look."""


@dataclass(slots=True)
class Contact:
    """A contact's way. Times are the router's, in ms; `ours`: it came in during this run.
    `found_at`: when (the broker's time) the record stood in the journal that queued it and offered
    it at once; 0: it had to wait. `over_at`: when it was over; 0: not yet."""

    id: str
    conversation: str
    channel: str
    queue: str
    language: str
    since: int
    ours: bool
    stage: Stage = "waiting"
    agent: str = ""
    how: str = ""
    found_at: int = 0
    over_at: int = 0

    @property
    def over(self) -> bool:
        """Whether nobody has to do anything more."""
        return self.stage in ("completed", "withdrawn")


@dataclass(slots=True)
class AgentNow:
    """An agent as the journal knows them; `work` maps an offer or assignment to its contact."""

    skills: dict[str, int] = field(default_factory=dict)
    presence: str = "offline"
    work: dict[str, Contact] = field(default_factory=dict)


@dataclass(slots=True)
class Counts:
    """Of this run's contacts: how many, by channel, and what became of them."""

    by_channel: Counter[str] = field(default_factory=Counter)
    assigned: int = 0
    completed: int = 0
    withdrawn: Counter[str] = field(default_factory=Counter)
    offers: int = 0
    transferred: int = 0
    not_taken: Counter[str] = field(default_factory=Counter)

    @property
    def contacts_in(self) -> int:
        """All that the journal queued."""
        return self.by_channel.total()


class Floor:
    """Feed it every valid record of the pool, in order. Contacts that are over stay in `contacts`
    until `forget`; `at` is the router's time of the last record."""

    def __init__(self, pool: str) -> None:
        self.pool = pool
        self.config = PoolConfig(
            pool=pool, partition=0, channels={}, queues={}, fallback_queue="none"
        )
        self.at = 0
        self.counts = Counts()
        self.contacts: dict[str, Contact] = {}
        self.by_conversation: dict[str, Contact] = {}
        self.agents: defaultdict[str, AgentNow] = defaultdict(AgentNow)
        self.flow: dict[str, deque[int]] = {"in": deque(), "answered": deque()}
        self._assigned: set[str] = set()
        self._new: set[str] = set()
        self._appended = 0

    def see(self, record: Record, *, appended: int = 0, counting: bool = True) -> None:
        """Apply one record, which the broker appended at `appended` (ms); `counting` false: it
        was there before the run began."""
        self.at = record.at
        self._appended = appended or record.at
        self._new.clear()
        for event in record.events:
            if isinstance(event, ev.RoutingEvent) and event.pool == self.pool:
                self._apply(event, counting)

    def forget(self, contact_id: str) -> None:
        """Nobody will ask for this contact any more."""
        contact = self.contacts.pop(contact_id, None)
        if contact is not None:
            self.by_conversation.pop(contact.conversation, None)
            self._assigned.discard(contact_id)

    def in_queue(self, queue: str) -> list[Contact]:
        """Those who wait (or are offered) there, the oldest first."""
        waiting = [c for c in self.open() if c.queue == queue and c.stage in ("waiting", "offered")]
        return sorted(waiting, key=lambda contact: contact.since)

    def open(self) -> list[Contact]:
        """Contacts that are not over, those of earlier runs included."""
        return [contact for contact in self.contacts.values() if not contact.over]

    def left(self) -> list[Contact]:
        """This run's contacts that are not over."""
        return [contact for contact in self.open() if contact.ours]

    def per_minute(self, what: str, now_ms: int) -> int:
        """How many in the last minute: `in` or `answered`."""
        times = self.flow[what]
        while times and times[0] < now_ms - KEEP_FLOW_MS:
            times.popleft()
        return len(times)

    def _apply(self, event: ev.RoutingEvent, counting: bool) -> None:
        match event:
            case ev.PoolConfigured(config=config):
                self.config = config
            case ev.AgentUpserted(agent=agent, skills=skills):
                self.agents[agent].skills = skills
            case ev.AgentPresenceChanged(agent=agent, presence=presence):
                self.agents[agent].presence = presence
            case ev.ContactQueued(contact=queued):
                self._queue(queued, counting)
            case ev.ContactRequeued(contact=key):
                self._requeue(key, event.classified)
            case ev.ContactWithdrawn(contact=key, reason=reason):
                self._end(key, "withdrawn", reason)
            case ev.ContactOverflowed(contact=key, action=action):
                self._end(key, "withdrawn", action)
            case ev.ContactClosed(contact=key, disposition=disposition):
                self._end(key, "completed", disposition)
            case ev.OfferMade():
                self._offer(event)
            case ev.OfferEnded(offer=offer, agent=agent, result=result):
                self.agents[agent].work.pop(offer, None)
                self.counts.not_taken[result] += counting
            case ev.AssignmentStarted():
                self._assign(event)
            case ev.AssignmentWrapping(contact=key, reason=reason):
                if key in self.contacts and reason != "transferred":
                    self.contacts[key].stage = "wrapping"
            case ev.AssignmentEnded(assignment=assignment, agent=agent, result=result):
                self.agents[agent].work.pop(assignment, None)
                self.counts.transferred += counting and str(result) == "transferred"
            case _:
                pass

    def _queue(self, queued: ev.QueuedContact, counting: bool) -> None:
        contact = Contact(
            id=queued.id,
            conversation=queued.conversation,
            channel=queued.channel,
            queue=queued.queue,
            language=queued.language,
            since=queued.virtual_start,
            ours=counting,
        )
        self.contacts[contact.id] = self.by_conversation[contact.conversation] = contact
        self._new.add(contact.id)
        if counting:
            self.counts.by_channel[contact.channel] += 1
            self.flow["in"].append(self.at)

    def _requeue(self, key: str, classified: ev.Classified | None) -> None:
        contact = self.contacts.get(key)
        if contact is not None:
            contact.stage, contact.agent = "waiting", ""
            if classified is not None:
                contact.queue = classified.queue

    def _offer(self, event: ev.OfferMade) -> None:
        contact = self.contacts.get(event.contact)
        if contact is None:
            return
        contact.stage, contact.agent = "offered", event.agent
        self.agents[event.agent].work[event.offer] = contact
        if contact.ours:
            self.counts.offers += 1
            if contact.id in self._new:
                contact.found_at = self._appended

    def _assign(self, event: ev.AssignmentStarted) -> None:
        self.agents[event.agent].work.pop(event.offer, None)
        contact = self.contacts.get(event.contact)
        if contact is None:
            return
        contact.stage, contact.agent = "assigned", event.agent
        self.agents[event.agent].work[event.assignment] = contact
        if contact.ours and contact.id not in self._assigned:
            self._assigned.add(contact.id)
            self.counts.assigned += 1

    def _end(self, key: str, stage: Literal["completed", "withdrawn"], how: str) -> None:
        contact = self.contacts.get(key)
        if contact is None or contact.over:
            return
        contact.stage, contact.how, contact.over_at = stage, how, self.at
        if not contact.ours:
            self.forget(key)
        elif stage == "completed":
            self.counts.completed += 1
            self.flow["answered"].append(self.at)
        else:
            self.counts.withdrawn[how] += 1
