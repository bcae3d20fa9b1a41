"""The composition root of the forms service."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import FastAPI

from services.forms.adapters import Door, Pools, Publishes, Receipts
from services.forms.api import door, quick_door
from services.forms.catalogue import Catalogue, read_catalogue
from services.forms.intake import Intake
from services.forms.settings import OWN_FOLDER, FormsSettings, secret_of
from services.forms.tokens import Tokens
from services.forms.web.assets import Assets
from services.forms.web.pages import Pages
from services.forms.web.receipts import ReceiptViews
from services.forms.web.render import CSP, Renderer
from services.kit import app as kit_app
from services.kit.clock import Clock, SystemClock
from services.kit.errors import RefusedToStart
from services.kit.feeds import Feeds
from services.kit.metrics import Metrics
from services.kit.parts import Part
from services.kit.pools import PoolDirectory
from services.kit.publisher import Publisher
from services.kit.service import Service

_MAX_BODY = 256 * 1024


def create_app(settings: FormsSettings, _feeds: Feeds | None = None) -> FastAPI:
    """The app: pages, the JSON door, and what they stand on. Raises `RefusedToStart`."""
    clock, metrics = SystemClock(), Metrics("forms")
    publisher, pools = Publisher(settings, metrics, clock), PoolDirectory(settings)
    catalogue = read_catalogue(settings.forms_folder, OWN_FOLDER / "texts.yaml")
    return assemble(settings, catalogue, clock, metrics, publisher, pools, (publisher, pools))


def assemble(
    settings: FormsSettings,
    catalogue: Catalogue,
    clock: Clock,
    metrics: Metrics,
    publisher: Publishes,
    pools: Pools,
    parts: Sequence[Part],
) -> FastAPI:
    """As `create_app`, of the given parts."""
    tokens, assets = Tokens(secret_of(settings), clock), Assets()
    renderer = Renderer(catalogue, assets.url)
    intake = Intake(catalogue, pools, Door(settings, publisher), clock, metrics)
    receipts = ReceiptViews(
        catalogue,
        renderer,
        tokens,
        Receipts(settings),
        _timezone(settings.timezone),
        settings.forms_shown_seconds,
    )
    pages = Pages(intake, renderer, tokens, receipts, settings.forms_least_seconds)
    return kit_app.create_app(
        "Jonoton forms",
        metrics=metrics,
        parts=parts,
        routers=(assets.routes(), pages.routes(), door(intake)),
        quick=(quick_door(intake),),
        description="Forms that customers fill in, as pages and as JSON.",
        max_body=_MAX_BODY,
        csp=CSP,
    )


def _timezone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise RefusedToStart(f"JONOTON_TIMEZONE={name!r} is no time zone") from error


SERVICE = Service("forms", FormsSettings, create_app, "forms_port")
