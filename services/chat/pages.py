"""The plain page to try the chat: one document, its own style and scripts, nothing foreign."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import yaml
from fastapi import APIRouter, Header, Query
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.chat import core
from services.kit.errors import Unavailable
from services.kit.pools import PoolDirectory
from services.kit.problem import Problem

FOLDER = Path(__file__).parent / "web"
LANGUAGES = ("fi", "sv", "en")
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
Texts = Mapping[str, str]


def load_texts(folder: Path = FOLDER) -> dict[str, Texts]:
    """Language → name of the text → text. All of them exist in every language."""
    rows = yaml.safe_load((folder / "texts.yaml").read_text(encoding="utf-8"))
    return {code: {name: row[code] for name, row in rows.items()} for code in LANGUAGES}


def choose_language(asked: str, accepted: str) -> str:
    """The language asked for, else the customer's first one that we have, else Finnish."""
    wanted = [asked, *(item.partition(";")[0].strip()[:2].lower() for item in accepted.split(","))]
    return next((code for code in wanted if code in LANGUAGES), LANGUAGES[0])


def create_router(pools: PoolDirectory) -> APIRouter:
    """The page and its files. Files are read once, here."""
    router = APIRouter(include_in_schema=False)
    files = {path.name: path.read_bytes() for path in sorted((FOLDER / "assets").iterdir())}
    digest = hashlib.sha256(b"".join(files.values())).hexdigest()[:12]
    texts = load_texts()
    companies = yaml.safe_load((FOLDER / "companies.yaml").read_text(encoding="utf-8"))
    names = {code: texts[code]["language_name"] for code in LANGUAGES}
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("page.html")

    def render(status: int, tenant: str, language: str, **values: Any) -> HTMLResponse:
        page = template.render(
            company=companies.get(tenant, tenant),
            language=language,
            languages=names,
            texts=texts[language],
            assets=f"/chat-assets/{digest}",
            max_text=core.MAX_TEXT,
            **values,
        )
        headers = {"Content-Language": language, "Cache-Control": "no-cache"}
        return HTMLResponse(page, status_code=status, headers=headers)

    @router.get("/chat/{tenant}/{pool}")
    async def page(
        tenant: str,
        pool: str,
        lang: str = "",
        topic: Annotated[str, Query(max_length=80)] = "",
        accept_language: Annotated[str, Header()] = "",
    ) -> HTMLResponse:
        language = choose_language(lang, accept_language)
        name = f"{tenant}/{pool}"
        try:
            config = pools.get(name)
        except Unavailable:
            config = None
            known = True  # nobody knows better now; the page tries until it is opened
        else:
            known = config is not None and core.CHANNEL in config.channels
        if not known:
            return render(404, tenant, language, pool="", topic="")
        return render(200, tenant, language, pool=name, topic=topic)

    @router.get("/chat-assets/{version}/{name}")
    async def asset(version: str, name: str) -> Response:
        if name not in files:
            raise Problem(404, "There is no such file.")
        fresh = "public, max-age=31536000, immutable" if version == digest else "no-cache"
        media_type = _TYPES[Path(name).suffix]
        return Response(files[name], media_type=media_type, headers={"Cache-Control": fresh})

    return router
