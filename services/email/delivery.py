"""Agents' answers go out: each once, its outcome recorded.

The order is: look whether the outcome is recorded → hand over → record → commit. What a restart
repeats is found recorded. One window stays open, SMTP's own: the process dies between the
server's 250 and our record; then the mail goes again, under the same Message-ID.
"""

import asyncio
import logging

from services.contracts.messages import (
    CreatedMessage,
    DeliveryRecorded,
    MessageCreated,
    MessageEvent,
    RecordedDelivery,
)
from services.email.adapters import Conversations, Handed, SmtpOut
from services.email.compose import NotAnswerable, compose
from services.email.core import ANSWERED, CHANNEL
from services.email.index import Conversation
from services.email.message_ids import MessageIds
from services.email.routes import Routes
from services.kit.clock import Clock, derived_id, to_datetime
from services.kit.errors import Unavailable
from services.kit.follow import Follower
from services.kit.log_reader import Raw
from services.kit.messages import Heard, publish_record
from services.kit.metrics import Metrics
from services.kit.publisher import Publisher
from services.kit.settings import Settings

log = logging.getLogger(__name__)
_LAST_SECONDS = 5.0


class Delivery:
    """The handler of the consumer group. `patience`: for how many seconds a temporary refusal
    of one mail is tried again; then it counts as failed, for the others wait behind it."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock,
        metrics: Metrics,
        publisher: Publisher,
        messages: Follower[Heard],
        conversations: Conversations,
        routes: Routes,
        ids: MessageIds,
        smtp: SmtpOut,
        patience: float,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._metrics = metrics
        self._publisher = publisher
        self._messages = messages
        self._conversations = conversations
        self._routes = routes
        self._ids = ids
        self._smtp = smtp
        self._patience = patience
        self._unrecorded: dict[str, Handed] = {}
        self._refused_since: dict[str, float] = {}

    async def handle(self, event: MessageEvent, raw: Raw) -> None:
        """Send the message if it is an agent's answer by e-mail. Raises `Unavailable`.

        A stop in the middle lets the mail in hand be recorded, so that it does not go twice.
        """
        if not isinstance(event, MessageCreated):
            return
        message = event.data
        if message.author.kind != "agent" or message.channel not in ANSWERED:
            return
        work = asyncio.ensure_future(self._settle(message, raw))
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            await asyncio.wait([work], timeout=_LAST_SECONDS)
            if not work.cancel():
                work.exception()  # seen: what has failed is tried again after the restart
            raise

    async def _settle(self, message: CreatedMessage, raw: Raw) -> None:
        await self._messages.current(raw.partition)
        known = await self._conversations.find(message.conversation_id, covering=raw.offset)
        if message.message_id in known.settled:
            return
        handed = self._unrecorded.get(message.message_id)
        if handed is None:
            handed = await self._hand_over(known, message)
            self._unrecorded[message.message_id] = handed
        await self._record(message, handed)
        del self._unrecorded[message.message_id]

    async def _hand_over(self, known: Conversation, message: CreatedMessage) -> Handed:
        if known.head is None:
            return self._counted(Handed("failed", "The conversation is not known."))
        try:
            mail = compose(
                known.head, message, known.references, known.latest, self._routes, self._ids
            )
        except NotAnswerable as error:
            return self._counted(Handed("failed", error.reason))
        handed = await self._smtp.send(mail)
        if handed.result == "refused_for_now":
            now = self._clock.monotonic()
            since = self._refused_since.setdefault(message.message_id, now)
            if now - since < self._patience:
                self._metrics.count("email_sent_total", result="refused_for_now")
                raise Unavailable(f"The SMTP server does not take a mail now: {handed.detail}.")
            handed = Handed("failed", handed.detail)
        self._refused_since.pop(message.message_id, None)
        return self._counted(handed)

    def _counted(self, handed: Handed) -> Handed:
        self._metrics.count("email_sent_total", result=handed.result)
        return handed

    async def _record(self, message: CreatedMessage, handed: Handed) -> None:
        record = DeliveryRecorded(
            id=derived_id("email.delivery", message.message_id),
            source=CHANNEL,
            time=to_datetime(self._clock.now_ms()),
            subject=message.conversation_id,
            data=RecordedDelivery(
                conversation_id=message.conversation_id,
                message_id=message.message_id,
                status="sent" if handed.result == "sent" else "failed",
                detail=handed.detail,
            ),
        )
        await publish_record(self._publisher, self._settings, record, f"{message.message_id}.sent")
        where = {"conversation": message.conversation_id, "message_id": message.message_id}
        log.info("an answer was handed over", extra={**where, "result": handed.result})
