"""Checking what was filled in: every value in its normal form, or what to say beside its field."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import ValidationError

from services.forms import checks
from services.forms.definition import Field, Form, Language
from services.forms.texts import Texts


@dataclass(frozen=True, slots=True)
class FieldError:
    """One sentence that stands beside one field."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Checked:
    """`values` as the schema describes them; they are good only if there are no `errors`."""

    values: dict[str, Any]
    errors: tuple[FieldError, ...]


class Checker:
    """Checks forms in a language."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    def check(self, form: Form, typed: Mapping[str, str], language: Language) -> Checked:
        """The values and the errors, at most one a field, in the order of the page."""
        values: dict[str, Any] = {}
        errors: dict[str, str] = {}
        for field in form.fields:
            text = checks.clean(typed.get(field.name, ""), lines=field.lines > 1)
            text = text or form.default(field)
            if not text:
                continue
            try:
                values[field.name] = checks.CHECKS[field.kind](text)
            except checks.NotValid as error:
                errors[field.name] = getattr(self._texts, error.text).to(language)
            # A number that can be dialled is one, whatever else its figures look like.
            well_formed_phone = field.kind == "phone" and field.name not in errors
            if checks.has_identity_code(text) and not well_formed_phone:
                errors[field.name] = self._texts.identity_code.to(language)
        for name, message in self._by_schema(form, values, language):
            errors.setdefault(name, message)
        ordered = [FieldError(f.name, errors[f.name]) for f in form.fields if f.name in errors]
        return Checked(values, tuple(ordered))

    def unknown(
        self, form: Form, typed: Mapping[str, object], language: Language
    ) -> list[FieldError]:
        """The fields that the form does not have."""
        known = {field.name for field in form.fields}
        message = self._texts.unknown_field.to(language)
        return [FieldError(name, message) for name in typed if name not in known]

    def _by_schema(
        self, form: Form, values: dict[str, Any], language: Language
    ) -> list[tuple[str, str]]:
        fields = {field.name: field for field in form.fields}
        found = []
        for error in form.validator.iter_errors(values):
            if error.validator == "required":
                found += [
                    (name, (fields[name].missing or self._texts.missing).to(language))
                    for name in error.validator_value
                    if name not in values
                ]
            elif error.absolute_path:
                field = fields[str(error.absolute_path[0])]
                found.append((field.name, self._sentence(field, error, language)))
        return found

    def _sentence(self, field: Field, error: ValidationError, language: Language) -> str:
        texts, bound = self._texts, error.validator_value
        match error.validator:
            case "maxLength":
                return texts.too_long.to(language, length=len(str(error.instance)), max=bound)
            case "minLength":
                return texts.too_short.to(language, min=bound)
            case "enum" | "const":
                return (field.missing or texts.not_a_choice).to(language)
            case "minimum" | "maximum":
                schema = error.parent if isinstance(error.parent, dict) else error.schema
                limits = schema if isinstance(schema, Mapping) else {}
                return texts.out_of_range.to(
                    language,
                    min=number(limits.get("minimum", 0), language),
                    max=number(limits.get("maximum", bound), language),
                )
            case _:
                return texts.not_valid.to(language)


def number(value: int, language: Language) -> str:
    """The number as it is written in the language: `123 000` or `123,000`."""
    return f"{value:,}".replace(",", "," if language == "en" else "\u00a0")
