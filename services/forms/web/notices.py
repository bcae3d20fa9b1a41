"""Pages that only say something, and how an answer says when to come back."""

import math

from fastapi.responses import Response

from services.forms.catalogue import Catalogue
from services.forms.definition import Language, Words
from services.forms.web.render import Renderer, html
from services.kit.errors import Unavailable


class Notices:
    """Notices under a company's name, as far as the company is one of ours."""

    def __init__(self, catalogue: Catalogue, renderer: Renderer) -> None:
        self._catalogue = catalogue
        self._texts = catalogue.texts
        self._renderer = renderer

    def not_found(self, tenant: str, language: Language) -> Response:
        """There is no such form, pool or receipt."""
        texts = self._texts
        return self._say(tenant, language, texts.not_found_title, texts.not_found_text, 404)

    def unreadable(self, tenant: str, language: Language) -> Response:
        """What was sent is no form."""
        texts = self._texts
        return self._say(tenant, language, texts.unreadable_title, texts.unreadable_text, 400)

    def closed(self, tenant: str, language: Language, error: Unavailable) -> Response:
        """The form cannot be opened just now."""
        texts = self._texts
        answer = self._say(tenant, language, texts.closed_title, texts.closed_text, 503)
        answer.headers.update(retry_after(error))
        return answer

    def _say(
        self, tenant: str, language: Language, title: Words, text: Words, status: int
    ) -> Response:
        company = self._catalogue.company(tenant)
        return html(self._renderer.notice(company, language, title, text), language, status)


def retry_after(error: Unavailable) -> dict[str, str]:
    """The header that says after how many seconds to try again."""
    return {"Retry-After": str(math.ceil(error.retry_after))}
