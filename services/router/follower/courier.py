"""The courier between pools: what a transfer has come to in one pool's journal, the other is told.

It keeps nothing of its own. It looks at the contacts that are on their way, in both pools' states
as the journal has them, and writes what the other pool does not know yet, under ids that follow
from the transfer; again after a while, as long as it is not known. So neither a restart nor a
second courier beside it can lose or double anything: a pool that knows already ignores it.
"""

import asyncio
import logging
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from services.contracts.contact_events import (
    AnsweredTransfer,
    ContactOpened,
    OpenedContact,
    Origin,
    TransferAnswered,
    TransferWithdrawn,
    WithdrawnTransfer,
)
from services.contracts.topics import CONTACT_EVENTS
from services.kit import tasks
from services.kit.clock import Clock, to_datetime
from services.kit.errors import InvalidMessage, Unavailable
from services.kit.publisher import Publisher
from services.router.core.abroad import remote_id
from services.router.core.model import Contact, Transfer
from services.router.core.partition import Partition
from services.router.core.pool import Pool

log = logging.getLogger(__name__)
SOURCE = "router"
PATIENCE = 5.0
"""Seconds after which what was written and is still not known is written again."""
_TRANSFER = re.compile(r"t(\d+)-(\d+)-\d+")

Letter = ContactOpened | TransferAnswered | TransferWithdrawn


class Addressed(NamedTuple):
    """A letter and the partition of the pool that it is for."""

    partition: int
    letter: Letter


Place = tuple[Partition, Pool]


def letters(partitions: Sequence[Partition], now: int) -> Iterator[Addressed]:
    """All that a pool should know of another's journal and does not, as of `now` (ms)."""
    pools = {
        name: (partition, pool)
        for partition in partitions
        for name, pool in partition.pools.items()
        if pool.version
    }
    for here in list(pools.values()):
        for contact_id in here[1].outbound:
            contact = here[1].contacts[contact_id]
            if contact.abroad is not None:
                there = pools.get(contact.abroad.to_pool)
                yield from _of_sent(here, contact, contact.abroad, there, now)
        for contact_id in here[1].inbound:
            origin = here[1].contacts[contact_id].facts.origin
            if origin is not None and _is_over(pools, origin):
                yield _withdrawn(here, contact_id, origin.transfer_id, now)


def _of_sent(
    here: Place, contact: Contact, transfer: Transfer, there: Place | None, now: int
) -> Iterator[Addressed]:
    if there is None:
        yield _answer(here, contact, transfer, "unknown_pool", now)
        return
    remote = remote_id(contact.id, transfer.id)
    closed = there[1].closed.get(remote)
    if remote in there[1].inbound:
        if transfer.recalled:
            yield _withdrawn(there, remote, transfer.id, now)
    elif remote in there[1].contacts or (closed is not None and closed.state == "closed"):
        yield _answer(here, contact, transfer, "", now)
    elif closed is not None:
        yield _answer(here, contact, transfer, closed.reason or closed.state, now)
    else:
        yield Addressed(there[0].number, _opened(here[1], contact, transfer, remote, now))


def _is_over(pools: dict[str, Place], origin: Origin) -> bool:
    """Whether the pool that the contact came from hands it over no more. Nothing is said before
    that pool's journal has been read as far as the transfer."""
    found, name = pools.get(origin.pool), _TRANSFER.fullmatch(origin.transfer_id)
    if found is None or name is None or found[0].last < int(name[2]):
        return False
    contact = found[1].contacts.get(origin.contact_id)
    transfer = contact.abroad if contact else None
    return transfer is None or transfer.id != origin.transfer_id


def _opened(
    pool: Pool, contact: Contact, transfer: Transfer, remote: str, now: int
) -> ContactOpened:
    facts = contact.facts
    data = OpenedContact(
        pool=transfer.to_pool,
        contact_id=remote,
        conversation_id=facts.conversation,
        channel=facts.channel,
        opened_at=facts.virtual_start,
        language=facts.language,
        topic=facts.topic,
        tier=facts.tier,
        customer=facts.customer,
        fields=facts.fields,
        origin=Origin(pool=pool.name, contact_id=contact.id, transfer_id=transfer.id),
        queue=transfer.queue,
    )
    return ContactOpened(
        id=f"{transfer.id}.opened",
        source=SOURCE,
        time=to_datetime(now),
        subject=remote,
        data=data,
    )


def _answer(here: Place, contact: Contact, transfer: Transfer, refused: str, now: int) -> Addressed:
    """To the pool that the contact comes from: accepted, or `refused` for a reason."""
    data = AnsweredTransfer(
        pool=here[1].name,
        contact_id=contact.id,
        transfer_id=transfer.id,
        result="refused" if refused else "accepted",
        reason=refused,
    )
    letter = TransferAnswered(
        id=f"{transfer.id}.answered",
        source=SOURCE,
        time=to_datetime(now),
        subject=contact.id,
        data=data,
    )
    return Addressed(here[0].number, letter)


def _withdrawn(place: Place, contact_id: str, transfer_id: str, now: int) -> Addressed:
    data = WithdrawnTransfer(pool=place[1].name, contact_id=contact_id, transfer_id=transfer_id)
    letter = TransferWithdrawn(
        id=f"{transfer_id}.withdrawn",
        source=SOURCE,
        time=to_datetime(now),
        subject=contact_id,
        data=data,
    )
    return Addressed(place[0].number, letter)


class Journal(Protocol):
    """What the courier follows."""

    news: asyncio.Event

    async def until_live(self) -> None:
        """Wait until the journal's past has been read."""


class Courier:
    """A part. Looks after each batch of the journal, and every `PATIENCE` seconds."""

    name = "courier"

    def __init__(
        self,
        follow: Journal,
        partitions: Sequence[Partition],
        publisher: Publisher,
        clock: Clock,
    ) -> None:
        self._follow = follow
        self._partitions = partitions
        self._publisher = publisher
        self._clock = clock
        self._written: dict[str, float] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin, as soon as the journal's past has been read."""
        self._task = tasks.start("courier", self._run())

    async def stop(self) -> None:
        """End; what is not written yet is written after the next start."""
        await tasks.stop(self._task)

    def trouble(self) -> str | None:
        """Never: what is not written yet is not lost."""
        return None

    async def _run(self) -> None:
        await self._follow.until_live()
        while True:
            self._follow.news.clear()
            await self.deliver()
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._follow.news.wait()
            except TimeoutError:
                continue

    async def deliver(self) -> None:
        """Write what is not known where it should be."""
        now = self._clock.monotonic()
        due = []
        known = self._written
        self._written = {}
        for partition, letter in letters(self._partitions, self._clock.now_ms()):
            written = known.get(letter.id)
            if written is None or now - written >= PATIENCE:
                due.append((partition, letter))
            else:
                self._written[letter.id] = written
        for partition, letter in due:
            pool = letter.data.pool
            try:
                await self._publisher.publish(CONTACT_EVENTS, letter, key=pool, partition=partition)
            except (Unavailable, InvalidMessage) as error:
                log.warning("a letter between pools waits: %s", error.detail)
                continue
            self._written[letter.id] = now
