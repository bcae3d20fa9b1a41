"""Writing dead letters: what nobody could read, whole, with the reason."""

import msgspec

from services.contracts.dead_letter import RecordRefused, RefusedRecord
from services.contracts.topics import Topic, dead_letters_of
from services.kit.clock import Clock, to_datetime
from services.kit.errors import InvalidMessage
from services.kit.log_reader import Raw
from services.kit.publisher import Publisher


class DeadLetters:
    """Writes to `<topic>-dlq`. The id is the record's place, so that a double is seen as one."""

    def __init__(self, publisher: Publisher, clock: Clock, reader: str) -> None:
        self._publisher = publisher
        self._clock = clock
        self._reader = reader

    async def write(self, topic: Topic, raw: Raw, reason: str, detail: str) -> None:
        """Durable when it returns. Raises `Unavailable`.

        A record too large for one that holds it whole is named without its bytes: whoever wants
        them reads them at its place, as long as the source keeps them.
        """
        place = f"{topic.name}/{raw.partition}/{raw.offset}"
        letter = RecordRefused(
            id=place,
            source=self._reader,
            time=to_datetime(self._clock.now_ms()),
            data=RefusedRecord(
                topic=topic.name,
                partition=raw.partition,
                offset=raw.offset,
                reason=reason,
                detail=detail[:2000],
                reader=self._reader,
                value=raw.value,
                key=raw.key,
            ),
        )
        letters = dead_letters_of(topic)
        try:
            await self._publisher.publish(letters, letter, key=place)
        except InvalidMessage:
            size = len(raw.value or b"")
            short = f"{letter.data.detail} ({size} bytes, too many to be kept here)"
            data = msgspec.structs.replace(letter.data, detail=short, value=None, key=None)
            bare = msgspec.structs.replace(letter, data=data)
            await self._publisher.publish(letters, bare, key=place)
