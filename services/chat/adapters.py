"""What connects the chat with Kafka: it follows `messages` and the routing journal, without a
group, and tells the sockets that it holds."""

import asyncio
from collections.abc import Callable

from services.chat.frames import Agent, Parked, Probe, closed, message_frame
from services.chat.hub import Hub
from services.chat.index import Conversation, Index, Said
from services.chat.places import Line, Moved, Places
from services.kit import tasks
from services.kit.journal_reader import JournalReader
from services.kit.messages import MessagesReader
from services.kit.publisher import Position

_BREATH = 100
"""Records taken in before others get a turn of the loop: fewer than an outbox has room for."""


class Talk:
    """The newest conversations as the topic tells them. A part; `index` is what it knows, `heard`
    hears of each message."""

    name = "messages"

    def __init__(
        self, reader: MessagesReader, index: Index, hub: Hub, heard: Callable[[Said], None]
    ) -> None:
        self.index = index
        self._heard = heard
        self._hub = hub
        self._reader = reader
        self._waiting: dict[str, list[asyncio.Future[None]]] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to follow; returns at once."""
        self._task = tasks.start("messages", self._follow())

    async def stop(self) -> None:
        """End."""
        await tasks.stop(self._task)

    def trouble(self) -> str | None:
        """Not ready until all that stood in the topic has been read."""
        return None if self._reader.caught_up.is_set() else "messages are still being read"

    async def until(self, position: Position) -> None:
        """Wait until the record at `position` is in the index."""
        await self._reader.until(position.partition, position.offset)

    async def known(self, conversation_id: str, *, seconds: float = 2.0) -> Conversation | None:
        """The conversation. Another replica may have accepted it just now, so this waits a moment
        for one that is not known."""
        found = self.index.get(conversation_id)
        if found is not None:
            return found
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(conversation_id, [])
        waiting.append(future)
        await asyncio.wait([future], timeout=seconds)
        if not future.done():
            waiting.remove(future)
            if not waiting:
                self._waiting.pop(conversation_id, None)
        return self.index.get(conversation_id)

    async def _follow(self) -> None:
        async for batch in self._reader.batches():
            for count, heard in enumerate(batch, 1):
                if heard.event is None:
                    self.index.erase(heard.conversation, heard.record)
                    continue
                said = self.index.take(heard.raw.offset, heard.record, heard.event)
                if said is not None:
                    self._hub.push(heard.conversation, message_frame(said))
                    self._heard(said)
                elif heard.conversation in self._waiting:
                    self._wake(heard.conversation)
                if count % _BREATH == 0:
                    await asyncio.sleep(0)

    def _wake(self, conversation_id: str) -> None:
        if self.index.get(conversation_id) is not None:
            for future in self._waiting.pop(conversation_id, []):
                if not future.done():
                    future.set_result(None)


class Contacts:
    """Where the contacts are. A part; `changed` hears of lines in which somebody came or left,
    with the journal's offset that says so."""

    name = "journal"

    def __init__(
        self, reader: JournalReader, places: Places, hub: Hub, changed: Callable[[Line, int], None]
    ) -> None:
        self.places = places
        self._hub = hub
        self._changed = changed
        self._reader = reader
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to follow; returns at once."""
        self._task = tasks.start("journal", self._follow())

    async def stop(self) -> None:
        """End."""
        await tasks.stop(self._task)

    def trouble(self) -> str | None:
        """Not ready until all that stood in the journal has been read."""
        return None if self._reader.caught_up.is_set() else "the journal is still being read"

    async def _follow(self) -> None:
        async for batch in self._reader.batches():
            for count, (partition, offset, record) in enumerate(batch, 1):
                self.places.take(partition, record)
                for moved in self.places.moved:
                    self._tell(moved)
                for conversation in self.places.probed:
                    self._hub.push(conversation, Probe())
                for line in self.places.lines:
                    self._changed(line, offset)
                if count % _BREATH == 0:
                    await asyncio.sleep(0)

    def _tell(self, moved: Moved) -> None:
        place = moved.place
        match place.state:
            case "assigned":
                self._hub.push(place.conversation_id, Agent(state="joined"))
            case "waiting" if moved.before == "assigned":
                self._hub.push(place.conversation_id, Agent(state="left"))
            case "parked":
                self._hub.push(place.conversation_id, Parked(opens_at=place.opens_at))
            case "closed":
                self._hub.push(place.conversation_id, closed(place))
