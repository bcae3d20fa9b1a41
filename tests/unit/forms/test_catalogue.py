"""The forms that are shipped are whole, and a form that is not is refused before it is shown."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.forms.catalogue import read_catalogue, read_texts
from services.forms.definition import LANGUAGES, Words
from services.forms.settings import OWN_FOLDER
from services.forms.texts import Texts
from services.kit.errors import RefusedToStart
from tests.unit.forms.helpers import shipped

TEXTS = OWN_FOLDER / "texts.yaml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped forms, to be spoiled."""
    return Path(shutil.copytree(OWN_FOLDER / "catalogue", tmp_path / "catalogue"))


def change(path: Path, edit: Any) -> None:
    """Rewrite a YAML or JSON file."""
    plain = yaml.safe_load(path.read_text(encoding="utf-8"))
    edit(plain)
    path.write_text(json.dumps(plain), encoding="utf-8")


def refusal(folder: Path) -> str:
    """What is said when the folder is refused."""
    with pytest.raises(RefusedToStart) as refused:
        read_catalogue(folder, TEXTS)
    return str(refused.value)


def test_car_service_and_contact_us_are_shipped_with_every_word_in_three_languages() -> None:
    catalogue = shipped()
    assert set(catalogue.forms) == {"car-service", "contact-us"}
    for form in catalogue.forms.values():
        for words in words_in(form.layout):
            said = [words.to(language) for language in LANGUAGES]
            assert all(text.strip() == text and text for text in said)


def words_in(thing: Any) -> list[Words]:
    """Every text that a structure holds."""
    if isinstance(thing, Words):
        return [thing]
    if isinstance(thing, dict):
        return [words for value in thing.values() for words in words_in(value)]
    if isinstance(thing, tuple | list):
        return [words for value in thing for words in words_in(value)]
    names = getattr(thing, "__struct_fields__", ())
    return [words for name in names for words in words_in(getattr(thing, name))]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_left_in_another_language(language: str) -> None:
    catalogue = shipped()
    words = words_in(catalogue.texts) + [
        each for form in catalogue.forms.values() for each in words_in(form.layout)
    ]
    # Words of a language that the two others would not use in a sentence.
    foreign = {
        "fi": {"och", "eller", "att", "the", "and", "or", "is", "är"},
        "sv": {"tai", "ja", "on", "the", "and", "or", "is", "ei"},
        "en": {"tai", "ja", "ei", "och", "eller", "att", "är"},
    }[language]
    for each in words:
        text = each.to(language)  # type: ignore[arg-type]
        found = foreign & {word.strip(".,?!()").lower() for word in text.split()}
        assert not found, text


@pytest.mark.parametrize("name", Texts.__struct_fields__)
def test_text_that_lacks_a_language_is_refused(name: str, tmp_path: Path) -> None:
    path = Path(shutil.copy(TEXTS, tmp_path))
    change(path, lambda texts: texts[name].pop("sv"))
    with pytest.raises(RefusedToStart, match=rf"`sv` - at `\$\.{name}`"):
        read_texts(path)


def test_text_with_a_gap_in_one_language_alone_is_refused(tmp_path: Path) -> None:
    path = Path(shutil.copy(TEXTS, tmp_path))
    change(path, lambda texts: texts["too_long"].update(sv="För långt."))
    with pytest.raises(RefusedToStart, match="`too_long`"):
        read_texts(path)


def test_label_that_lacks_a_language_is_refused_with_its_place(folder: Path) -> None:
    change(folder / "shared.yaml", lambda fields: fields["email"]["label"].pop("fi"))
    assert "missing required field `fi`" in refusal(folder)


def test_field_that_is_typed_freely_never_becomes_a_classification_key(folder: Path) -> None:
    change(folder / "shared.yaml", lambda fields: fields["name"].update(classification=True))
    assert "`name` is typed freely: it cannot be a classification key" in refusal(folder)


def test_layout_and_schema_must_have_the_same_fields(folder: Path) -> None:
    change(
        folder / "car-service" / "schema.json",
        lambda schema: schema["properties"].pop("mileage"),
    )
    assert "layout and schema differ in ['mileage']" in refusal(folder)


def test_options_must_be_those_of_the_schema(folder: Path) -> None:
    change(
        folder / "contact-us" / "schema.json",
        lambda schema: schema["properties"]["matter"]["enum"].append("complaint"),
    )
    assert "the options of `matter` are not those of the schema" in refusal(folder)


def test_schema_that_is_no_json_schema_is_refused(folder: Path) -> None:
    change(
        folder / "car-service" / "schema.json",
        lambda schema: schema["properties"]["model"].update(maxLength="many"),
    )
    assert "schema.json" in refusal(folder)


def test_message_must_be_required(folder: Path) -> None:
    change(
        folder / "contact-us" / "schema.json",
        lambda schema: schema["required"].remove("description"),
    )
    assert "the schema must require it" in refusal(folder)


def test_subject_names_only_what_is_always_there(folder: Path) -> None:
    change(
        folder / "car-service" / "layout.yaml",
        lambda layout: layout["subject"].update(fi="{mileage}", sv="{mileage}", en="{mileage}"),
    )
    assert "the subject names `mileage`" in refusal(folder)


def test_two_fields_of_the_same_name_are_refused(folder: Path) -> None:
    change(folder / "shared.yaml", lambda fields: fields["phone"]["label"].update(sv="Namn"))
    assert "two fields are called 'Namn'" in refusal(folder)


def test_empty_folder_is_refused(tmp_path: Path) -> None:
    assert "holds no forms" in refusal(tmp_path)
