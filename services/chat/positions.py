"""The customers' places in their lines: asked of the views in Redis when the journal says that a
line has changed, at most once a second, and silent while Redis or the views are not up to date.

Who stands in a line comes from the journal, in what order from the views. Counted are all who have
not been taken yet, offered ones too: so a place does not go up and down with every offer.
"""

import asyncio
import logging
from collections.abc import Iterable

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.chat.hub import Hub
from services.chat.places import Line, Places
from services.contracts import views
from services.kit import redis, tasks
from services.kit.settings import Settings

log = logging.getLogger(__name__)
INTERVAL = 1.0
"""Seconds between two rounds, at least."""
_AT_ONCE = 1000
_STANDING = frozenset({"queued", "offered"})


class View(msgspec.Struct, frozen=True):
    """What is needed of a contact's view."""

    contact_id: str
    state: str
    priority: int = 0
    waiting_since: int = 0


class Behind(Exception):
    """The views do not show yet what the journal says."""


def ranked(contacts: Iterable[View]) -> list[str]:
    """The ids of those who stand in a line, in its order: priority, age, id."""
    standing = [view for view in contacts if view.state in _STANDING]
    standing.sort(key=lambda view: (-view.priority, view.waiting_since, view.contact_id))
    return [view.contact_id for view in standing]


class Positions:
    """Tells the sockets of the hub. A part."""

    name = "positions"

    def __init__(self, settings: Settings, places: Places, hub: Hub) -> None:
        self._url = settings.redis
        self._places = places
        self._hub = hub
        self._changed: dict[Line, int] = {}
        self._some = asyncio.Event()
        self._decoder = msgspec.json.Decoder(View)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin; returns at once."""
        self._task = tasks.start("positions", self._run())

    async def stop(self) -> None:
        """End."""
        await tasks.stop(self._task)

    def trouble(self) -> str | None:
        """Never: without Redis customers are not told their place, and that is all."""
        return None

    def changed(self, line: Line, offset: int = -1) -> None:
        """Somebody came or left, or wants to know: tell the line anew, from views that show the
        journal up to `offset`."""
        self._changed[line] = max(offset, self._changed.get(line, -1))
        self._some.set()

    async def _run(self) -> None:
        client = redis.connect(self._url)
        pause = INTERVAL
        try:
            while True:
                await self._some.wait()
                self._some.clear()
                lines, self._changed = self._changed, {}
                try:
                    while lines:
                        line, offset = next(iter(lines.items()))
                        await self._tell(client, line, offset)
                        del lines[line]
                    pause = INTERVAL
                except (RedisError, OSError, Behind) as error:
                    log.debug("places in the line are not known now: %r", error)
                    for line, offset in lines.items():
                        self.changed(line, offset)
                    pause = min(pause * 2, 10.0)
                await asyncio.sleep(pause)
        finally:
            await client.aclose()

    async def _tell(self, client: Redis, line: Line, offset: int) -> None:
        standing = self._places.standing(line)
        ours = {
            place.contact_id: place.conversation_id
            for contact_id in standing
            if (place := self._places.contact(contact_id)) is not None
            and self._hub.holds(place.conversation_id)
        }
        if not ours:
            return
        applied = await client.get(views.applied(line.partition))
        if int(applied or -1) < offset:
            raise Behind
        found: list[View] = []
        for start in range(0, len(standing), _AT_ONCE):
            ids = standing[start : start + _AT_ONCE]
            documents = await client.hmget(views.contacts(line.partition), ids)
            found += [self._decoder.decode(text) for text in documents if text]
        for position, contact_id in enumerate(ranked(found), 1):
            place = self._places.contact(contact_id)
            if contact_id in ours and place is not None and place.state == "waiting":
                self._hub.tell_position(ours[contact_id], position)
