"""Templates become pages. Everything a template shows is handed to it here."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.forms.catalogue import Catalogue
from services.forms.definition import LANGUAGES, Form, Language, Words
from services.forms.validation import FieldError

FOLDER = Path(__file__).parent / "templates"
CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)

_SPACE_IN_NUMBER = re.compile(r"(?<=\d) (?=\d)")
_HYPHEN_IN_PLATE = re.compile(r"(?<=[A-Z])-(?=\d)")


@dataclass(frozen=True, slots=True)
class FormPage:
    """A form as the customer sees it now. `notice`: title and text above everything else."""

    form: Form
    token: str
    typed: Mapping[str, str]
    errors: Sequence[FieldError] = ()
    notice: tuple[Words, Words] | None = None


@dataclass(frozen=True, slots=True)
class ReceiptPage:
    """A receipt. `rows` is what was sent, label and value; without it, `instead` says why."""

    case: str
    next_step: str
    rows: Sequence[tuple[str, str]]
    instead: Words | None
    again: str


class Renderer:
    """Makes pages of a company in a language; without a name the page has none at its top."""

    def __init__(self, catalogue: Catalogue, asset: Callable[[str], str]) -> None:
        self._catalogue = catalogue
        self._env = Environment(
            loader=FileSystemLoader(FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._env.globals["asset"] = asset
        self._env.filters["whole_numbers"] = _whole_numbers

    def form(
        self, company: str, language: Language, languages: Sequence[Language], page: FormPage
    ) -> str:
        """The form, empty or as it was filled in."""
        errors = {error.field: error.message for error in page.errors}
        return self._page(
            "form.html", company, language, languages=languages, page=page, errors=errors
        )

    def receipt(self, company: str, language: Language, page: ReceiptPage) -> str:
        """The receipt."""
        return self._page("receipt.html", company, language, page=page)

    def notice(self, company: str, language: Language, title: Words, text: Words) -> str:
        """A page that only says something."""
        return self._page("notice.html", company, language, title=title, text=text)

    def _page(self, template: str, company: str, language: Language, **values: Any) -> str:
        return self._env.get_template(template).render(
            company=company,
            language=language,
            all_languages=LANGUAGES,
            texts=self._catalogue.texts,
            t=lambda words: _whole_numbers(words.to(language)),
            **values,
        )


def _whole_numbers(text: str) -> str:
    """The text with numbers such as `040 123 4567` and `ABC-123` kept on one line."""
    return _HYPHEN_IN_PLATE.sub("\u2011", _SPACE_IN_NUMBER.sub("\u00a0", text))


def html(body: str, language: Language, status: int = 200) -> HTMLResponse:
    """A page as an answer. It is never kept anywhere: it holds what a customer typed."""
    headers = {
        "Content-Language": language,
        "Cache-Control": "no-store",
        "Vary": "Accept-Language",
    }
    return HTMLResponse(body, status_code=status, headers=headers)
