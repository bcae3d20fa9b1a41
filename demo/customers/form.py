"""Customers who fill in the form: on its page, as a browser does, or through the JSON door."""

import re
from html.parser import HTMLParser

from demo.customers.surroundings import Surroundings
from demo.door import Refused
from demo.places import FORM, POOL
from demo.records import Customer

CASE = re.compile(r"\b[2-9A-Z]{3}-[2-9A-Z]{3}-[2-9A-Z]{3}\b")
MOST_TRIES = 4


class _Form(HTMLParser):
    """The inputs of a page's form with their values, as a browser would send them."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect hidden inputs and empty fields alike."""
        found = dict(attrs)
        name = found.get("name")
        if tag == "input" and name and found.get("type") not in ("submit", "radio", "checkbox"):
            self.values[name] = found.get("value") or ""


def hidden_of(page: str) -> dict[str, str]:
    """What the page's form carries besides what a person types; a trap stays empty."""
    form = _Form()
    form.feed(page)
    return form.values


async def visit(around: Surroundings, customer: Customer) -> None:
    """One in two uses the page. Raises `GaveUp` or `Refused`."""
    if around.pace.happens(0.5):
        await _on_the_page(around, customer)
    else:
        await _by_program(around, customer)


def _fields(around: Surroundings, customer: Customer) -> dict[str, str]:
    question, chance = customer.question, around.chance
    letters = "".join(chance.choice("ABCEFGHIJKLMNOPRSTUVXYZ") for _ in range(3))
    return {
        "description": question.text,
        "model": question.model or "Toyota Corolla 2018",
        "registration": f"{letters}-{chance.randint(100, 999)}",
        "mileage": str(question.mileage or 100_000),
        "answer_by": "email",
        "name": customer.name,
        "email": customer.email,
        "phone": f"040 {chance.randint(100, 999)} {chance.randint(1000, 9999)}",
    }


async def _by_program(around: Surroundings, customer: Customer) -> None:
    customer.asked_at = around.clock.now_ms()
    answer = await around.door.said(
        "POST",
        f"{around.places.forms}/v1/forms/{POOL}/{FORM}",
        key=customer.key,
        json={"language": customer.language, "fields": _fields(around, customer)},
    )
    customer.case = answer["case"]
    around.accepted(customer, answer["contact_id"], answer["conversation_id"])


async def _on_the_page(around: Surroundings, customer: Customer) -> None:
    url = f"{around.places.forms}/forms/{POOL}/{FORM}?lang={customer.language}"
    page = (await around.door.ask("GET", url)).text
    fields = _fields(around, customer)
    for tries_left in reversed(range(MOST_TRIES)):
        await around.pace.takes(60)
        customer.asked_at = around.clock.now_ms()
        try:
            answer = await around.door.ask("POST", url, data=hidden_of(page) | fields)
        except Refused as refused:
            # The page comes back and asks to press once more: too quick for a person.
            page = refused.response.text
            if refused.status != 422 or "_token" not in page or not tries_left:
                raise
            continue
        around.accepted(customer)
        receipt = await around.door.ask("GET", f"{around.places.forms}{answer.headers['location']}")
        found = CASE.search(receipt.text)
        if found is not None:
            customer.case = found[0]
        return
