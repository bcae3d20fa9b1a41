"""The pages' routes: the form, sending it, the receipt."""

import math
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Header, Request
from fastapi.responses import RedirectResponse, Response

from services.forms.definition import LANGUAGES, Form, Language, Words
from services.forms.intake import Intake, Place
from services.forms.tokens import Ticket, Tokens
from services.forms.validation import FieldError
from services.forms.web.language import choose
from services.forms.web.receipts import ReceiptViews
from services.forms.web.render import FormPage, Renderer, html
from services.kit.errors import Unavailable

_MOST_FIELDS = 100
# A field's name begins with a letter: these cannot be mistaken for one.
TOKEN, TRAP, SWITCH = "_token", "_homepage", "_language"
Accept = Annotated[str, Header(alias="Accept-Language")]


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

    def routes(self) -> APIRouter:
        """The routes."""
        router = APIRouter(prefix="/forms", include_in_schema=False)

        @router.get("/{tenant}/{pool}/{form}")
        async def show(
            tenant: str, pool: str, form: str, lang: str = "", accept_language: Accept = ""
        ) -> Response:
            try:
                place = self._intake.find(tenant, pool, form)
            except Unavailable as error:
                return self._closed(tenant, choose(lang, accept_language, LANGUAGES), error)
            if place is None:
                return self._not_found(tenant, choose(lang, accept_language, LANGUAGES))
            language = choose(lang, accept_language, place.languages)
            page = FormPage(place.form, self._tokens.issue(place.name), {})
            return html(self._renderer.form(tenant, language, place.languages, page), language)

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
                text = self._texts.unreadable_title, self._texts.unreadable_text
                return html(self._renderer.notice(tenant, language, *text), language, 400)
            try:
                place = self._intake.find(tenant, pool, form)
            except Unavailable as error:
                known = self._intake.catalogue.forms[form]
                return self._unavailable(tenant, known, LANGUAGES, language, typed, error)
            if place is None:
                return self._not_found(tenant, language)
            return await self._send(place, choose(lang, accept_language, place.languages), typed)

        @router.get("/{tenant}/{pool}/{form}/receipt/{sealed}")
        async def receipt(
            tenant: str, pool: str, form: str, sealed: str, accept_language: Accept = ""
        ) -> Response:
            seen = await self._receipts.show(
                tenant, f"{tenant}/{pool}/{form}", sealed, choose("", accept_language, LANGUAGES)
            )
            return seen or self._not_found(tenant, choose("", accept_language, LANGUAGES))

        return router

    async def _send(self, place: Place, language: Language, typed: Mapping[str, str]) -> Response:
        def back(
            errors: tuple[FieldError, ...] = (),
            notice: tuple[Words, Words] | None = None,
            *,
            token: str = typed.get(TOKEN, ""),
            status: int = 422,
        ) -> Response:
            page = FormPage(place.form, token, typed, errors, notice)
            body = self._renderer.form(place.tenant, language, place.languages, page)
            return html(body, language, status)

        ticket = self._tokens.read(typed.get(TOKEN, ""), place.name)
        if SWITCH in typed:
            return back(status=200) if ticket else back(token=self._new(place), status=200)
        checked = self._intake.check(place.form, typed, language)
        if ticket is None or ticket.expired:
            self._intake.returned("expired")
            once_more = None if checked.errors else self._once_more(self._texts.expired)
            return back(checked.errors, once_more, token=self._new(place))
        if checked.errors:
            self._intake.returned("invalid")
            return back(checked.errors)
        if why := self._suspicious(ticket, typed):
            return back(notice=self._once_more(why))
        try:
            slip = await self._intake.accept(place, language, checked.values, "token", ticket.nonce)
        except Unavailable as error:
            return self._unavailable(
                place.tenant, place.form, place.languages, language, typed, error
            )
        sealed = self._tokens.seal(slip, place.name)
        return RedirectResponse(f"/forms/{place.name}/receipt/{sealed}", status_code=303)

    def _suspicious(self, ticket: Ticket, typed: Mapping[str, str]) -> Words | None:
        """What to say when a program may have sent this. A person presses once more, a program
        that fills in everything does the same again; nobody is turned away silently."""
        if typed.get(TRAP):
            self._intake.returned("trap")
            return self._texts.trap_filled
        if ticket.age < self._least_seconds:
            self._intake.returned("too_quick")
            return self._texts.too_quick
        return None

    def _once_more(self, why: Words) -> tuple[Words, Words]:
        return self._texts.once_more_title, why

    def _new(self, place: Place) -> str:
        return self._tokens.issue(place.name)

    def _unavailable(
        self,
        tenant: str,
        form: Form,
        languages: tuple[Language, ...],
        language: Language,
        typed: Mapping[str, str],
        error: Unavailable,
    ) -> Response:
        self._intake.returned("unavailable")
        notice = self._texts.unavailable_title, self._texts.unavailable_text
        page = FormPage(form, typed.get(TOKEN, ""), typed, (), notice)
        body = self._renderer.form(tenant, language, languages, page)
        return html(body, language, 503, _retry_after(error))

    def _closed(self, tenant: str, language: Language, error: Unavailable) -> Response:
        text = self._texts.closed_title, self._texts.closed_text
        body = self._renderer.notice(tenant, language, *text)
        return html(body, language, 503, _retry_after(error))

    def _not_found(self, tenant: str, language: Language) -> Response:
        text = self._texts.not_found_title, self._texts.not_found_text
        return html(self._renderer.notice(tenant, language, *text), language, 404)


def _retry_after(error: Unavailable) -> dict[str, str]:
    return {"Retry-After": str(math.ceil(error.retry_after))}


async def _typed(request: Request) -> dict[str, str] | None:
    """What was typed, by field; None if the body is no form."""
    media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type != "application/x-www-form-urlencoded":
        return None
    try:
        body = (await request.body()).decode("utf-8")
        pairs = parse_qsl(
            body,
            keep_blank_values=True,
            errors="replace",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:
        return None
    return {name: text.replace("\r\n", "\n") for name, text in pairs}
