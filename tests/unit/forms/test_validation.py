"""Each field has at most one thing said about it, in the customer's language."""

import pytest

from services.forms.checks import has_identity_code
from services.forms.definition import LANGUAGES, Language
from services.forms.validation import Checker, number
from tests.unit.forms.helpers import FILLED_IN, shipped

CATALOGUE = shipped()
CHECKER = Checker(CATALOGUE.texts)
CAR = CATALOGUE.forms["car-service"]


def said(typed: dict[str, str], language: Language = "fi") -> dict[str, str]:
    """Field → what is said beside it."""
    return {e.field: e.message for e in CHECKER.check(CAR, typed, language).errors}


def test_filled_in_form_becomes_values_in_their_normal_forms() -> None:
    checked = CHECKER.check(CAR, FILLED_IN, "fi")
    assert not checked.errors
    assert checked.values == {
        "description": "Jarrut vinkuvat, kun auto on kylmä.\nVaihtakaa öljyt.",
        "model": "Toyota Corolla 2018",
        "registration": "ABC-123",
        "mileage": 123_000,
        "answer_by": "phone",
        "name": "Maija Meikäläinen",
        "email": "maija@example.fi",
        "phone": "+358401234567",
    }


def test_what_may_be_left_out_is_left_out() -> None:
    typed = FILLED_IN | {"registration": " ", "mileage": "", "email": ""}
    checked = CHECKER.check(CAR, typed, "fi")
    assert not checked.errors
    assert not {"registration", "mileage", "email"} & set(checked.values)


def test_empty_form_asks_for_what_is_needed_in_the_order_of_the_page() -> None:
    assert list(said({})) == ["description", "model", "name", "email"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_is_in_the_language_of_the_page(language: Language) -> None:
    texts, field = CATALOGUE.texts, {f.name: f for f in CAR.fields}
    assert said({"registration": "1"}, language)["registration"] == (
        texts.not_a_registration.to(language)
    )
    missing = field["email"].missing
    assert missing is not None
    assert said({}, language)["email"] == missing.to(language)


def test_way_of_answering_decides_which_address_is_needed() -> None:
    without = {k: v for k, v in FILLED_IN.items() if k not in {"email", "phone"}}
    assert set(said(without | {"answer_by": "phone"})) == {"phone"}
    assert set(said(without | {"answer_by": "email"})) == {"email"}
    assert set(said(without | {"answer_by": ""})) == {"email"}


def test_unknown_choice_is_asked_again() -> None:
    assert said(FILLED_IN | {"answer_by": "letter"})["answer_by"] == (
        "Valitse, vastaammeko sähköpostilla vai puhelimitse."
    )


def test_text_that_is_too_long_is_told_by_how_much() -> None:
    assert said(FILLED_IN | {"description": "x" * 4001}) == {
        "description": "Tekstissä on 4001 merkkiä. Tähän mahtuu 4000."
    }


def test_text_that_says_nothing_is_too_short() -> None:
    assert said(FILLED_IN | {"description": "?"}) == {
        "description": "Kirjoita hieman enemmän, vähintään 3 merkkiä."
    }


@pytest.mark.parametrize(
    ("language", "limit"), [("fi", "2\u00a0000\u00a0000"), ("en", "2,000,000")]
)
def test_mileage_of_no_car_is_asked_again(language: Language, limit: str) -> None:
    assert limit in said(FILLED_IN | {"mileage": "2 000 001"}, language)["mileage"]


@pytest.mark.parametrize("field", ["description", "model", "name", "email", "registration"])
def test_identity_code_is_kindly_refused_in_every_field(field: str) -> None:
    message = said(FILLED_IN | {field: "131052-308T"})[field]
    assert message.startswith("Tässä näyttää olevan henkilötunnus.")


def test_phone_number_is_a_phone_number_even_if_its_figures_look_like_an_identity_code() -> None:
    assert has_identity_code("040123-4561")
    checked = CHECKER.check(CAR, FILLED_IN | {"phone": "040123-4561"}, "fi")
    assert not checked.errors
    assert "phone" in said(FILLED_IN | {"phone": "131052-308T"})


def test_numbers_are_written_as_the_language_writes_them() -> None:
    assert [number(1_234_567, each) for each in LANGUAGES] == [
        "1\u00a0234\u00a0567",
        "1\u00a0234\u00a0567",
        "1,234,567",
    ]
