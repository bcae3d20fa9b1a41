"""Reading the forms, the companies' names and the texts from files, and refusing what is wrong.

A form is a folder with `schema.json` and `layout.yaml`. What fits together here needs no check
when a customer is waiting.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml
from jsonschema import Draft202012Validator, SchemaError

from services.forms.definition import LANGUAGES, Form, Layout
from services.forms.texts import Texts
from services.kit.errors import RefusedToStart

_PLACEHOLDER = re.compile(r"{(\w+)}")


class Company(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a tenant is called on its pages."""

    name: str


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the pages are made of."""

    forms: Mapping[str, Form]
    companies: Mapping[str, Company]
    texts: Texts

    def company(self, tenant: str) -> str:
        """The company's name, or nothing. (Not the tenant's id: it may stand in an address that
        somebody made up, and what is shown at the top of a page is believed.)"""
        known = self.companies.get(tenant)
        return known.name if known else ""


def read_catalogue(folder: Path, texts: Path) -> Catalogue:
    """Read it all. Raises `RefusedToStart` naming the file and what is wrong in it."""
    shared = _shared(folder)
    forms = {
        path.parent.name: _form(path.parent, shared)
        for path in sorted(folder.glob("*/layout.yaml"))
    }
    if not forms:
        raise RefusedToStart(f"{folder} holds no forms (JONOTON_FORMS_FOLDER)")
    companies = folder / "companies.yaml"
    named = _typed(dict[str, Company], companies) if companies.exists() else {}
    return Catalogue(forms=forms, companies=named, texts=read_texts(texts))


def read_texts(path: Path) -> Texts:
    """The texts, every one of them in every language, with the same `{…}` in each."""
    texts: Texts = _typed(Texts, path)
    for name in Texts.__struct_fields__:
        words = getattr(texts, name)
        if len({frozenset(_PLACEHOLDER.findall(words.to(each))) for each in LANGUAGES}) > 1:
            raise RefusedToStart(f"{path}: `{name}` has not the same {{…}} in every language")
    return texts


def _shared(folder: Path) -> Mapping[str, Any]:
    path = folder / "shared.yaml"
    return _plain(path) if path.exists() else {}


def _form(folder: Path, shared: Mapping[str, Any]) -> Form:
    path = folder / "layout.yaml"
    plain = _plain(path)
    try:
        for section in plain["sections"]:
            section["fields"] = [
                shared[field] if isinstance(field, str) else field for field in section["fields"]
            ]
    except (KeyError, TypeError) as error:
        raise RefusedToStart(f"{path}: {error!r}") from error
    layout = _converted(Layout, plain, path)
    try:
        schema = json.loads((folder / "schema.json").read_text(encoding="utf-8"))
        Draft202012Validator.check_schema(schema)
    except (OSError, ValueError, SchemaError) as error:
        raise RefusedToStart(f"{folder / 'schema.json'}: {error}") from error
    form = Form(folder.name, layout, schema, Draft202012Validator(schema))
    for wrong in _inconsistencies(form):
        raise RefusedToStart(f"{folder}: {wrong}")
    return form


def _inconsistencies(form: Form) -> Iterator[str]:
    layout, properties = form.layout, form.schema.get("properties", {})
    fields = {field.name: field for field in form.fields}
    if set(fields) != set(properties) or len(fields) != len(form.fields):
        yield f"layout and schema differ in {sorted(set(fields) ^ set(properties)) or 'doubles'}"
    who = layout.customer
    for name in (layout.message, layout.answer_by, who.name, who.email, who.phone):
        if name not in fields:
            yield f"there is no field `{name}`"
            return
    if layout.message not in form.schema.get("required", ()):
        yield f"`{layout.message}` is the customer's message: the schema must require it"
    for name in set(_PLACEHOLDER.findall("".join(layout.subject.to(each) for each in LANGUAGES))):
        if name not in form.schema.get("required", ()):
            yield f"the subject names `{name}`, which the schema does not require"
    for language in LANGUAGES:
        labels = [(field.short or field.label).to(language) for field in form.fields]
        for label in {each for each in labels if labels.count(each) > 1}:
            yield f"two fields are called {label!r}: agents could not tell them apart"
    for field in form.fields:
        if set(field.options) != set(properties[field.name].get("enum", ())):
            yield f"the options of `{field.name}` are not those of the schema"
        if field.classification and not field.options:
            yield f"`{field.name}` is typed freely: it cannot be a classification key"


def _plain(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise RefusedToStart(f"{path}: {error}") from error


def _typed(kind: Any, path: Path) -> Any:
    return _converted(kind, _plain(path), path)


def _converted(kind: Any, plain: Any, path: Path) -> Any:
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        raise RefusedToStart(f"{path}: {error}") from error
