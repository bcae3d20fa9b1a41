"""What the bot reads and writes: conversations, contacts, its messages."""

from services.bot.index import Conversation, ConversationIndex
from services.contracts.contact_events import ContactEnded, ContactOpened
from services.contracts.messages import MessageEvent, StartedConversation
from services.contracts.topics import CONTACT_EVENTS
from services.kit.clock import new_id
from services.kit.contact_states import ContactState, ContactStates
from services.kit.errors import Unavailable
from services.kit.follow import Follower
from services.kit.journal_reader import Decided
from services.kit.messages import Heard, publish_record
from services.kit.pools import PoolDirectory
from services.kit.publisher import Position, Publisher, partition_of
from services.kit.settings import Settings


class Platform:
    """Conversations and contacts as they are now: each question waits until all that stands in
    the log has been read. Everything raises `Unavailable` while Kafka is away."""

    def __init__(
        self,
        settings: Settings,
        *,
        publisher: Publisher,
        pools: PoolDirectory,
        index: ConversationIndex,
        messages: Follower[Heard],
        contacts: ContactStates,
        journal: Follower[Decided],
    ) -> None:
        self._settings = settings
        self._publisher = publisher
        self._pools = pools
        self._index = index
        self._messages = messages
        self._contacts = contacts
        self._journal = journal

    def partition(self, pool: str, channel: str) -> int | None:
        """The pool's partition; None if there is no such pool, or it does not take the channel."""
        config = self._pools.get(pool)
        return None if config is None or channel not in config.channels else config.partition

    async def conversation(self, conversation_id: str) -> Conversation | None:
        """What was said in the conversation up to now; None: nothing, or it is no longer kept."""
        await self._messages.current(partition_of(conversation_id, self._settings.partitions))
        return self._index.get(conversation_id)

    async def contact(self, head: StartedConversation) -> ContactState | None:
        """Where the conversation's contact is; None: the router has not queued it."""
        await self._journal.current(self._pool_partition(head.pool))
        return self._contacts.get(head.contact_id)

    async def write(self, event: MessageEvent, record: str = "") -> Position:
        """A record of the conversation; durable when it returns."""
        return await publish_record(self._publisher, self._settings, event, record or new_id())

    async def tell_router(self, event: ContactOpened | ContactEnded) -> None:
        """A contact event; durable when it returns."""
        pool = event.data.pool
        partition = self._pool_partition(pool)
        await self._publisher.publish(CONTACT_EVENTS, event, key=pool, partition=partition)

    def _pool_partition(self, pool: str) -> int:
        config = self._pools.get(pool)
        if config is None:
            raise Unavailable(f"The pool {pool} is not declared.")
        return config.partition
