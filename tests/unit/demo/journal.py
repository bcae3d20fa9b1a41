"""A hand-made journal: a pool with two agents, written event by event."""

from itertools import count
from typing import Any

from demo.check import JournalCheck
from services.contracts import routing_events as ev
from services.contracts.journal import Open, Record, Source, Validity
from services.contracts.pool import ChannelConfig, PoolConfig, QueueConfig

POOL = "kaarna/service"
CONFIG = PoolConfig(
    pool=POOL,
    partition=0,
    channels={
        "chat": ChannelConfig(cost=33, max=3),
        "email": ChannelConfig(cost=50, max=2),
        "form": ChannelConfig(cost=50, max=1),
    },
    queues={"all": QueueConfig()},
    fallback_queue="all",
)


class Journal:
    """Records in order. `put` writes one with these events; `records` is what a reader takes."""

    def __init__(self) -> None:
        self.entries: list[tuple[int, Open | Record]] = []
        self._at = count(1_750_000_000_000, 10)
        self.open()
        self.put(ev.PoolConfigured(pool=POOL, version=1, config=CONFIG))
        for agent in ("anna", "bo"):
            self.put(ev.AgentUpserted(pool=POOL, agent=agent, skills={"fi": 5}))
            self.put(ev.SessionAttached(pool=POOL, agent=agent, session=f"s-{agent}", gateway="g"))
            self.put(ev.AgentPresenceChanged(pool=POOL, agent=agent, presence="available"))

    def open(self) -> int:
        """A writer takes the partition over."""
        self.entries.append((len(self.entries), Open(writer="w", generation=1)))
        return len(self.entries) - 1

    def put(self, *events: ev.AnyRoutingEvent, epoch: int | None = None) -> int:
        """One record; of the present epoch unless another is given."""
        offset = len(self.entries)
        newest = max(number for number, entry in self.entries if isinstance(entry, Open))
        record = Record(
            epoch=newest if epoch is None else epoch,
            src=Source("topic", offset),
            at=next(self._at),
            events=events,
        )
        self.entries.append((offset, record))
        return offset

    def queue(self, contact: str, channel: str = "chat") -> ev.ContactQueued:
        """A contact comes in."""
        return ev.ContactQueued(
            pool=POOL,
            contact=ev.QueuedContact(
                id=contact,
                conversation=f"conversation-{contact}",
                channel=channel,
                queue="all",
                virtual_start=1_750_000_000_000,
                priority=5,
                language="fi",
            ),
        )

    def offer(
        self, contact: str, agent: str, channel: str = "chat", waited_ms: int = 7
    ) -> ev.OfferMade:
        """Somebody is asked."""
        return ev.OfferMade(
            pool=POOL,
            offer=f"o-{contact}-{agent}",
            contact=contact,
            conversation=f"conversation-{contact}",
            agent=agent,
            channel=channel,
            queue="all",
            expires_at=1_750_000_020_000,
            waited_ms=waited_ms,
        )

    def assign(self, contact: str, agent: str, channel: str = "chat") -> ev.AssignmentStarted:
        """Somebody takes it."""
        return ev.AssignmentStarted(
            pool=POOL,
            assignment=f"a-{contact}-{agent}",
            offer=f"o-{contact}-{agent}",
            contact=contact,
            conversation=f"conversation-{contact}",
            agent=agent,
            channel=channel,
            queue="all",
            waited_ms=9,
        )

    def end(self, contact: str, agent: str, result: Any = "completed") -> ev.AssignmentEnded:
        """It is no longer theirs."""
        return ev.AssignmentEnded(
            pool=POOL,
            assignment=f"a-{contact}-{agent}",
            contact=contact,
            agent=agent,
            result=result,
        )

    def close(self, contact: str, agent: str) -> ev.ContactClosed:
        """It was served."""
        return ev.ContactClosed(pool=POOL, contact=contact, agent=agent)

    def served(self, contact: str, agent: str, channel: str = "chat") -> None:
        """The whole way of a contact, in four records."""
        self.put(self.queue(contact, channel), self.offer(contact, agent, channel))
        self.put(self.assign(contact, agent, channel))
        self.put(self.end(contact, agent), self.close(contact, agent))

    def records(self) -> list[tuple[int, Record]]:
        """Those that count."""
        validity = Validity()
        admitted = [(offset, validity.admit(offset, entry)) for offset, entry in self.entries]
        return [(offset, record) for offset, record in admitted if record is not None]


def checked(journal: Journal) -> JournalCheck:
    """What the check says of it."""
    check = JournalCheck(POOL)
    for offset, record in journal.records():
        check.see(0, offset, record)
    return check
