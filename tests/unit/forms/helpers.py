"""The forms service without a broker: the real app on a fake publisher and a set clock."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlencode

import httpx

from services.contracts.contact_events import ContactOpened
from services.forms.app import assemble
from services.forms.catalogue import Catalogue, read_catalogue
from services.forms.settings import OWN_FOLDER, FormsSettings
from services.kit.clock import SetClock
from services.kit.metrics import Metrics
from tests.support.fakes import FakePools, FakePublisher
from tests.support.forms_site import POOL

CAR = "/forms/kaarna/service/car-service"
NOBODY = "127.0.0.1:1"
FILLED_IN = {
    "description": "Jarrut vinkuvat, kun auto on kylmä.\r\nVaihtakaa öljyt.",
    "model": "Toyota Corolla 2018",
    "registration": "abc 123",
    "mileage": "noin 123 000 km",
    "answer_by": "phone",
    "name": "Maija Meikäläinen",
    "email": "maija@example.fi",
    "phone": "040 123 4567",
}


@cache
def shipped() -> Catalogue:
    """The forms that come with the service."""
    return read_catalogue(OWN_FOLDER / "catalogue", OWN_FOLDER / "texts.yaml")


@dataclass
class Element:
    """An element of a page: its tag, attributes and the text in it."""

    tag: str
    attributes: dict[str, str]
    text: str = ""


class Page(HTMLParser):
    """What a test wants to know of a page."""

    EMPTY = frozenset({"input", "link", "meta", "br"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Part of HTMLParser."""
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in self.EMPTY:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        """Part of HTMLParser."""
        while self._open and self._open.pop().tag != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Part of HTMLParser."""
        for element in self._open:
            element.text += data

    def all(self, tag: str = "", **attributes: str) -> Iterator[Element]:
        """Elements with the tag and these attributes."""
        for element in self.elements:
            wanted = {name.rstrip("_").replace("_", "-"): v for name, v in attributes.items()}
            if tag in {"", element.tag} and wanted.items() <= element.attributes.items():
                yield element

    def one(self, tag: str = "", **attributes: str) -> Element:
        """The only such element."""
        found = list(self.all(tag, **attributes))
        assert len(found) == 1, f"{len(found)} of {tag} {attributes}"
        return found[0]

    @property
    def token(self) -> str:
        """The one-time token."""
        return self.one("input", name="_token").attributes["value"]

    @property
    def typed(self) -> dict[str, str]:
        """What stands in the fields."""
        values = {}
        for element in self.elements:
            name = element.attributes.get("name", "")
            if element.tag == "textarea":
                values[name] = element.text.removeprefix("\n").replace("\n", "\r\n")
            elif element.attributes.get("type") == "radio":
                if "checked" in element.attributes:
                    values[name] = element.attributes["value"]
            elif element.tag == "input" and not name.startswith("_"):
                values[name] = element.attributes["value"]
        return values

    @property
    def errors(self) -> dict[str, str]:
        """The message beside each field."""
        return {
            element.attributes["id"].removesuffix("-error"): element.text
            for element in self.all("p", class_="error")
        }


@dataclass
class Desk:
    """The app, and what it stands on."""

    folder: Path
    pools: FakePools = field(default_factory=lambda: FakePools({POOL.pool: POOL}))
    publisher: FakePublisher = field(default_factory=FakePublisher)
    clock: SetClock = field(default_factory=SetClock)
    metrics: Metrics = field(default_factory=lambda: Metrics("forms"))

    def __post_init__(self) -> None:
        settings = FormsSettings(
            environment="development",
            kafka=NOBODY,
            data=self.folder,
            publish_timeout=0.2,
        )
        self.app = assemble(
            settings, shipped(), self.clock, self.metrics, self.publisher, self.pools, ()
        )

    def client(self) -> httpx.AsyncClient:
        """A customer's browser that follows no redirects."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app), base_url="http://forms.test"
        )

    async def open(self, path: str = CAR, lang: str = "fi") -> Page:
        """Open a form, and take the time that a person takes to fill it in."""
        async with self.client() as client:
            answer = await client.get(path, params={"lang": lang})
        assert answer.status_code == 200
        self.clock.advance(60)
        return Page(answer.text)

    async def send(
        self, fields: dict[str, str], path: str = CAR, lang: str = "fi"
    ) -> httpx.Response:
        """Press the button."""
        async with self.client() as client:
            return await client.post(
                path,
                params={"lang": lang},
                content=urlencode(fields),
                headers={"Content-Type": "application/x-www-form-urlencoded"},
            )

    @property
    def contacts(self) -> list[ContactOpened]:
        """Every contact event written."""
        return [w.event for w in self.publisher.written if isinstance(w.event, ContactOpened)]

    def counted(self, name: str, **labels: str) -> float:
        """A counter's value."""
        return self.metrics.registry.get_sample_value(name, labels) or 0.0
