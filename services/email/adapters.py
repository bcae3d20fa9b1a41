"""The outer world of e-mail: the SMTP server that takes our mails, and older conversations."""

import asyncio
import contextlib
import re
from dataclasses import dataclass
from typing import Literal

import aiosmtplib
import msgspec

from services.contracts.topics import MESSAGES
from services.email.compose import Outgoing
from services.email.index import Conversation, ConversationIndex
from services.kit.errors import RefusedToStart, Unavailable
from services.kit.log_reader import LogReader
from services.kit.messages import hear
from services.kit.publisher import partition_of
from services.kit.settings import Settings

_ENHANCED = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")

_NOT_THIS_MAIL = frozenset({421, 530, 535, 538})
"""Closing, or authentication wanted: whatever the mail, the server would not take it."""


@dataclass(frozen=True, slots=True)
class Handed:
    """How handing a mail over ended. `refused_for_now`: the server is well but does not want this
    mail now. `detail` holds the server's codes, never its words: they quote addresses."""

    result: Literal["sent", "failed", "refused_for_now"]
    detail: str


class SmtpOut:
    """Hands mails to the SMTP server at `host:port`, one connection each."""

    def __init__(self, address: str, hostname: str, timeout: float) -> None:
        host, _, port = address.rpartition(":")
        if not host or not port.isdigit():
            raise RefusedToStart(f"JONOTON_SMTP_OUT={address!r} is not host:port")
        self._host, self._port = host, int(port)
        self._hostname = hostname
        self._timeout = timeout

    async def send(self, mail: Outgoing) -> Handed:
        """Try once. Raises `Unavailable` when the server is away or closing.

        After a broken connection the outcome is unknown: the mail may go twice, under one
        Message-ID. SMTP has no way to ask.
        """
        server = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            local_hostname=self._hostname,
            timeout=self._timeout,
        )
        try:
            await server.connect()
            try:
                await server.sendmail(mail.sender, [mail.recipient], mail.content)
                with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                    await server.quit()  # it has the mail: how it says goodbye changes nothing
            finally:
                server.close()
        except aiosmtplib.SMTPRecipientsRefused as error:
            return _refused(error.recipients[0].code, error.recipients[0].message)
        except (aiosmtplib.SMTPConnectError, aiosmtplib.SMTPHeloError) as error:
            raise Unavailable("The SMTP server for answers cannot be reached.") from error
        except aiosmtplib.SMTPResponseException as error:
            return _refused(error.code, error.message)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            detail = f"The SMTP server for answers is away ({type(error).__name__})."
            raise Unavailable(detail) from error
        return Handed("sent", "")


def _refused(code: int, words: str) -> Handed:
    if code in _NOT_THIS_MAIL:
        raise Unavailable(f"The SMTP server for answers does not talk to us now ({code}).")
    enhanced = _ENHANCED.search(words)
    detail = f"{code} {enhanced[1]}" if enhanced else str(code)
    return Handed("failed" if code >= 500 else "refused_for_now", detail)


class Conversations:
    """Finds conversations: in memory, else (long ago) by reading their partition once."""

    def __init__(self, settings: Settings, index: ConversationIndex) -> None:
        self._settings = settings
        self._index = index
        self._one_at_a_time = asyncio.Lock()

    async def find(self, conversation_id: str, *, covering: int | None = None) -> Conversation:
        """What is known of the conversation; its `head` is None if there is none.

        `covering`: everything after this offset must be known. Raises `Unavailable`.
        """
        known = self._index.get(conversation_id)
        offset = covering if covering is not None else known.since if known is not None else -1
        if known is not None and known.covers(offset):
            return known
        try:
            async with asyncio.timeout(60), self._one_at_a_time:
                return await self._read(conversation_id)
        except TimeoutError:
            raise Unavailable("An old conversation could not be read in time.") from None

    async def _read(self, conversation_id: str) -> Conversation:
        partition = partition_of(conversation_id, self._settings.partitions)
        prefix = f"{conversation_id}/".encode()
        only = ConversationIndex(1)
        reader = LogReader(self._settings, MESSAGES, partitions=[partition])
        await reader.open()
        try:
            end = (await reader.ends())[partition]
            done = 0
            while done < end:
                for raw in await reader.read():
                    done = raw.offset + 1
                    if raw.key is not None and raw.key.startswith(prefix):
                        with contextlib.suppress(msgspec.MsgspecError):
                            only.take(hear(raw))
        finally:
            await reader.close()
        return only.get(conversation_id) or Conversation(since=0)
