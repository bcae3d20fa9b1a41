"""What a form is: its schema (JSON Schema 2020-12) and its layout, with every word that a
customer reads in three languages. Pure; `catalogue.py` reads them from files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

import msgspec
from jsonschema import Draft202012Validator

from services.contracts.base import Name

Language = Literal["fi", "sv", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
Sentence = Annotated[str, msgspec.Meta(min_length=1)]
FieldName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class Words(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """The same thing said in every language. A file that lacks one is refused."""

    fi: Sentence
    sv: Sentence
    en: Sentence

    def to(self, language: Language, **values: object) -> str:
        """In the language, with its `{…}` filled in."""
        text: str = getattr(self, language)
        return text.format_map(values) if values else text


class Field(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """One field. `kind` says how typed text becomes the value that the schema describes.

    `short` is the label in receipts and for agents; `note` stands in the place of "required";
    `missing` is what is said when it is empty and should not be. `classification`: the router
    may read it (choices alone: nothing that a customer types ever leaves `messages`).
    """

    name: FieldName
    kind: Literal["text", "email", "phone", "registration", "mileage", "choice"]
    label: Words
    short: Words | None = None
    hint: Words | None = None
    note: Words | None = None
    missing: Words | None = None
    options: dict[Name, Words] = {}
    lines: Annotated[int, msgspec.Meta(ge=1, le=20)] = 1
    width: Literal["full", "half", "short"] = "full"
    autocomplete: str = "off"
    classification: bool = False


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fields under one heading."""

    title: Words
    fields: tuple[Field, ...]


class CustomerFields(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which fields say who the customer is."""

    name: FieldName
    email: FieldName
    phone: FieldName


class Layout(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a form looks and what its fields mean. `topic` is the contact's; `message` names the
    field with the customer's own words; `answer_by` the choice of the answer's channel."""

    topic: Name
    title: Words
    intro: Words
    subject: Words
    message: FieldName
    answer_by: FieldName
    customer: CustomerFields
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """A form that is consistent in itself (`catalogue.py` saw to it)."""

    name: str
    layout: Layout
    schema: Mapping[str, Any]
    validator: Draft202012Validator

    @property
    def fields(self) -> tuple[Field, ...]:
        """All fields in the order of the page."""
        return tuple(field for section in self.layout.sections for field in section.fields)

    def required(self, field: Field) -> bool:
        """Whether the field is required whatever else is filled in."""
        return field.name in self.schema.get("required", ())

    def default(self, field: Field) -> str:
        """What is chosen before the customer chooses, or nothing."""
        return str(self.schema["properties"][field.name].get("default", ""))
