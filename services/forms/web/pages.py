"""The pages' routes: the form, sending it, the receipt."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Header, Request
from fastapi.responses import RedirectResponse, Response

from services.forms.definition import LANGUAGES, Form, Language, Words
from services.forms.intake import Intake, Place
from services.forms.tokens import Ticket, Tokens
from services.forms.validation import FieldError
from services.forms.web.language import choose
from services.forms.web.notices import Notices, retry_after
from services.forms.web.receipts import ReceiptViews
from services.forms.web.render import FormPage, Renderer, html
from services.kit.errors import Unavailable

_MOST_FIELDS = 100
# A field's name begins with a letter: these cannot be mistaken for one.
TOKEN, TRAP, SWITCH = "_token", "_homepage", "_language"
Accept = Annotated[str, Header(alias="Accept-Language")]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A form in a customer's hands: whose it is, in which language, and what is typed in it."""

    company: str
    form: Form
    languages: tuple[Language, ...]
    language: Language
    typed: Mapping[str, str]


class Pages:
    """What happens on the pages."""

    def __init__(
        self,
        intake: Intake,
        renderer: Renderer,
        tokens: Tokens,
        receipts: ReceiptViews,
        least_seconds: float,
    ) -> None:
        self._intake = intake
        self._renderer = renderer
        self._tokens = tokens
        self._receipts = receipts
        self._least_seconds = least_seconds
        self._texts = intake.catalogue.texts
        self._notices = Notices(intake.catalogue, renderer)

    def routes(self) -> APIRouter:
        """The routes."""
        router = APIRouter(prefix="/forms", include_in_schema=False)

        @router.get("/{tenant}/{pool}/{form}")
        async def show(
            tenant: str, pool: str, form: str, lang: str = "", accept_language: Accept = ""
        ) -> Response:
            language = choose(lang, accept_language, LANGUAGES)
            try:
                place = self._intake.find(tenant, pool, form)
            except Unavailable as error:
                return self._notices.closed(tenant, language, error)
            if place is None:
                return self._notices.not_found(tenant, language)
            language = choose(lang, accept_language, place.languages)
            sheet = Sheet(place.company, place.form, place.languages, language, {})
            return self._give(sheet, 200, self._tokens.issue(place.name))

        @router.post("/{tenant}/{pool}/{form}")
        async def send(
            request: Request,
            tenant: str,
            pool: str,
            form: str,
            lang: str = "",
            accept_language: Accept = "",
        ) -> Response:
            language = choose(lang, accept_language, LANGUAGES)
            typed = await _typed(request)
            if typed is None:
                return self._notices.unreadable(tenant, language)
            try:
                place = self._intake.find(tenant, pool, form)
            except Unavailable as error:
                company = self._intake.catalogue.company(tenant)
                known = self._intake.catalogue.forms[form]
                return self._later(Sheet(company, known, LANGUAGES, language, typed), error)
            if place is None:
                return self._notices.not_found(tenant, language)
            language = choose(lang, accept_language, place.languages)
            sheet = Sheet(place.company, place.form, place.languages, language, typed)
            return await self._take(place, sheet)

        @router.get("/{tenant}/{pool}/{form}/receipt/{sealed}")
        async def receipt(
            tenant: str, pool: str, form: str, sealed: str, accept_language: Accept = ""
        ) -> Response:
            language = choose("", accept_language, LANGUAGES)
            seen = await self._receipts.show(tenant, f"{tenant}/{pool}/{form}", sealed, language)
            return seen or self._notices.not_found(tenant, language)

        return router

    async def _take(self, place: Place, sheet: Sheet) -> Response:
        """Make a contact of the sheet, or give it back with what is to be done."""
        token = sheet.typed.get(TOKEN, "")
        ticket = self._tokens.read(token, place.name)
        if ticket is None or ticket.expired:
            return self._renew(place, sheet)
        if SWITCH in sheet.typed:
            return self._give(sheet, 200, token)
        checked = self._intake.check(sheet.form, sheet.typed, sheet.language)
        if checked.errors:
            self._intake.returned("invalid")
            return self._give(sheet, 422, token, errors=checked.errors)
        if why := self._suspicion(ticket, sheet.typed):
            return self._give(sheet, 422, token, notice=(self._texts.once_more_title, why))
        try:
            slip = await self._intake.accept(
                place, sheet.language, checked.values, "token", ticket.nonce
            )
        except Unavailable as error:
            return self._later(sheet, error)
        sealed = self._tokens.seal(slip, place.name)
        return RedirectResponse(f"/forms/{place.name}/receipt/{sealed}", status_code=303)

    def _renew(self, place: Place, sheet: Sheet) -> Response:
        """Give the sheet back with a new token in the place of one that is too old or not ours."""
        token = self._tokens.issue(place.name)
        if SWITCH in sheet.typed:
            return self._give(sheet, 200, token)
        self._intake.returned("expired")
        checked = self._intake.check(sheet.form, sheet.typed, sheet.language)
        once_more = (self._texts.once_more_title, self._texts.expired)
        notice = None if checked.errors else once_more
        return self._give(sheet, 422, token, errors=checked.errors, notice=notice)

    def _suspicion(self, ticket: Ticket, typed: Mapping[str, str]) -> Words | None:
        """What to say when a program may have sent this. A person presses once more, a program
        that fills in everything does the same again; nobody is turned away silently."""
        if typed.get(TRAP):
            self._intake.returned("trap")
            return self._texts.trap_filled
        if ticket.age < self._least_seconds:
            self._intake.returned("too_quick")
            return self._texts.too_quick
        return None

    def _later(self, sheet: Sheet, error: Unavailable) -> Response:
        """Give the sheet back with its old token: sent again, it is the same contact."""
        self._intake.returned("unavailable")
        notice = self._texts.unavailable_title, self._texts.unavailable_text
        answer = self._give(sheet, 503, sheet.typed.get(TOKEN, ""), notice=notice)
        answer.headers.update(retry_after(error))
        return answer

    def _give(
        self,
        sheet: Sheet,
        status: int,
        token: str,
        *,
        errors: tuple[FieldError, ...] = (),
        notice: tuple[Words, Words] | None = None,
    ) -> Response:
        page = FormPage(sheet.form, token, sheet.typed, errors, notice)
        body = self._renderer.form(sheet.company, sheet.language, sheet.languages, page)
        return html(body, sheet.language, status)


async def _typed(request: Request) -> dict[str, str] | None:
    """What was typed, by field; None if the body is no form."""
    media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type != "application/x-www-form-urlencoded":
        return None
    try:
        body = (await request.body()).decode("utf-8")
        pairs = parse_qsl(
            body, keep_blank_values=True, errors="replace", max_num_fields=_MOST_FIELDS
        )
    except ValueError:
        return None
    return {name: text.replace("\r\n", "\n") for name, text in pairs}
