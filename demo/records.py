"""What the customers and agents themselves remember: what was acknowledged, what came back.

The report holds these memories against the journal: nobody is asked who has an interest in the
answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from demo.floor import Contact
from demo.questions import Question


@dataclass(slots=True, eq=False)
class Customer:
    """One customer with one matter. `key` is the id that every retry repeats (a `cid`, an
    `Idempotency-Key`, a Message-ID); `accepted` is set by the door's acknowledgement alone,
    `given_up` when nobody acknowledged it for as long as patience lasted. `asked_at`: when the
    customer pressed "send", in ms.

    `received` holds the answers that came over the socket (message id → text), `letters` the
    texts of e-mails. Which contact this is: `contact_id` where the door says so, `case` where it
    gives a case number; for an e-mail the `messages` topic tells. `listening`: a socket is held.
    """

    channel: str
    language: str
    name: str
    email: str
    question: Question
    key: str
    asked_at: int
    accepted: bool = False
    given_up: bool = False
    contact_id: str = ""
    conversation_id: str = ""
    case: str = ""
    token: str = ""
    received: dict[str, str] = field(default_factory=dict)
    letters: list[str] = field(default_factory=list)
    listening: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What an agent said and the platform acknowledged (201)."""

    conversation_id: str
    message_id: str
    text: str


class Records:
    """All customers and all acknowledged answers of a run."""

    def __init__(self) -> None:
        self.customers: dict[str, Customer] = {}
        self.answers: dict[str, list[Answer]] = {}
        self._by_contact: dict[str, Customer] = {}
        self._by_address: dict[str, Customer] = {}

    def add(self, customer: Customer) -> None:
        """A customer is about to write."""
        self.customers[customer.key] = customer
        self._by_address[customer.email] = customer

    def identify(self, customer: Customer, contact_id: str, conversation_id: str) -> None:
        """It is known which contact and conversation the customer's are."""
        customer.contact_id = contact_id
        customer.conversation_id = conversation_id
        self._by_contact[contact_id] = customer

    def of_contact(self, contact_id: str) -> Customer | None:
        """The customer behind a contact, if it is one of ours."""
        return self._by_contact.get(contact_id)

    def letter(self, address: str, text: str) -> None:
        """An e-mail came for a customer; mail for strangers is not kept."""
        customer = self._by_address.get(address)
        if customer is not None:
            customer.letters.append(" ".join(text.split()))

    def answered(self, answer: Answer) -> None:
        """An agent's answer was acknowledged."""
        self.answers.setdefault(answer.conversation_id, []).append(answer)

    def drop(self, customer: Customer) -> None:
        """Nothing more is expected of this customer's matter."""
        self.customers.pop(customer.key, None)
        self._by_address.pop(customer.email, None)
        self._by_contact.pop(customer.contact_id, None)
        self.answers.pop(customer.conversation_id, None)

    def lost(self, contacts: Mapping[str, Contact]) -> list[Customer]:
        """Acknowledged, and the journal has never heard of them."""
        return [
            customer
            for customer in self.customers.values()
            if customer.accepted and customer.contact_id not in contacts
        ]

    def missing(self, customer: Customer) -> list[Answer]:
        """Acknowledged answers that have not reached the customer."""
        return [
            answer
            for answer in self.answers.get(customer.conversation_id, ())
            if not _reached(customer, answer)
        ]

    def all_missing(self) -> list[Answer]:
        """As `missing`, of all customers."""
        return [answer for one in self.customers.values() for answer in self.missing(one)]


def _reached(customer: Customer, answer: Answer) -> bool:
    if answer.message_id in customer.received:
        return True
    text = " ".join(answer.text.split())
    return any(text in letter for letter in customer.letters)
