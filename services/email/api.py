"""The door: SMTP in. 250 means that the mail is durable; 451 that it is not and may come again."""

import asyncio
import logging
import traceback
from typing import cast

from aiosmtpd.smtp import SMTP, Envelope, Session

from services.email.intake import Intake
from services.email.routes import Route, Routes
from services.email.settings import EmailSettings
from services.kit.errors import RefusedToStart, Unavailable

log = logging.getLogger(__name__)
_MOST_RECIPIENTS = 20
_SLACK = 64 * 1024
_ACCEPTED = "250 2.0.0 Accepted"
_LATER = "451 4.3.0 Not accepted now, try again later"


class _Connection(SMTP):  # type: ignore[misc]
    """One client. The library limits what it keeps of a mail, but not a line without an end:
    `data_received` counts all that comes for one mail and hangs up beyond the limit."""

    line_length_limit = 64 * 1024
    """Longer than the standard allows: many senders ignore it, and no mail is lost for that."""

    def __init__(self, handler: "_Handler", settings: EmailSettings) -> None:
        self._handler = handler
        self._most_connections = settings.smtp_max_connections
        self._most_bytes = 2 * settings.smtp_max_bytes + _SLACK
        self._came = 0
        self._refused = False
        super().__init__(
            handler,
            data_size_limit=settings.smtp_max_bytes,
            enable_SMTPUTF8=True,
            hostname=settings.smtp_hostname,
            ident="Jonoton",
            timeout=settings.smtp_timeout,
            loop=asyncio.get_running_loop(),
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if len(self._handler.connections) >= self._most_connections:
            self._refuse(transport, b"421 4.3.2 Too many connections, try again later\r\n")
            return
        self._handler.connections.add(transport)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self.session is None:  # refused before it began
            return
        if self.transport is not None:
            self._handler.connections.discard(self.transport)
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        self._came += len(data)
        if self._came > self._most_bytes and not self._refused:
            self._refuse(self.transport, b"552 5.3.4 Too much mail data\r\n")
        if not self._refused:
            super().data_received(data)

    def eof_received(self) -> bool | None:
        return None if self.session is None else super().eof_received()

    def begin_mail(self) -> None:
        """A new mail may be as large as the last."""
        self._came = 0

    def _refuse(self, transport: asyncio.BaseTransport | None, words: bytes) -> None:
        self._refused = True
        # uvloop's transports are none of asyncio's classes.
        stream = cast("asyncio.WriteTransport", transport)
        stream.write(words)
        stream.close()


class _Handler:
    """The library calls `handle_<command>`; what is returned is the answer."""

    def __init__(self, intake: Intake, routes: Routes) -> None:
        self._intake = intake
        self._routes = routes
        self.connections: set[asyncio.BaseTransport] = set()

    async def handle_MAIL(  # noqa: N802 - the library's name
        self,
        server: _Connection,
        session: Session,  # noqa: ARG002
        envelope: Envelope,
        address: str,
        mail_options: list[str],
    ) -> str:
        server.begin_mail()
        envelope.mail_from = address
        envelope.mail_options.extend(mail_options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self,
        server: _Connection,  # noqa: ARG002
        session: Session,  # noqa: ARG002
        envelope: Envelope,
        address: str,
        rcpt_options: list[str],
    ) -> str:
        if self._routes.find(address) is None:
            return "550 5.1.1 No such mailbox here"
        if len(envelope.rcpt_tos) >= _MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(rcpt_options)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802
        self,
        server: _Connection,  # noqa: ARG002
        session: Session,  # noqa: ARG002
        envelope: Envelope,
    ) -> str:
        routes: list[Route] = [
            route for address in envelope.rcpt_tos if (route := self._routes.find(address))
        ]
        mail_from = (envelope.mail_from or "").strip("<>")
        try:
            await self._intake.accept(envelope.original_content or b"", mail_from, routes)
        except Unavailable as error:
            log.warning("a mail was refused for now: %s", error.detail)
            return _LATER
        return _ACCEPTED

    async def handle_exception(self, error: Exception) -> str:
        """A bug of ours is no reason for the sender's server to give the mail up. The error's
        words may quote the mail: only its kind and place are logged."""
        place = "".join(traceback.format_tb(error.__traceback__)[-3:])
        log.error("error in SMTP: %s", type(error).__name__, extra={"place": place})
        return _LATER


class SmtpDoor:
    """The SMTP server as a part: listens when started, drains when stopped."""

    name = "smtp"

    def __init__(self, settings: EmailSettings, intake: Intake, routes: Routes) -> None:
        self._settings = settings
        self._intake = intake
        self._handler = _Handler(intake, routes)
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen. Raises `RefusedToStart` when the port is taken."""
        host, port = self._settings.host, self._settings.smtp_port
        try:
            self._server = await asyncio.get_running_loop().create_server(self._new, host, port)
        except OSError as error:
            raise RefusedToStart(
                f"SMTP cannot listen on {host}:{port}: {error.strerror}"
            ) from error

    async def stop(self) -> None:
        """Take no more connections, finish the mails in hand, hang up."""
        if self._server is None:
            return
        self._server.close()
        await self._intake.drain()
        for transport in list(self._handler.connections):
            transport.close()
        await self._server.wait_closed()

    def trouble(self) -> str | None:
        """Why no mail can come in, or None."""
        listening = self._server is not None and self._server.is_serving()
        return None if listening else "not listening"

    @property
    def port(self) -> int:
        """The port that it listens on."""
        assert self._server is not None  # noqa: S101 - start() first
        return int(self._server.sockets[0].getsockname()[1])

    def _new(self) -> asyncio.Protocol:
        return _Connection(self._handler, self._settings)
