"""Bytes that arrived as a mail → `Mail`. Never raises, whatever comes: no mail is lost.

The standard library's parser with every access guarded. Sizes are limited before it begins:
some of its steps take quadratic time.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from email.message import EmailMessage, MIMEPart
from email.parser import BytesHeaderParser, BytesParser
from email.policy import EmailPolicy
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from services.email import cleaning
from services.email.headers import LIMIT, Headers, decode
from services.email.html_text import html_to_text
from services.email.mail import TEXT_LIMIT, Mail, digest_of

log = logging.getLogger(__name__)
T = TypeVar("T")

_MOST_LINES = 300_000
_MOST_BOUNDARIES = 40
_MOST_DASHES = 3000
_MOST_HEAD = 256_000
_MOST_PARTS = 500
_MOST_ATTACHMENTS = 20
_MACHINES = frozenset({"mailer-daemon", "postmaster"})


def is_machine(address: str) -> bool:
    """Whether a mail system, not a person, reads what is sent to the address."""
    return address.partition("@")[0].lower() in _MACHINES


if TYPE_CHECKING:
    _Policy = EmailPolicy[EmailMessage]
else:
    _Policy = EmailPolicy  # a generic in the type stubs alone


class _Limited(_Policy):
    """The default policy with endless headers cut."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:LIMIT]


_POLICY = _Limited()


def parse(raw: bytes, mail_from: str, is_ours: Callable[[str], bool]) -> Mail:
    """The mail in `raw`, which came from the envelope sender `mail_from` (empty: the null sender).

    `is_ours` tells our own mailboxes: what comes from them is automatic.
    """
    digest = digest_of(raw)
    try:
        return _parse(raw, digest, mail_from, is_ours)
    except Exception as error:  # noqa: BLE001 - see the module's promise
        log.warning("a mail cannot be parsed", extra={"cause": type(error).__name__})
    sender = cleaning.address(mail_from)
    return _with_raw_text(
        Mail(digest=digest, sender=sender, answer_to=sender, automatic=not mail_from), raw
    )


def _parse(raw: bytes, digest: str, mail_from: str, is_ours: Callable[[str], bool]) -> Mail:
    tangled = (
        max(raw.count(b"\n"), raw.count(b"\r")) > _MOST_LINES
        or raw.count(b"\n--") > _MOST_DASHES
        or raw.lower().count(b"boundary=") > _MOST_BOUNDARIES
    )
    kind = BytesHeaderParser if tangled else BytesParser
    parser: BytesParser[EmailMessage] = kind(policy=_POLICY)
    message = parser.parsebytes(raw[:_MOST_HEAD] if tangled else raw)
    headers = Headers(message)
    name, sender = headers.address("from")
    sender = sender or cleaning.address(mail_from)
    ids = headers.ids("message-id")
    nearest = headers.ids("in-reply-to")
    mail = Mail(
        digest=digest,
        sender=sender,
        answer_to=headers.address("reply-to")[1] or sender,
        name=name,
        subject=headers.line("subject"),
        message_id=ids[0] if ids else "",
        parents=tuple(dict.fromkeys((*nearest, *reversed(headers.ids("references"))))),
        automatic=_automatic(headers, mail_from, sender, is_ours),
    )
    return _with_raw_text(mail, raw) if tangled else _with_text(mail, message)


def _automatic(
    headers: Headers, mail_from: str, sender: str, is_ours: Callable[[str], bool]
) -> bool:
    """RFC 3834: such mail is never answered by a machine, and seldom waits for a person."""
    submitted = headers.line("auto-submitted").partition(";")[0].strip().lower()
    return (
        submitted not in {"", "no"}
        or not mail_from
        or headers.raw("return-path").strip() == "<>"
        or is_machine(sender)
        or is_ours(sender)
    )


def _with_text(mail: Mail, message: EmailMessage) -> Mail:
    parts = list(islice(_parts(message), _MOST_PARTS))
    found = next((text for text in _texts(message, parts) if text), "")
    readable = True
    if not found and message.defects:  # parts that nobody can find: the body as it came
        found, readable = _text_of(message), False
    return _replace(
        mail,
        found[:TEXT_LIMIT],
        cut=len(found) > TEXT_LIMIT,
        readable=readable or not found,
        parts=parts,
    )


def _with_raw_text(mail: Mail, raw: bytes) -> Mail:
    text = cleaning.text(decode(raw[: 4 * TEXT_LIMIT], "utf-8"), TEXT_LIMIT + 1)
    return _replace(mail, text[:TEXT_LIMIT], cut=len(text) > TEXT_LIMIT, readable=False)


def _replace(
    mail: Mail,
    text: str,
    *,
    cut: bool,
    readable: bool = True,
    parts: Iterable[EmailMessage] = (),
) -> Mail:
    names = (name for part in parts if (name := _file_name(part)))
    return Mail(
        digest=mail.digest,
        sender=mail.sender,
        answer_to=mail.answer_to,
        name=mail.name,
        subject=mail.subject,
        text=text,
        message_id=mail.message_id,
        parents=mail.parents,
        automatic=mail.automatic,
        attachments=tuple(islice(names, _MOST_ATTACHMENTS)),
        cut=cut,
        readable=readable,
    )


def _parts(message: EmailMessage) -> Iterator[EmailMessage]:
    for part in message.walk():
        if not part.is_multipart():
            yield part


def _texts(message: EmailMessage, parts: list[EmailMessage]) -> Iterator[str]:
    """Candidates for the text, the best first: the body as plain text, as HTML, then any part."""
    for kind in ("plain", "html"):
        body = _guarded(lambda kind=kind: message.get_body((kind,)), None)  # type: ignore[misc]
        if body is not None:
            yield _text_of(body)
    for part in parts:
        if _guarded(part.get_content_maintype, "") == "text":
            yield _text_of(part)


def _text_of(part: MIMEPart) -> str:
    payload: object = _guarded(lambda: part.get_payload(decode=True), None)
    if not isinstance(payload, bytes):
        return ""
    text = decode(payload[: 4 * TEXT_LIMIT], _guarded(part.get_content_charset, None))
    if _guarded(part.get_content_subtype, "") == "html":
        text = html_to_text(text)
    return cleaning.text(text, TEXT_LIMIT + 1)


def _file_name(part: EmailMessage) -> str:
    named = _guarded(part.get_filename, None)
    if named:
        return cleaning.line(str(named), 100)
    attached = _guarded(part.get_content_disposition, None) == "attachment"
    if attached or _guarded(part.get_content_maintype, "text") not in {"text", "multipart"}:
        return _guarded(part.get_content_type, "?")
    return ""


def _guarded(access: Callable[[], T], otherwise: T) -> T:
    """What `access` gives, or `otherwise`: a broken part does not take the others with it."""
    try:
        return access()
    except Exception:  # noqa: BLE001 - see the module's promise
        return otherwise
