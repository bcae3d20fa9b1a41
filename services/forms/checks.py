"""Typed text becomes a value, kindly: what people write in one way or another is understood.

Each check takes cleaned text that is not empty and returns the value in its one normal form; it
raises `NotValid` with the name of the sentence (in `texts.yaml`) to be said.
"""

import re
import unicodedata
from collections.abc import Callable

import phonenumbers
from email_validator import EmailNotValidError, validate_email

HOME_REGION = "FI"


class NotValid(Exception):
    """The text is not of its kind; `text` names what to say about it."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def clean(typed: str, *, lines: bool) -> str:
    """The text without what nobody typed on purpose: control signs, spaces around, and, in a
    field of one line, breaks and repeated spaces. Unicode in its composed form (NFC)."""
    if typed.isascii() and typed.isprintable():
        return typed.strip() if lines else " ".join(typed.split())
    text = unicodedata.normalize("NFC", typed.replace("\r\n", "\n").replace("\r", "\n"))
    text = "".join(
        " " if c == "\t" else c for c in text if c in "\n\t" or unicodedata.category(c) != "Cc"
    )
    text = text.encode("utf-8", "replace").decode()  # lone surrogates cannot be stored
    return text.strip() if lines else " ".join(text.split())


def phone(text: str) -> str:
    """E.164, such as `+358401234567`; a number without country code is Finnish."""
    if any(c.isalpha() for c in text):  # phonenumbers would dial letters
        raise NotValid("not_a_phone")
    try:
        number = phonenumbers.parse(text, HOME_REGION)
    except phonenumbers.NumberParseException as error:
        raise NotValid("not_a_phone") from error
    if not phonenumbers.is_valid_number(number):
        raise NotValid("not_a_phone")
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def readable_phone(number: str) -> str:
    """An E.164 number with the spaces of its country."""
    parsed = phonenumbers.parse(number, None)
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL))


def email(text: str) -> str:
    """The address with its domain in lower case. Its syntax alone: no name server is asked."""
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise NotValid("not_an_email") from error


# The figures never begin with a nought. In this order: cars, vans, trailers, museum vehicles and
# personalised plates; export plates and diplomats; old trailers; Åland; and, figures first, the
# plates in two rows of tractors, mopeds and snowmobiles.
_PLATES = re.compile(
    r"[A-ZÅÄÖ]{2,3}[1-9][0-9]{0,2}"
    r"|(?:[A-Z]|CD)[1-9][0-9]{0,3}"
    r"|P[A-ZÅÄÖ][1-9][0-9]{3}"
    r"|ÅL[A-ZÅÄÖ]?[1-9][0-9]{0,4}"
    r"|[1-9][0-9]{0,2}[A-ZÅÄÖ]{2,3}"
)
_PARTS = re.compile(r"([0-9]+|[A-ZÅÄÖ]+)(.+)")
_BETWEEN = re.compile(r"[\s\-‐‑‒–—−·.:]+")


def registration(text: str) -> str:
    """A Finnish registration number as it stands on the plate: `abc 123` is `ABC-123`."""
    signs = _BETWEEN.sub("", text).upper()
    if not _PLATES.fullmatch(signs):
        raise NotValid("not_a_registration")
    return _PARTS.sub(r"\1-\2", signs)


_MILEAGE = re.compile(
    r"(?:noin|n\.?|suunnilleen|ca\.?|cirka|omkring|about|around|approx\.?|~)?\s*"
    r"(?P<figures>[0-9]{1,7}|[0-9]{1,3}(?:[ .,'’][0-9]{3})+)\s*"
    r"(?:km|kilometriä|kilometer|kilomet(?:re|er)s)?\.?",
    re.IGNORECASE,
)


def mileage(text: str) -> int:
    """Whole kilometres: `123000`, `123 000 km`, `noin 123.000`."""
    found = _MILEAGE.fullmatch(" ".join(text.split()))
    if not found:
        raise NotValid("not_a_mileage")
    return int(re.sub(r"[^0-9]", "", found["figures"]))


CHECKS: dict[str, Callable[[str], str | int]] = {
    "text": str,
    "choice": str,
    "phone": phone,
    "email": email,
    "registration": registration,
    "mileage": mileage,
}

_IDENTITY = re.compile(
    r"(?<![0-9A-Za-z])(0[1-9]|[12][0-9]|3[01])(0[1-9]|1[0-2])([0-9]{2})"
    r"\s?[-‐‑‒–—−+A-FU-Ya-fu-y]\s?([0-9]{3})([0-9A-FHJ-NPR-Ya-fhj-npr-y])(?![0-9A-Za-z])"
)
_CHECK_SIGNS = "0123456789ABCDEFHJKLMNPRSTUVWXY"


def has_identity_code(text: str) -> bool:
    """Whether something in the text looks like a Finnish personal identity code.

    One that ends in a figure must have the right one: otherwise a date or a phone number with
    four figures after a dash (`040123-4567`) would be taken for a code.
    """
    for day, month, year, number, check in _IDENTITY.findall(text):
        right = _CHECK_SIGNS[int(day + month + year + number) % 31]
        if not check.isdigit() or check == right:
            return True
    return False
