"""What people type is understood; what cannot be right is not taken."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.forms import checks
from services.forms.checks import NotValid


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("040 123 4567", "+358401234567"),
        ("0401234567", "+358401234567"),
        ("040-1234567", "+358401234567"),
        ("+358 (0)40 123 4567", "+358401234567"),
        ("00358 40 123 4567", "+358401234567"),
        ("09 1234567", "+35891234567"),
        ("+46 70 123 45 67", "+46701234567"),
    ],
)
def test_phone_number_is_understood_however_it_is_written(typed: str, number: str) -> None:
    assert checks.phone(typed) == number


@pytest.mark.parametrize("typed", ["12", "112", "040 CALL ME", "040 123 4567 890 12", "+999 12345"])
def test_what_nobody_can_dial_is_no_phone_number(typed: str) -> None:
    with pytest.raises(NotValid, match="not_a_phone"):
        checks.phone(typed)


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("Maija.Meikalainen@Example.FI", "Maija.Meikalainen@example.fi"),
        ("maija+huolto@example.com", "maija+huolto@example.com"),
        ("maija@järvi.fi", "maija@järvi.fi"),
    ],
)
def test_email_address_keeps_its_form(typed: str, address: str) -> None:
    assert checks.email(typed) == address


@pytest.mark.parametrize(
    "typed",
    ["maija", "maija@", "maija@example", "maija example@a.fi", "a@b.fi, c@d.fi", "<a@b.fi>"],
)
def test_what_cannot_be_answered_is_no_email_address(typed: str) -> None:
    with pytest.raises(NotValid, match="not_an_email"):
        checks.email(typed)


@pytest.mark.parametrize(
    ("typed", "plate"),
    [
        ("ABC-123", "ABC-123"),
        ("abc123", "ABC-123"),
        (" abc 123 ", "ABC-123"),
        ("ABC–123", "ABC-123"),
        ("abc·1", "ABC-1"),
        ("äö-7", "ÄÖ-7"),
        ("A-123", "A-123"),
        ("CD-1234", "CD-1234"),
        ("PA-1234", "PA-1234"),
        ("ÅLA 123", "ÅLA-123"),
        ("ÅL 12345", "ÅL-12345"),
        ("123-abc", "123-ABC"),
    ],
)
def test_registration_number_stands_as_on_its_plate(typed: str, plate: str) -> None:
    assert checks.registration(typed) == plate


@pytest.mark.parametrize(
    "typed",
    ["12345", "ABC", "ABCD-123", "ABC-1234", "ABC-012", "ABC-0", "A_B-12", "-", "ABC-12É", "ABC-١"],
)
def test_what_stands_on_no_finnish_plate_is_no_registration_number(typed: str) -> None:
    with pytest.raises(NotValid, match="not_a_registration"):
        checks.registration(typed)


@settings(deadline=None)
@given(
    st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZÅÄÖ", min_size=2, max_size=3),
    st.integers(1, 999),
    st.sampled_from(["", " ", "-", " - ", "–"]),
)
def test_every_plate_is_understood_in_any_case_and_stays_the_same_when_read_again(
    letters: str, figures: int, between: str
) -> None:
    plate = checks.registration(f"{letters.lower()}{between}{figures}")
    assert plate == f"{letters}-{figures}"
    assert checks.registration(plate) == plate


@pytest.mark.parametrize(
    "typed",
    [
        "123000",
        "123 000",
        "123\u00a0000 km",
        "123.000",
        "123,000 km",
        "123’000",
        "noin 123 000 km",
        "n. 123000",
        "ca 123 000 kilometer",
        "about 123,000 kilometres",
    ],
)
def test_mileage_is_understood_however_it_is_written(typed: str) -> None:
    assert checks.mileage(typed) == 123_000


@pytest.mark.parametrize(
    "typed", ["paljon", "-5", "12,5", "123 00", "12 000 mil", "1e5", "99999999", "١٢٣"]
)
def test_what_is_no_count_of_kilometres_is_no_mileage(typed: str) -> None:
    with pytest.raises(NotValid, match="not_a_mileage"):
        checks.mileage(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "131052-308T",
        "131052-308t",
        "Olen Maija (131052-308T), jarrut vinkuvat",
        "131052 - 308T",
        "131052–308T",
        "010190-123A",  # looks like one, with a wrong check sign
        "290200A123X",
        "010594Y9032",
        "131052+308T",
    ],
)
def test_personal_identity_code_is_seen_wherever_it_stands(typed: str) -> None:
    assert checks.has_identity_code(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "040123-4567",
        "040 123 4567",
        "Huollettu 150623-1234",
        "451352-308T",
        "131352-308T",
        "ABC-123",
        "A131052-308T",
        "131052-308TT",
        "123 000 km",
    ],
)
def test_dates_phone_numbers_and_plates_are_no_identity_codes(typed: str) -> None:
    assert not checks.has_identity_code(typed)


def test_text_keeps_its_lines_only_where_lines_are_meant() -> None:
    typed = "  Hei\r\n\r\nJarrut\tvinkuvat.\x00\x1b \n"
    assert checks.clean(typed, lines=True) == "Hei\n\nJarrut vinkuvat."
    assert checks.clean(typed, lines=False) == "Hei Jarrut vinkuvat."


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=())))
def test_cleaned_text_can_always_be_written_and_is_clean_already(typed: str) -> None:
    for lines in (True, False):
        text = checks.clean(typed, lines=lines)
        text.encode()
        assert checks.clean(text, lines=lines) == text
