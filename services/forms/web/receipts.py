"""The receipt: the case number, what happens next, and what was sent, read back from Kafka."""

from datetime import datetime
from zoneinfo import ZoneInfo

from fastapi.responses import Response

from services.forms.adapters import Receipts, Sent
from services.forms.catalogue import Catalogue
from services.forms.checks import readable_phone
from services.forms.definition import LANGUAGES, Form, Language
from services.forms.tokens import Tokens
from services.forms.web.language import choose
from services.forms.web.render import ReceiptPage, Renderer, html
from services.kit.case_number import case_number
from services.kit.clock import to_datetime


class ReceiptViews:
    """Shows receipts; what was sent only for `shown_seconds`, because an address can be found in
    a browser's history."""

    def __init__(
        self,
        catalogue: Catalogue,
        renderer: Renderer,
        tokens: Tokens,
        receipts: Receipts,
        timezone: ZoneInfo,
        shown_seconds: float,
    ) -> None:
        self._catalogue = catalogue
        self._renderer = renderer
        self._tokens = tokens
        self._receipts = receipts
        self._timezone = timezone
        self._shown_seconds = shown_seconds

    async def show(
        self, tenant: str, place: str, sealed: str, fallback: Language
    ) -> Response | None:
        """The receipt in the language of what was sent; None if there is no such receipt."""
        opened = self._tokens.open(sealed, place)
        form = self._catalogue.forms.get(place.rpartition("/")[2])
        if opened is None or form is None:
            return None
        slip, age = opened
        shown = age <= self._shown_seconds
        sent = await self._receipts.find(slip) if shown else None
        texts = self._catalogue.texts
        language = choose(sent.head.language, "", LANGUAGES) if sent else fallback
        page = ReceiptPage(
            case=case_number(slip.contact_id),
            next_step=self._next_step(form, sent, language),
            rows=self._rows(form, sent, language) if sent else (),
            instead=None if sent else (texts.sent_unseen if shown else texts.sent_hidden),
            again=f"/forms/{place}?lang={language}",
        )
        company = self._catalogue.company(tenant) or tenant  # we signed for this tenant
        return html(self._renderer.receipt(company, language, page), language)

    def _next_step(self, form: Form, sent: Sent | None, language: Language) -> str:
        texts = self._catalogue.texts
        if sent is None:
            return texts.next_any.to(language)
        customer = sent.head.customer
        if sent.head.fields.get(form.layout.answer_by) == "phone" and customer.phone:
            return texts.next_phone.to(language, phone=readable_phone(customer.phone))
        return texts.next_email.to(language, email=customer.email)

    def _rows(self, form: Form, sent: Sent, language: Language) -> list[tuple[str, str]]:
        texts, layout, head = self._catalogue.texts, form.layout, sent.head
        own = {
            layout.message: sent.message.text,
            layout.customer.name: head.customer.name,
            layout.customer.email: head.customer.email,
            layout.customer.phone: head.customer.phone and readable_phone(head.customer.phone),
        }
        rows = [(texts.sent_at.to(language), self._date(sent.message.at, language))]
        for field in form.fields:
            label = (field.short or field.label).to(language)
            value = own.get(field.name) or head.details.get(label, "")
            if value:
                rows.append((label, value))
        return rows

    def _date(self, at: int, language: Language) -> str:
        local: datetime = to_datetime(at).astimezone(self._timezone)
        texts = self._catalogue.texts
        month = texts.months.to(language).split()[local.month - 1]
        return texts.date.to(
            language,
            day=local.day,
            month=month,
            year=local.year,
            hour=f"{local:%H}",
            minute=f"{local:%M}",
        )
