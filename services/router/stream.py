"""The Faust function: the live feed. It hands over and never waits, decides or fails."""

from typing import Any

import faust

from services.contracts.topics import CONTACT_EVENTS
from services.kit import tasks
from services.router.owners import Owners


def attach(app: faust.App, owners: Owners) -> None:
    """Define the stream over contact-events: raw bytes, one at a time, default acknowledgement."""
    topic = app.topic(CONTACT_EVENTS.name, key_serializer="raw", value_serializer="raw")

    @app.agent(topic, concurrency=1, name="feed")  # type: ignore[untyped-decorator]
    async def feed(stream: Any) -> None:
        try:
            async for event in stream.events():
                message = event.message
                owners.offer(message.partition, message.offset, message.value or b"")
        except Exception as error:  # noqa: BLE001 - Faust would acknowledge the event and go on
            tasks.die("the stream failed", error)
