"""An agent's answer as a mail. Pure.

No value can begin a header of its own: every one is either built from a strict alphabet
(addresses, Message-IDs) or put on one line before the library encodes it.
"""

from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime

from services.contracts.messages import CreatedMessage, StartedConversation
from services.email import cleaning
from services.email.message_ids import MessageIds
from services.email.parse import is_machine
from services.email.routes import Route, Routes
from services.email.texts import say
from services.kit.clock import to_datetime


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A mail ready for SMTP: envelope and content."""

    sender: str
    recipient: str
    content: bytes


class NotAnswerable(Exception):
    """There is nobody to send the answer to; `reason` is one sentence without personal data."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Ids(str):
    """The value of a header of Message-IDs, which is folded between them and never encoded: the
    library's own folding makes encoded words of long ones, and then no thread holds together."""

    __slots__ = ("name",)
    name: str
    max_count = 1
    defects = ()

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: " + f"{policy.linesep} ".join(self.split()) + policy.linesep


def compose(
    head: StartedConversation,
    message: CreatedMessage,
    references: list[str],
    latest: str,
    routes: Routes,
    ids: MessageIds,
) -> Outgoing:
    """The mail of `message`, the same bytes each time. Raises `NotAnswerable`.

    `references` are the Message-IDs of the thread, `latest` the one of the customer's last mail.
    """
    recipient = cleaning.address(head.customer.email)
    mailbox = _mailbox(head, routes)
    if mailbox is None:
        raise NotAnswerable("No mailbox belongs to the pool of the conversation.")
    if not recipient:
        raise NotAnswerable("The customer has no address that can be written to.")
    if is_machine(recipient) or routes.find(recipient) is not None:
        raise NotAnswerable("The address belongs to a machine: a mail system, or ourselves.")
    mail = EmailMessage(policy=SMTP)
    mail["From"] = mailbox.address
    mail["To"] = recipient
    mail["Subject"] = _subject(head, message)
    mail["Date"] = format_datetime(to_datetime(message.at))
    own = ids.make(head.conversation_id, message.message_id, mailbox.domain)
    _set_ids(mail, "Message-ID", [own])
    if latest:
        _set_ids(mail, "In-Reply-To", [latest])
    if thread := [*(one for one in references if one != latest), *filter(None, [latest])]:
        _set_ids(mail, "References", thread)
    if head.language:
        mail["Content-Language"] = cleaning.line(head.language, 35)
    mail.set_content(cleaning.text(message.text, len(message.text)) + "\n", cte="quoted-printable")
    return Outgoing(mailbox.address, recipient, mail.as_bytes())


def _mailbox(head: StartedConversation, routes: Routes) -> Route | None:
    """The mailbox that the customer wrote to, else one of the pool in the customer's language."""
    used = routes.find(head.fields.get("mailbox", ""))
    if used is not None and used.pool == head.pool:
        return used
    return routes.for_pool(head.pool, head.language)


def _subject(head: StartedConversation, message: CreatedMessage) -> str:
    own = cleaning.line(message.subject, 300)
    if own:
        return own
    theirs = cleaning.line(head.subject, 300)
    if not theirs:
        return say("answer_subject", head.language)
    return theirs if theirs.lower().startswith(("re:", "sv:", "vs:")) else f"Re: {theirs}"


def _set_ids(mail: EmailMessage, name: str, message_ids: list[str]) -> None:
    value = _Ids(" ".join(cleaning.message_ids(" ".join(message_ids))))
    value.name = name
    if value:
        mail[name] = value
