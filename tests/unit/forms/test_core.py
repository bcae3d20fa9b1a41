"""What a submission becomes."""

import re
from dataclasses import replace

from services.contracts.codec import encode
from services.forms.core import Opening, Submission, opening_of
from services.forms.validation import Checker
from services.kit.case_number import case_number
from services.kit.clock import SetClock
from tests.unit.forms.helpers import FILLED_IN, shipped

CATALOGUE = shipped()
FORM = CATALOGUE.forms["car-service"]
VALUES = Checker(CATALOGUE.texts).check(FORM, FILLED_IN, "sv").values
SUBMISSION = Submission(FORM, "kaarna/service", "sv", VALUES, ("token", "n1"), SetClock().now_ms())


def opening(submission: Submission = SUBMISSION) -> Opening:
    """Its events."""
    return opening_of(submission, CATALOGUE.texts)


def test_same_form_sent_again_says_the_same_with_the_same_ids() -> None:
    assert opening() == opening()
    later = opening(replace(SUBMISSION, at=SUBMISSION.at + 5000))
    first = opening()
    for one, other in (
        (first.head, later.head),
        (first.message, later.message),
        (first.contact, later.contact),
    ):
        assert one.id == other.id


def test_ids_are_32_hex_digits_and_differ_for_another_token() -> None:
    other = replace(SUBMISSION, seed=("token", "n2"))
    assert re.fullmatch("[0-9a-f]{32}", SUBMISSION.contact_id)
    assert re.fullmatch("[0-9a-f]{32}", SUBMISSION.conversation_id)
    ids = {s.contact_id for s in (SUBMISSION, other)}
    assert len(ids | {s.conversation_id for s in (SUBMISSION, other)}) == 4


def test_corrected_text_is_a_second_message_of_the_same_case() -> None:
    corrected = opening(replace(SUBMISSION, values=VALUES | {"description": "Ja öljynvaihto."}))
    first = opening()
    assert corrected.contact.data.contact_id == first.contact.data.contact_id
    assert corrected.message.data.conversation_id == first.message.data.conversation_id
    assert corrected.message.data.cid != first.message.data.cid


def test_routing_hears_ids_channel_language_topic_and_classification_keys_alone() -> None:
    contact = opening().contact
    assert contact.data.fields == {"answer_by": "phone"}
    assert (contact.data.channel, contact.data.language, contact.data.topic) == (
        "form",
        "sv",
        "car-service",
    )
    written = encode(contact).decode()
    for personal in ("Maija", "example.fi", "358401234567", "ABC-123", "Corolla", "Jarrut"):
        assert personal not in written


def test_conversation_knows_the_customer_and_everything_else_by_its_label() -> None:
    head = opening().head.data
    assert head.customer.name == "Maija Meikäläinen"
    assert head.customer.email == "maija@example.fi"
    assert head.customer.phone == "+358401234567"
    assert head.subject == "Bilservice: Toyota Corolla 2018"
    assert head.details == {
        "Ärendenummer": case_number(head.contact_id),
        "Bilens märke och modell": "Toyota Corolla 2018",
        "Registreringsnummer": "ABC-123",
        "Mätarställning": "123\u00a0000\u00a0km",
        "Svarssätt": "Per telefon",
    }


def test_head_holds_all_that_a_lost_contact_event_needs() -> None:
    made = opening()
    head, contact = made.head.data, made.contact.data
    for name in ("contact_id", "conversation_id", "pool", "channel", "language", "topic", "fields"):
        assert getattr(head, name) == getattr(contact, name)
    assert head.opened_at == contact.opened_at


def test_description_is_the_customers_message() -> None:
    message = opening().message.data
    assert message.text == "Jarrut vinkuvat, kun auto on kylmä.\nVaihtakaa öljyt."
    assert (message.author.kind, message.channel, message.language) == ("customer", "form", "sv")


def test_case_number_can_be_read_out_and_is_the_same_for_the_same_contact() -> None:
    numbers = {case_number(f"contact-{n}") for n in range(10_000)}
    assert len(numbers) == 10_000
    for number in numbers:
        assert re.fullmatch(r"([2-9BCDFGHJKMNPQRSTVWXYZ]{3}-?){3}", number)
    assert case_number("contact-1") == case_number("contact-1")
