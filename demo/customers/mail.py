"""Customers who write an e-mail: over SMTP, as any mail server would deliver it."""

import asyncio
from email.message import EmailMessage
from email.utils import format_datetime, formataddr

import aiosmtplib

from demo.customers.surroundings import Surroundings
from demo.door import FIRST_PAUSE, LONGEST_PAUSE, PATIENCE, GaveUp
from demo.places import MAILBOXES
from demo.records import Customer
from services.kit.clock import to_datetime

SUBJECTS = {
    "fi": {
        "service": "Huollosta",
        "repair": "Vika autossa",
        "tyres": "Renkaat",
        "booking": "Ajanvaraus",
        "billing": "Kysymys laskusta",
        "complaint": "Reklamaatio",
        "": "Kysymys",
    },
    "sv": {
        "service": "Om service",
        "repair": "Fel på bilen",
        "tyres": "Däck",
        "booking": "Tidsbokning",
        "billing": "Fråga om fakturan",
        "complaint": "Reklamation",
        "": "En fråga",
    },
    "en": {
        "service": "About a service",
        "repair": "A problem with my car",
        "tyres": "Tyres",
        "booking": "Appointment",
        "billing": "A question about the invoice",
        "complaint": "Complaint",
        "": "A question",
    },
}
GREETINGS = {"fi": "Hei!", "sv": "Hej!", "en": "Hello,"}
REGARDS = {"fi": "Ystävällisin terveisin", "sv": "Med vänlig hälsning", "en": "Kind regards,"}


def letter(customer: Customer, now_ms: int) -> EmailMessage:
    """The mail; its Message-ID is the customer's key, the same at each try."""
    language, topic = customer.language, customer.question.topic
    subjects = SUBJECTS[language]
    message = EmailMessage()
    message["From"] = formataddr((customer.name, customer.email))
    message["To"] = MAILBOXES[language]
    message["Subject"] = subjects.get(topic, subjects[""])
    message["Message-ID"] = customer.key
    message["Date"] = format_datetime(to_datetime(now_ms))
    message.set_content(
        f"{GREETINGS[language]}\n\n{customer.question.text}\n\n"
        f"{REGARDS[language]}\n{customer.name}\n"
    )
    return message


async def visit(around: Surroundings, customer: Customer) -> None:
    """Deliver the mail, again and again until the server says 250. Raises `GaveUp`."""
    message = letter(customer, around.clock.now_ms())
    host, port = around.places.smtp
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE
    pause = FIRST_PAUSE
    customer.asked_at = around.clock.now_ms()
    while True:
        try:
            await aiosmtplib.send(
                message, hostname=host, port=port, timeout=10, use_tls=False, start_tls=False
            )
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            refused = isinstance(error, aiosmtplib.SMTPResponseException) and error.code >= 500
            if refused or loop.time() + pause > deadline:
                raise GaveUp(f"SMTP: {error}") from error
            around.door.retries += 1
            await asyncio.sleep(pause * around.chance.uniform(0.8, 1.2))
            pause = min(pause * 1.6, LONGEST_PAUSE)
        else:
            around.accepted(customer)
            return
