"""What has changed in a partition since its views were written: names only, and not many."""

from dataclasses import dataclass, field

from services.contracts.journal import Record
from services.contracts.routing_events import (
    ContactQueued,
    GatewayExpired,
    RoutingEvent,
    TimersRenewed,
)
from services.router.core.partition import Partition

Entity = tuple[str, str]
"""(pool, id)."""
LIMIT = 10_000


@dataclass(slots=True)
class Dirty:
    """`everything` is true instead of more than `LIMIT` names: then all is to be written anew."""

    contacts: set[Entity] = field(default_factory=set)
    agents: set[Entity] = field(default_factory=set)
    pools: set[str] = field(default_factory=set)
    everything: bool = False

    def __bool__(self) -> bool:
        return self.everything or bool(self.contacts or self.agents or self.pools)

    def note(self, partition: Partition, record: Record) -> None:
        """The record is about to be applied to the partition."""
        for event in record.events:
            if isinstance(event, RoutingEvent):
                self.pools.add(event.pool)
                agent, contact = getattr(event, "agent", ""), getattr(event, "contact", "")
                if agent:
                    self.agents.add((event.pool, agent))
                if isinstance(event, ContactQueued):
                    contact = event.contact.id
                if contact:
                    self.contacts.add((event.pool, contact))
            elif isinstance(event, GatewayExpired):
                gateway = partition.gateways.get(event.gateway)
                keys = gateway.sessions if gateway else ()
                self.agents.update((pool, agent) for pool, agent, _ in keys)
                self.pools.update(pool for pool, _, _ in keys)
            elif isinstance(event, TimersRenewed):
                for pool in partition.pools.values():
                    for offer in pool.offers.values():
                        self.agents.add((pool.name, offer.agent.id))
                        self.contacts.add((pool.name, offer.contact.id))
                    asked = (one.id for one in pool.contacts.values() if one.give_up_at)
                    self.contacts.update((pool.name, contact) for contact in asked)
        if len(self.contacts) + len(self.agents) > LIMIT:
            self.forget_names()

    def forget_names(self) -> None:
        """All is to be written anew."""
        self.contacts.clear()
        self.agents.clear()
        self.pools.clear()
        self.everything = True

    def take(self) -> "Dirty":
        """What has been noted so far; this begins anew."""
        taken = Dirty(self.contacts, self.agents, self.pools, self.everything)
        self.contacts, self.agents, self.pools, self.everything = set(), set(), set(), False
        return taken

    def put_back(self, taken: "Dirty") -> None:
        """What was taken has not been written."""
        self.contacts |= taken.contacts
        self.agents |= taken.agents
        self.pools |= taken.pools
        if taken.everything or len(self.contacts) + len(self.agents) > LIMIT:
            self.forget_names()
