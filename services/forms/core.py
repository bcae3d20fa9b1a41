"""A filled-in form becomes events. Pure: no clock, no I/O; the ids come from what makes the
contact unique, so that the same form sent again says the same thing again."""

from dataclasses import dataclass
from typing import Any

from services.contracts.contact_events import ContactOpened, OpenedContact
from services.contracts.messages import (
    Author,
    ConversationStarted,
    CreatedMessage,
    Customer,
    MessageCreated,
    StartedConversation,
)
from services.forms.checks import readable_phone
from services.forms.definition import Field, Form, Language
from services.forms.texts import Texts
from services.forms.validation import number
from services.kit.case_number import case_number
from services.kit.clock import derived_id, to_datetime

CHANNEL = "form"
SOURCE = "forms"


@dataclass(frozen=True, slots=True)
class Submission:
    """A form that passed its checks. `seed` makes the contact unique; `at` is in ms."""

    form: Form
    pool: str
    language: Language
    values: dict[str, Any]
    seed: tuple[str, ...]
    at: int

    @property
    def contact_id(self) -> str:
        """The same for the same seed."""
        return derived_id(SOURCE, "contact", self.pool, self.form.name, *self.seed)

    @property
    def conversation_id(self) -> str:
        """The same for the same seed."""
        return derived_id(SOURCE, "conversation", self.pool, self.form.name, *self.seed)


@dataclass(frozen=True, slots=True)
class Opening:
    """The records that a submission becomes, in the order in which they must be durable."""

    head: ConversationStarted
    message: MessageCreated
    contact: ContactOpened


def opening_of(submission: Submission, texts: Texts) -> Opening:
    """The events.

    The message's id depends on its text: a customer who goes back, corrects the text and sends
    again has one case with two messages, and nothing that was said is lost.
    """
    form, layout, values = submission.form, submission.form.layout, submission.values
    language, at = submission.language, submission.at
    contact_id, conversation_id = submission.contact_id, submission.conversation_id
    text = str(values[layout.message])
    subject = layout.subject.to(language, **{k: str(v) for k, v in values.items()})
    message_id = derived_id(SOURCE, "message", conversation_id, text)
    keys = {
        f.name: str(values[f.name]) for f in form.fields if f.classification and f.name in values
    }
    time = to_datetime(at)
    head = StartedConversation(
        conversation_id=conversation_id,
        contact_id=contact_id,
        pool=submission.pool,
        channel=CHANNEL,
        opened_at=at,
        language=language,
        topic=layout.topic,
        subject=subject,
        customer=customer_of(submission),
        fields=keys,
        details=details_of(submission, texts),
    )
    message = CreatedMessage(
        conversation_id=conversation_id,
        message_id=message_id,
        cid=message_id,
        author=Author(kind="customer"),
        channel=CHANNEL,
        at=at,
        text=text,
        language=language,
        subject=subject,
    )
    contact = OpenedContact(
        pool=submission.pool,
        contact_id=contact_id,
        conversation_id=conversation_id,
        channel=CHANNEL,
        opened_at=at,
        language=language,
        topic=layout.topic,
        fields=keys,
    )
    return Opening(
        ConversationStarted(
            id=derived_id(SOURCE, "head", conversation_id),
            source=SOURCE,
            time=time,
            subject=conversation_id,
            data=head,
        ),
        MessageCreated(
            id=message_id, source=SOURCE, time=time, subject=conversation_id, data=message
        ),
        ContactOpened(id=contact_id, source=SOURCE, time=time, subject=contact_id, data=contact),
    )


def customer_of(submission: Submission) -> Customer:
    """What the customer told about themselves."""
    who, values = submission.form.layout.customer, submission.values
    return Customer(
        name=values.get(who.name, ""),
        email=values.get(who.email, ""),
        phone=values.get(who.phone, ""),
    )


def details_of(submission: Submission, texts: Texts) -> dict[str, str]:
    """Label → value of everything else that was filled in, and the case number, by which the
    customer may call; in the customer's language."""
    layout, language = submission.form.layout, submission.language
    told = {layout.message, layout.customer.name, layout.customer.email, layout.customer.phone}
    shown = {
        (field.short or field.label).to(language): shown_value(
            field, submission.values[field.name], language
        )
        for field in submission.form.fields
        if field.name in submission.values and field.name not in told
    }
    return {texts.case_detail.to(language): case_number(submission.contact_id), **shown}


def shown_value(field: Field, value: Any, language: Language) -> str:
    """The value as people read it."""
    match field.kind:
        case "choice":
            return field.options[str(value)].to(language)
        case "mileage":
            return f"{number(value, language)}\u00a0km"
        case "phone":
            return readable_phone(value)
        case _:
            return str(value)
