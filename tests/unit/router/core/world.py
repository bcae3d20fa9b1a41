"""A partition with a clock and a Kafka-like input log, for tests: every step is journalled, and
the journal, encoded and decoded, must lead a follower to the same state."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from services.contracts import contact_events as ce
from services.contracts import routing_events as ev
from services.contracts.codec import decode, encode
from services.contracts.journal import Record, Source, decode_entry, encode_entry
from services.contracts.pool import (
    ChannelConfig,
    PoolConfig,
    PresenceConfig,
    QueueConfig,
    Rule,
)
from services.contracts.topics import CONTACT_EVENTS
from services.router.core.partition import Decision, Partition
from services.router.core.queries import agent_view, contact_view
from services.router.core.snapshot import dump, load

POOL = "acme/care"
PARTITION = 3
START = 1_700_000_000_000
CHANNELS = {
    "chat": ChannelConfig(cost=30, max=3, offer_timeout=20.0),
    "email": ChannelConfig(cost=20, offer_timeout=60.0, wrap_up=30.0),
    "phone": ChannelConfig(cost=100, offer_timeout=10.0, wrap_up=15.0),
}
QUEUES = {
    "general": QueueConfig(),
    "billing": QueueConfig(required={"billing": 2}),
    "urgent": QueueConfig(priority=9),
    "calls": QueueConfig(channels=("phone",), preferred={"voice": 3}),
}
RULES = (
    Rule(queue="urgent", when={"tier": "gold"}),
    Rule(queue="billing", when={"topic": ("billing", "invoice")}),
    Rule(queue="calls", when={"channel": "phone"}),
)


def config(**changes: Any) -> PoolConfig:
    """The pool of these tests, with some changes."""
    given: dict[str, Any] = {
        "pool": POOL,
        "partition": PARTITION,
        "channels": CHANNELS,
        "queues": QUEUES,
        "fallback_queue": "general",
        "skills": ("billing", "voice"),
        "languages": ("de", "en"),
        "rules": RULES,
        "presence": PresenceConfig(),
    }
    return PoolConfig(**{**given, **changes})


class World:
    """`partition` is live; what it did stands in `journal` and `events`, the newest in `last`."""

    def __init__(self, configuration: PoolConfig | None = None, *, configure: bool = True) -> None:
        self.partition = Partition(PARTITION)
        self.now = START
        self.offset = -1
        self.commands = 0
        self.journal: list[Record] = []
        self.last: Decision = Decision(0, (), None)
        if configure:
            assert self.configure(configuration or config()).events
            assert self.status() == 200, self.body()

    # What happens

    def put(self, kind: type, data: Any, *, id: str = "", renew: bool = False) -> Decision:  # noqa: A002
        """One input event, through its JSON, at the present time."""
        self.commands += 1
        event = kind(id=id or f"e{self.commands}", source="test", time=datetime.now(UTC), data=data)
        event = decode(CONTACT_EVENTS, encode(event))
        self.offset += 1
        return self.keep(self.partition.step(self.offset, event, self.now, renew=renew))

    def keep(self, decision: Decision) -> Decision:
        """Journal the decision."""
        self.last = decision
        self.journal.append(
            Record(
                epoch=7,
                src=Source("t", self.offset),
                at=decision.at,
                events=decision.events,
                reply=decision.reply,
            )
        )
        return decision

    def wait(self, seconds: float, *, beat: bool = True) -> None:
        """Time goes by; ticks come when something is due, gateways `beat` or fall silent."""
        end = self.now + round(seconds * 1000)
        while self.now < end:
            if beat:
                for name in list(self.partition.gateways):
                    self.heartbeat(name, period=60.0)
            until = min(end, self.now + 100_000)
            while (due := self.partition.next_due()) is not None and due <= until:
                self.now = max(self.now, due)
                self.tick()
            self.now = until

    def tick(self, *, renew: bool = False) -> Decision:
        return self.put(ce.ClockTick, ce.TickData(due_at=self.now), renew=renew)

    def configure(self, configuration: PoolConfig) -> Decision:
        return self.put(
            ce.ConfigurePool, ce.ConfigurePoolData(pool=configuration.pool, config=configuration)
        )

    def opened(self, contact: str, channel: str = "chat", **more: Any) -> Decision:
        given = {"opened_at": self.now, "conversation_id": f"v-{contact}", **more}
        return self.put(
            ce.ContactOpened,
            ce.OpenedContact(pool=POOL, contact_id=contact, channel=channel, **given),
        )

    def ended(self, contact: str, reason: Any = "abandoned") -> Decision:
        data = ce.EndedContact(pool=POOL, contact_id=contact, reason=reason)
        return self.put(ce.ContactEnded, data)

    def quiet(self, contact: str) -> Decision:
        return self.put(ce.ContactQuiet, ce.ContactData(pool=POOL, contact_id=contact))

    def active(self, contact: str) -> Decision:
        return self.put(ce.ContactActive, ce.ContactData(pool=POOL, contact_id=contact))

    def cancel(self, contact: str) -> Decision:
        return self.put(ce.CancelContact, ce.CancelData(pool=POOL, contact_id=contact))

    def agent(self, name: str, **skills: int) -> None:
        """An agent who is connected, through a gateway with a long lease, and available."""
        self.heartbeat("g1", period=60.0)
        self.upsert(name, skills)
        self.connect(name)
        self.presence(name, "available")

    def upsert(
        self,
        name: str,
        skills: dict[str, int],
        limits: dict[str, int] | None = None,
        auto_accept: tuple[str, ...] = (),
    ) -> Decision:
        data = ce.UpsertAgentData(
            pool=POOL,
            agent_id=name,
            skills=skills,
            limits=limits or {},
            auto_accept=auto_accept,
        )
        return self.put(ce.UpsertAgent, data)

    def presence(self, name: str, presence: Any, by: str = "") -> Decision:
        data = ce.SetPresenceData(pool=POOL, agent_id=name, presence=presence, by=by)
        return self.put(ce.SetPresence, data)

    def connect(self, name: str, session: str = "", gateway: str = "g1") -> Decision:
        data = ce.SessionData(
            pool=POOL, agent_id=name, session_id=session or f"s-{name}", gateway=gateway
        )
        return self.put(ce.SessionOpened, data)

    def disconnect(self, name: str, session: str = "", gateway: str = "g1") -> Decision:
        data = ce.SessionData(
            pool=POOL, agent_id=name, session_id=session or f"s-{name}", gateway=gateway
        )
        return self.put(ce.SessionEnded, data)

    def heartbeat(self, gateway: str = "g1", period: float = 2.0) -> Decision:
        return self.put(ce.GatewayHeartbeat, ce.HeartbeatData(gateway=gateway, period=period))

    def accept(self, contact: str, agent: str = "", *, id: str = "") -> Decision:  # noqa: A002
        """Accept the contact's open offer, as its agent unless another is named."""
        asked = {one["agent_id"]: one["offer_id"] for one in self.contact(contact)["offers"]}
        offer = asked.get(agent, self.offer_of(contact))
        data = ce.OfferData(pool=POOL, offer_id=offer, agent_id=agent or self.agent_of(contact))
        return self.put(ce.AcceptOffer, data, id=id)

    def accept_offer(self, offer: str, agent: str) -> Decision:
        data = ce.OfferData(pool=POOL, offer_id=offer, agent_id=agent)
        return self.put(ce.AcceptOffer, data)

    def decline(self, contact: str, agent: str = "", *, pause: float = 0.0) -> Decision:
        """Decline the contact's open offer, or the named agent's."""
        data = ce.DeclineData(
            pool=POOL,
            offer_id=self.offer_of(contact, agent),
            agent_id=agent or self.agent_of(contact),
            pause=pause,
        )
        return self.put(ce.DeclineOffer, data)

    def wrap_up(self, contact: str, disposition: str = "") -> Decision:
        return self.put(ce.WrapUpAssignment, self._assignment(contact, disposition))

    def complete(self, contact: str, disposition: str = "") -> Decision:
        return self.put(ce.CompleteAssignment, self._assignment(contact, disposition))

    def transfer(self, contact: str, **target: Any) -> Decision:
        """Its agent hands the contact over: `to_agent`, `to_queue` or `to_skills`."""
        data = ce.TransferData(
            pool=POOL,
            assignment_id=self.assignment_of(contact),
            agent_id=self.agent_of(contact),
            **target,
        )
        return self.put(ce.TransferAssignment, data)

    def cancel_transfer(self, contact: str) -> Decision:
        return self.put(ce.CancelTransfer, self._assignment(contact, ""))

    def change_channel(self, contact: str, channel: str, agent: str = "") -> Decision:
        """The channel says so, or the named agent."""
        data = ce.ChangeChannelData(pool=POOL, contact_id=contact, channel=channel, agent_id=agent)
        return self.put(ce.ChangeChannel, data)

    def reassign(self, contact: str, agent: str) -> Decision:
        data = ce.ReassignData(pool=POOL, contact_id=contact, agent_id=agent, by="super")
        return self.put(ce.ReassignContact, data)

    def move(self, contact: str, queue: str) -> Decision:
        data = ce.MoveData(pool=POOL, contact_id=contact, queue=queue, by="super")
        return self.put(ce.MoveContact, data)

    def prioritise(self, contact: str, priority: int) -> Decision:
        data = ce.PrioritiseData(pool=POOL, contact_id=contact, priority=priority, by="super")
        return self.put(ce.PrioritiseContact, data)

    def close(self, contact: str, disposition: str = "") -> Decision:
        data = ce.CloseData(pool=POOL, contact_id=contact, disposition=disposition, by="super")
        return self.put(ce.CloseContact, data)

    def complete_assignment(self, assignment: str, agent: str) -> Decision:
        data = ce.AssignmentData(pool=POOL, assignment_id=assignment, agent_id=agent)
        return self.put(ce.CompleteAssignment, data)

    def _assignment(self, contact: str, disposition: str) -> ce.AssignmentData:
        return ce.AssignmentData(
            pool=POOL,
            assignment_id=self.assignment_of(contact),
            agent_id=self.agent_of(contact),
            disposition=disposition,
        )

    # What is the case

    def contact(self, contact: str) -> dict[str, Any]:
        view = contact_view(self.partition, POOL, contact)
        assert view is not None, f"no contact {contact}"
        return view

    def state(self, contact: str) -> str:
        return str(self.contact(contact)["state"])

    def agent_of(self, contact: str) -> str:
        """Who is offered or has the contact; "" if nobody."""
        return self.contact(contact)["agent_id"] or ""

    def offer_of(self, contact: str, agent: str = "") -> str:
        """The contact's open offer: the agent's, or the first."""
        view = self.contact(contact)
        asked = {one["agent_id"]: one["offer_id"] for one in view["offers"]}
        return str(asked[agent] if agent else view["offer_id"])

    def asked(self, contact: str) -> list[str]:
        """Who is asked for the contact, in the order of the offers."""
        return [one["agent_id"] for one in self.contact(contact)["offers"]]

    def assignment_of(self, contact: str) -> str:
        return str(self.contact(contact)["assignment_id"])

    def view(self, agent: str) -> dict[str, Any]:
        view = agent_view(self.partition, POOL, agent)
        assert view is not None, f"no agent {agent}"
        return view

    def kinds(self) -> list[str]:
        """The types of the newest step's events."""
        return kinds(self.last.events)

    def status(self) -> int:
        """The status of the newest step's answer."""
        assert self.last.reply is not None
        return self.last.reply.status

    def body(self) -> dict[str, Any]:
        assert self.last.reply is not None
        return self.last.reply.body

    def all_events(self) -> list[ev.AnyRoutingEvent]:
        return [event for record in self.journal for event in record.events]

    def replayed(self, snapshot_after: int | None = None) -> Partition:
        """A partition that followed the journal, as it went over the wire; on the way, after so
        many records, it was saved and loaded."""
        follower = Partition(PARTITION)
        for number, record in enumerate(self.journal):
            if number == snapshot_after:
                follower = load(dump(follower))
            entry = decode_entry(encode_entry(record))
            assert isinstance(entry, Record)
            follower.apply(entry)
        return follower


def kinds(events: Sequence[ev.AnyRoutingEvent]) -> list[str]:
    """The events' types without their noise."""
    return [str(type(event).__struct_config__.tag) for event in events]
