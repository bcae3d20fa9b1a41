"""The customers' mail server: takes what the platform sends and files it by recipient."""

import asyncio
import email
import email.policy
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP

MAX_BYTES = 1024 * 1024


class _Handler:
    def __init__(self, deliver: Callable[[str, str], None]) -> None:
        self._deliver = deliver

    async def handle_DATA(  # noqa: N802 - the name that aiosmtpd calls
        self, _server: Any, _session: Any, envelope: Any
    ) -> str:
        """Keep it before the answer says so."""
        text = text_of(envelope.content)
        for address in envelope.rcpt_tos:
            self._deliver(address, text)
        return "250 2.0.0 filed"


def text_of(raw: bytes) -> str:
    """The plain text of a mail; empty if it has none."""
    message = email.message_from_bytes(raw, _class=EmailMessage, policy=email.policy.default)
    body = message.get_body(preferencelist=("plain",))
    return "" if body is None else str(body.get_content())


@asynccontextmanager
async def listening(
    address: tuple[str, int], deliver: Callable[[str, str], None]
) -> AsyncIterator[None]:
    """Take mail at this address while the block runs: `deliver(recipient, text)`."""
    handler = _Handler(deliver)
    loop = asyncio.get_running_loop()

    def session() -> SMTP:
        return SMTP(
            handler,
            data_size_limit=MAX_BYTES,
            enable_SMTPUTF8=True,
            hostname="mail.example.com",
            loop=loop,
        )

    server = await loop.create_server(session, *address)
    try:
        yield
    finally:
        server.close()
