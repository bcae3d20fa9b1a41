"""The chat's page in a real browser, on a real broker: what a customer does, on a phone and on a
desk, in three languages, in light and dark, with the keyboard alone, and over a bad connection."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import httpx
import msgspec
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from playwright.sync_api import Browser, Page, expect
from redis import Redis

from services.contracts import views
from services.contracts.messages import (
    Author,
    ConversationStarted,
    CreatedMessage,
    MessageCreated,
)
from services.contracts.topics import MESSAGES
from services.kit.clock import SystemClock, new_id, to_datetime
from services.kit.signals import CHANNEL, Signal
from tests.support import page_checks
from tests.support.talking import PARTITION, POOL, FakeRouter, Running, Site, Writer, routed

PHONE, NARROWEST, DESKTOP = (390, 844), (320, 640), (1280, 860)
Scheme = Literal["light", "dark"]


class Stage:
    """The chat and those behind it. What the page must do, it does to a real service."""

    def __init__(self, site: Site, chat: Running, portal: BlockingPortal) -> None:
        self.site = site
        self.chat = chat
        self._portal = portal
        self.router: FakeRouter
        self._writer: Writer
        self.redis = Redis.from_url(site.settings.redis)

    @contextmanager
    def running(self) -> Iterator["Stage"]:
        routed_site = self._portal.wrap_async_context_manager(routed(self.site))
        writing = self._portal.wrap_async_context_manager(Writer(self.site.settings))
        with routed_site as self.router, writing as self._writer:
            yield self
        self.redis.close()

    def contact_of(self, page: Page) -> str:
        """The contact of the page's conversation, when the router has it."""
        ((_, head),) = [
            pair
            for pair in self.call(self.site.events, MESSAGES, self.conversation_of(page))
            if isinstance(pair[1], ConversationStarted)
        ]
        self.call(self.router.contact, head.data.contact_id)
        return str(head.data.contact_id)

    def conversation_of(self, page: Page) -> str:
        stored = page.evaluate("JSON.parse(Object.values(sessionStorage)[0])")
        return str(stored["conversation_id"])

    def call(self, function: Any, *arguments: Any) -> Any:
        return self._portal.call(function, *arguments)

    def agent_says(self, page: Page, text: str) -> None:
        conversation, message = self.conversation_of(page), new_id()
        now = SystemClock().now_ms()
        data = CreatedMessage(
            conversation_id=conversation,
            message_id=message,
            cid=message,
            author=Author(kind="agent", id="anna"),
            channel="chat",
            at=now,
            text=text,
        )
        event = MessageCreated(id=message, source="test", time=to_datetime(now), data=data)
        self.call(self._writer.message, event, conversation)

    def signal(self, page: Page, kind: Literal["typing", "read"]) -> None:
        conversation = self.conversation_of(page)
        signal = Signal(conversation=conversation, who="agent", kind=kind, seq=10**9)
        self.redis.publish(CHANNEL, msgspec.json.encode(signal))

    def show_line(self, contacts: list[str]) -> None:
        """The views say: these wait, in this order."""
        for place, contact in enumerate(contacts):
            view = {"contact_id": contact, "state": "queued", "priority": 5, "waiting_since": place}
            self.redis.hset(views.contacts(PARTITION), contact, msgspec.json.encode(view))
        self.redis.set(views.applied(PARTITION), 10**9)

    def texts_in_the_log(self, conversation: str) -> list[str]:
        events = self.call(self.site.events, MESSAGES, conversation)
        return [event.data.text for _, event in events if isinstance(event, MessageCreated)]


@pytest.fixture(scope="module")
def stage(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("chat-page")
    with Site(folder) as site, start_blocking_portal() as portal:
        chat = site.service("chat")
        chat.wait_ready()
        with Stage(site, chat, portal).running() as made:
            yield made


@contextmanager
def browsing(
    chromium: Browser, stage: Stage, size: tuple[int, int] = DESKTOP, scheme: Scheme = "light"
) -> Iterator[Page]:
    """A page that takes no complaint of the browser but that the service is away."""
    context = chromium.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme=scheme,
        base_url=stage.chat.url(),
        reduced_motion="reduce",
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    try:
        yield page
    finally:
        context.close()
    away = re.compile("ERR_CONNECTION_REFUSED|WebSocket connection to|status of 503")
    assert [text for text in complaints if not away.search(text)] == []


@pytest.fixture
def page(chromium: Browser, stage: Stage) -> Iterator[Page]:
    with browsing(chromium, stage) as made:
        yield made


def begin(page: Page, question: str = "Hei! Milloin auto on valmis?", language: str = "fi") -> None:
    page.goto(f"/chat/{POOL}?lang={language}")
    page.locator("#question").fill(question)
    page.locator("#open button").click()
    expect(page.locator(".message.customer")).to_have_attribute("data-state", "sent")


def write(page: Page, text: str) -> None:
    page.get_by_label("Kirjoita viesti").fill(text)
    page.get_by_label("Kirjoita viesti").press("Enter")


def bubble(page: Page, text: str) -> Any:
    return page.locator(".message", has_text=text)


def status(page: Page) -> Any:
    return page.locator("#status")


def test_customer_asks_waits_talks_and_ends(page: Page, stage: Stage) -> None:
    begin(page)
    contact = stage.contact_of(page)
    stage.show_line(["somebody else", contact])
    stage.call(stage.router.contact, contact)
    page.reload()
    expect(status(page)).to_have_text(re.compile("Olet jonossa"))

    stage.call(stage.router.assign, contact, "anna")
    expect(status(page)).to_have_text("Asiakaspalvelija on liittynyt keskusteluun.")
    stage.agent_says(
        page, "Hei! Auto on valmis kello kolmelta. Lisää: https://kaarna.example/a?b=1."
    )
    answer = bubble(page, "kello kolmelta")
    expect(answer.locator(".author")).to_have_text("Asiakaspalvelija")
    expect(answer.get_by_role("link")).to_have_attribute("href", "https://kaarna.example/a?b=1")

    stage.signal(page, "typing")
    expect(page.locator("#typing")).to_be_visible()
    write(page, "Kiitos!")
    expect(bubble(page, "Kiitos!")).to_have_attribute("data-state", "sent")
    stage.signal(page, "read")
    expect(bubble(page, "Kiitos!").locator(".state")).to_have_text("Luettu")

    page.get_by_role("button", name="Lopeta keskustelu").click()
    page.get_by_role("dialog").get_by_role("button", name="Lopeta").click()
    expect(status(page)).to_have_text("Keskustelu on päättynyt.")
    expect(page.get_by_label("Kirjoita viesti")).to_be_hidden()
    page.get_by_role("button", name="Aloita uusi keskustelu").click()
    expect(page.locator("#question")).to_be_focused()
    expect(page.locator("#question")).to_be_empty()


def test_place_in_the_line_is_told_and_moves(page: Page, stage: Stage) -> None:
    begin(page)
    contact = stage.contact_of(page)
    beside = page.context.new_page()
    begin(beside)
    other = stage.contact_of(beside)
    stage.show_line([other, contact])
    page.reload()
    expect(status(page)).to_have_text("Olet jonossa sijalla 2.", timeout=15_000)
    stage.call(stage.router.assign, other, "anna")
    expect(status(page)).to_have_text("Olet jonossa seuraavana.", timeout=15_000)


def test_errors_stand_beside_their_fields_and_take_the_focus(page: Page) -> None:
    page.goto(f"/chat/{POOL}?lang=fi")
    page.get_by_label("Sähköpostiosoite").fill("aino@")
    page.get_by_role("button", name="Aloita keskustelu").click()
    question = page.get_by_label("Kysymyksesi")
    expect(question).to_be_focused()
    expect(question).to_have_accessible_description("Kirjoita kysymyksesi.")
    expect(page.get_by_label("Sähköpostiosoite")).to_have_accessible_description(
        re.compile("Tarkista sähköpostiosoite")
    )
    question.fill("Hei")
    expect(question).not_to_have_attribute("aria-invalid", "true")
    assert page.evaluate("Object.values(sessionStorage).join()").count("opening") == 0


def test_keyboard_alone_is_enough(page: Page, stage: Stage) -> None:
    page.goto(f"/chat/{POOL}?lang=fi")
    for _ in range(3):
        page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("Voinko maksaa laskulla?")
    for _ in range(3):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Kirjoita viesti")).to_be_focused()
    page.keyboard.type("Ensimmäinen rivi")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("ja toinen")
    page.keyboard.press("Enter")
    message = bubble(page, "Ensimmäinen rivi")
    expect(message).to_have_attribute("data-state", "sent")
    assert "Ensimmäinen rivi\nja toinen" in stage.texts_in_the_log(stage.conversation_of(page))
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("button", name="Lopeta keskustelu")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_what_is_said_is_announced(page: Page, stage: Stage) -> None:
    begin(page)
    log = page.get_by_role("log")
    expect(log).to_have_attribute("aria-live", "polite")
    stage.agent_says(page, "Hei!")
    expect(log.get_by_text("Asiakaspalvelija")).to_be_visible()
    expect(page.get_by_role("status").first).to_be_visible()


def test_reload_keeps_conversation_draft_and_order(page: Page, stage: Stage) -> None:
    begin(page, "Yksi")
    write(page, "Kaksi")
    expect(bubble(page, "Kaksi")).to_have_attribute("data-state", "sent")
    stage.agent_says(page, "Kolme")
    expect(bubble(page, "Kolme")).to_be_visible()
    page.get_by_label("Kirjoita viesti").fill("kesken")
    page.reload()
    expect(page.locator(".message .text")).to_have_text(["Yksi", "Kaksi", "Kolme"])
    expect(page.get_by_label("Kirjoita viesti")).to_have_value("kesken")


def test_unsent_messages_are_marked_survive_a_reload_and_arrive_once(
    page: Page, stage: Stage
) -> None:
    begin(page)
    conversation = stage.conversation_of(page)
    stage.chat.kill()
    try:
        expect(status(page)).to_have_attribute("data-kind", "offline")
        write(page, "Toinen")
        write(page, "Kolmas")
        for text in ("Toinen", "Kolmas"):
            expect(bubble(page, text)).to_have_attribute("data-state", "unsent")
    finally:
        stage.chat.start()
    page.reload()
    for text in ("Toinen", "Kolmas"):
        expect(bubble(page, text)).to_have_attribute("data-state", "sent", timeout=30_000)
    texts = ["Hei! Milloin auto on valmis?", "Toinen", "Kolmas"]
    expect(page.locator(".message .text")).to_have_text(texts)
    assert stage.texts_in_the_log(conversation) == texts


def test_question_is_asked_once_although_the_service_is_away(page: Page, stage: Stage) -> None:
    page.goto(f"/chat/{POOL}?lang=fi")
    stage.chat.kill()
    try:
        page.get_by_label("Kysymyksesi").fill("Oletteko auki lauantaina?")
        page.get_by_role("button", name="Aloita keskustelu").click()
        expect(page.locator("#open-status")).to_contain_text("Yritämme hetken päästä uudelleen")
    finally:
        stage.chat.start()
    expect(bubble(page, "lauantaina")).to_have_attribute("data-state", "sent", timeout=30_000)
    conversation = stage.conversation_of(page)
    assert stage.texts_in_the_log(conversation) == ["Oletteko auki lauantaina?"]


def test_text_is_text_whatever_it_holds(page: Page, stage: Stage) -> None:
    nasty = '<img src=x onerror=alert(1)> javascript:alert(1) https://a.example/"onclick=x'
    begin(page, nasty)
    stage.agent_says(page, nasty)
    expect(page.locator(".message .text")).to_have_text([nasty, nasty])
    assert page.locator(".log img, .log [onclick]").count() == 0
    for link in page.locator(".log a").all():
        assert link.get_attribute("href") == "https://a.example/"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE, NARROWEST], ids=["desk", "phone", "narrowest"])
@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_page_is_readable_everywhere(
    chromium: Browser, stage: Stage, language: str, size: tuple[int, int], scheme: Scheme
) -> None:
    with browsing(chromium, stage, size, scheme) as page:
        page.goto(f"/chat/{POOL}?lang={language}")
        expect(page.locator("html")).to_have_attribute("lang", language)
        page.locator("#open button").click()
        expect(page.locator("#question-error")).to_be_visible()
        _check(page)
        begin(page, "Pitkäsanainen" * 30, language)
        stage.agent_says(page, "Sähkölämmitystolpanpääteasema " * 10)
        expect(page.locator(".message.agent")).to_be_visible()
        _check(page)
        page.locator("#end").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        _check(page)


def test_language_changes_in_the_middle_of_a_talk(page: Page, stage: Stage) -> None:
    begin(page)
    page.get_by_role("link", name="Svenska").click()
    expect(page.get_by_label("Skriv ett meddelande")).to_be_visible()
    expect(bubble(page, "Milloin auto on valmis?").locator(".author")).to_have_text("Du")


def test_pool_that_does_not_exist_says_so_in_the_customers_language(stage: Stage) -> None:
    answer = httpx.get(stage.chat.url("/chat/kaarna/nowhere?lang=sv"))
    assert answer.status_code == 404
    assert "Den här chatten finns inte" in answer.text


def test_page_allows_nothing_inline_and_nothing_foreign(stage: Stage) -> None:
    answer = httpx.get(stage.chat.url(f"/chat/{POOL}?lang=fi"))
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=", answer.text)
    for asset in re.findall(r'(?:src|href)="([^"?]+)"', answer.text):
        found = httpx.get(stage.chat.url(asset))
        assert found.status_code == 200
        assert "immutable" in found.headers["cache-control"]


def _check(page: Page) -> None:
    for check in page_checks.ALL:
        assert page.evaluate(check) == []
