"""Taking a mail in: durable in Kafka before anybody is told that it was accepted."""

import asyncio
from collections import OrderedDict
from functools import partial

from services.contracts.messages import MessageEvent, StartedConversation
from services.contracts.topics import CONTACT_EVENTS
from services.email import core
from services.email.adapters import Conversations
from services.email.index import ConversationIndex
from services.email.mail import Mail
from services.email.message_ids import MessageIds
from services.email.parse import parse
from services.email.routes import Route, Routes
from services.kit.clock import Clock, new_id
from services.kit.contact_states import ContactStates
from services.kit.errors import Unavailable
from services.kit.follow import Follower
from services.kit.journal_reader import Decided
from services.kit.messages import Heard, publish_record
from services.kit.metrics import Metrics
from services.kit.pools import PoolDirectory
from services.kit.publisher import Publisher, partition_of
from services.kit.settings import Settings

_REMEMBERED = 10_000


class Intake:
    """`accept` returns when the mail is durable: its conversation, its message, its contact."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock,
        metrics: Metrics,
        publisher: Publisher,
        pools: PoolDirectory,
        routes: Routes,
        ids: MessageIds,
        index: ConversationIndex,
        conversations: Conversations,
        messages: Follower[Heard],
        journal: Follower[Decided],
        contacts: ContactStates,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._metrics = metrics
        self._publisher = publisher
        self._pools = pools
        self._routes = routes
        self._ids = ids
        self._index = index
        self._conversations = conversations
        self._messages = messages
        self._journal = journal
        self._contacts = contacts
        self._parsing = asyncio.Semaphore(2)
        self._working: dict[str, asyncio.Task[None]] = {}
        self._accepted: OrderedDict[str, None] = OrderedDict()

    async def accept(self, raw: bytes, mail_from: str, routes: list[Route]) -> None:
        """Take the mail in for each pool of `routes` (mailboxes of one pool are one).

        Raises `Unavailable` when that could not be done: the same mail may come again, and is
        then the same contact and the same message.
        """
        pools = {route.pool: route for route in reversed(routes)}
        for pool in pools:
            if self._pools.get(pool) is None:
                raise Unavailable(f"The pool {pool} is not declared yet.")
        mail = await self._parse(raw, mail_from)
        at = self._clock.now_ms()
        for route in pools.values():
            await self._accept(mail, route, at)

    async def _parse(self, raw: bytes, mail_from: str) -> Mail:
        """In a thread, two at most: a mail made to be slow must not hold the others up."""

        def is_ours(address: str) -> bool:
            return self._routes.find(address) is not None

        if len(raw) < 50_000:
            return parse(raw, mail_from, is_ours)
        async with self._parsing:
            return await asyncio.to_thread(partial(parse, raw, mail_from, is_ours))

    async def _accept(self, mail: Mail, route: Route, at: int) -> None:
        """Once for a mail that comes over several connections at a time; and to its end even
        when the client hangs up meanwhile."""
        identity = core.mail_id(mail, route.pool)
        if identity in self._accepted:
            return
        work = self._working.get(identity)
        if work is None:
            work = asyncio.create_task(self._write(mail, route, at))
            self._working[identity] = work
            work.add_done_callback(partial(self._done, identity))
        await asyncio.shield(work)

    def _done(self, identity: str, work: "asyncio.Task[None]") -> None:
        del self._working[identity]
        if not work.cancelled() and work.exception() is None:
            self._accepted[identity] = None
            if len(self._accepted) > _REMEMBERED:
                self._accepted.popitem(last=False)

    async def drain(self) -> None:
        """Wait for the mails in hand; each is durable or refused within a bounded time."""
        if self._working:
            await asyncio.wait(list(self._working.values()))

    async def _write(self, mail: Mail, route: Route, at: int) -> None:
        thread = await self._thread(mail, route)
        intake = core.intake(mail, route, at, thread)
        if not await self._publish(intake) or thread is None:
            return
        # A reply into an open contact that ended while the message was on its way would be seen
        # by nobody. Once the message is durable, the journal's end tells.
        if intake.contact is None and not await self._is_open(thread.head):
            over = core.Thread(thread.head, open=False)
            await self._publish(core.intake(mail, route, at, over))

    async def _publish(self, intake: core.Intake) -> bool:
        """Head, message, contact, in this order; False when all of it had been there before."""
        data = intake.message.data
        conversation_id = data.conversation_id
        partition = partition_of(conversation_id, self._settings.partitions)
        await self._messages.current(partition)
        known = self._index.get(conversation_id)
        said = known is not None and data.message_id in known.seen
        opened = intake.contact is None or (
            self._contacts.get(intake.contact.data.contact_id) is not None
        )
        if said and opened:
            return False
        records: list[tuple[MessageEvent, str]] = []
        if intake.head is not None:
            records.append((intake.head, "head"))
        if not said:
            records.append((intake.message, new_id()))
        await asyncio.gather(
            *(publish_record(self._publisher, self._settings, *record) for record in records)
        )
        if not said:
            self._metrics.count(
                "messages_accepted_total", channel=core.CHANNEL, author=data.author.kind
            )
        if intake.contact is not None:
            pool = intake.contact.data.pool
            config = self._pools.get(pool)
            if config is None:
                raise Unavailable(f"The pool {pool} is not declared any more.")
            await self._publisher.publish(
                CONTACT_EVENTS, intake.contact, key=pool, partition=config.partition
            )
            self._metrics.count("contacts_accepted_total", channel=core.CHANNEL)
        return True

    async def _thread(self, mail: Mail, route: Route) -> core.Thread | None:
        """The conversation that the mail answers: the nearest parent of ours decides."""
        for parent in mail.parents:
            conversation_id = self._ids.conversation(parent)
            if conversation_id is None:
                continue
            partition = partition_of(conversation_id, self._settings.partitions)
            await self._messages.current(partition)
            head = (await self._conversations.find(conversation_id)).head
            if head is None or _tenant(head.pool) != _tenant(route.pool):
                continue
            return core.Thread(head, open=await self._is_open(head))
        return None

    async def _is_open(self, head: StartedConversation) -> bool:
        """Whether somebody has the contact or will: by all that the journal holds now.

        A contact that the journal does not know (any more) counts as over: the customer's word
        then opens a new one, which costs a look, not an answer.
        """
        config = self._pools.get(head.pool)
        if config is None:
            return False
        await self._journal.current(config.partition)
        return self._contacts.get(head.contact_id) in {"waiting", "assigned"}


def _tenant(pool: str) -> str:
    return pool.partition("/")[0]
