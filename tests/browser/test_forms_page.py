"""The forms' pages in a real browser with JavaScript switched off, on a real broker."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from deploy.local.broker import Broker
from services.contracts.contact_events import ContactOpened
from services.contracts.messages import MessageCreated
from services.contracts.topics import CONTACT_EVENTS, MESSAGES
from services.kit.case_number import case_number
from tests.support.forms_site import FormsSite, forms_site

CAR = "/forms/kaarna/service/car-service"
CONTACT = "/forms/kaarna/service/contact-us"
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
NARROWEST = {"width": 320, "height": 640}  # WCAG 2.2, 1.4.10

# Every piece of text against what is painted behind it; returns what cannot be read well.
HARD_TO_READ = """() => {
  const rgb = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = element => {
    for (let e = element; e; e = e.parentElement) {
      const colour = rgb(getComputedStyle(e).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const bad = [];
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || element.closest('.unseen, .skip, option')) continue;
    const [a, b] = [rgb(getComputedStyle(element).color), behind(element)].map(light);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) bad.push(`${walker.currentNode.data.trim()}: ${ratio.toFixed(2)}`);
  }
  return bad;
}"""

WIDER_THAN_THE_SCREEN = """() => [...document.querySelectorAll('body *')]
  .filter(e => !e.closest('.unseen, .skip'))
  .filter(e => e.getBoundingClientRect().right > innerWidth + 0.5)
  .map(e => e.outerHTML.slice(0, 80))"""

SMALLER_THAN_A_FINGERTIP = """() => [...document.querySelectorAll('a, button, input, select')]
  .filter(e => !e.closest('.unseen, .skip') && !['hidden'].includes(e.type))
  .filter(e => !e.matches('.unseen'))
  .map(e => e.closest('label') || e)
  .filter(e => e.getBoundingClientRect().height < 24)
  .map(e => e.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module")
def site(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FormsSite]:
    env = {"JONOTON_FORMS_LEAST_SECONDS": "0"}
    with forms_site(broker, tmp_path_factory.mktemp("forms"), env) as running:
        yield running


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def page(request: pytest.FixtureRequest, chromium: Browser, site: FormsSite) -> Iterator[Page]:
    """A page without JavaScript that takes no complaint of the browser (the answers 422 and 503
    are meant)."""
    context = chromium.new_context(
        viewport=request.param, java_script_enabled=False, base_url=site.url("")
    )
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("console", lambda said: complaints.append(said.text))
    yield opened
    context.close()
    assert [text for text in complaints if "status of 422" not in text] == []


def test_customer_corrects_what_was_wrong_and_gets_a_receipt(page: Page, site: FormsSite) -> None:
    page.goto(f"{CAR}?lang=fi")
    expect(page).to_have_title("Kerro, mitä autosi tarvitsee – Kaarna Autohuolto")
    page.get_by_label("Rekisterinumero").fill("12345")
    page.get_by_label("Mittarilukema").fill("paljon")
    page.get_by_role("radio", name="Puhelimitse").check()
    page.get_by_role("textbox", name="Puhelinnumero").fill("12")
    page.get_by_role("button", name="Lähetä").click()

    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    expect(summary.get_by_role("link")).to_have_count(6)
    expect(page).to_have_title("Virhe: Kerro, mitä autosi tarvitsee – Kaarna Autohuolto")
    registration = page.get_by_label("Rekisterinumero")
    expect(registration).to_have_value("12345")
    expect(registration).to_have_attribute("aria-invalid", "true")
    expect(registration).to_have_accessible_description(
        "Esimerkiksi ABC\u2011123. Jos auto on rekisteröity ulkomailla, jätä tämä tyhjäksi ja "
        "kirjoita numero viestiin. Virhe: Tarkista rekisterinumero. Suomalainen rekisterinumero "
        "on esimerkiksi ABC\u2011123."
    )
    expect(page.get_by_role("radio", name="Puhelimitse")).to_be_checked()

    summary.get_by_role("link", name="Rekisterinumero").click()
    expect(registration).to_be_focused()
    registration.fill("abc 123")
    page.get_by_label("Mittarilukema").fill("noin 123 000")
    page.get_by_label("Mikä autossa on vialla").fill("Jarrut vinkuvat.\n\nVaihtakaa öljyt.")
    page.get_by_label("Auton merkki ja malli").fill("Toyota Corolla 2018")
    page.get_by_label("Nimi").fill("Maija Meikäläinen")
    page.get_by_role("textbox", name="Puhelinnumero").fill("040 123 4567")
    page.get_by_role("button", name="Lähetä").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Kiitos, viestisi on perillä")
    expect(page.get_by_text("+358 40 1234567").first).to_be_visible()
    for value in ("Toyota Corolla 2018", "ABC-123", "Puhelimitse", "Maija Meikäläinen"):
        expect(page.get_by_role("definition").filter(has_text=value)).to_be_visible()
    case = page.locator(".number").inner_text()
    assert case in {
        case_number(event.data.contact_id)
        for _, event in site.read(CONTACT_EVENTS)
        if isinstance(event, ContactOpened)
    }
    assert "Jarrut vinkuvat.\n\nVaihtakaa öljyt." in {
        event.data.text for _, event in site.read(MESSAGES) if isinstance(event, MessageCreated)
    }
    page.reload()
    expect(page.locator(".number")).to_have_text(case)


@pytest.mark.parametrize(
    ("lang", "send", "name", "title", "answer"),
    [
        ("fi", "Lähetä", "Nimi", "Kiitos, viestisi on perillä", "maija@example.fi"),
        ("sv", "Skicka", "Namn", "Tack, ditt meddelande har kommit fram", "maija@example.fi"),
        ("en", "Send", "Name", "Thank you, we have your message", "maija@example.fi"),
    ],
)
def test_every_language_leads_from_the_form_to_the_receipt(
    page: Page, lang: str, send: str, name: str, title: str, answer: str
) -> None:
    page.goto(f"{CONTACT}?lang={lang}")
    page.locator("#description").fill("Onko teillä talvirenkaita?")
    page.locator("#matter").select_option("other")
    page.get_by_label(name).fill("Maija Meikäläinen")
    page.locator("#email").fill(answer)
    page.get_by_role("button", name=send).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    expect(page.locator("html")).to_have_attribute("lang", lang)
    expect(page.get_by_text(answer).first).to_be_visible()


def test_language_changes_and_what_was_typed_stays(page: Page) -> None:
    page.goto(f"{CAR}?lang=fi")
    page.locator("#description").fill("Bromsarna gnisslar.")
    page.locator("#answer_by-phone").check()
    page.get_by_role("button", name="Svenska").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Berätta vad din bil behöver")
    expect(page.locator("#description")).to_have_value("Bromsarna gnisslar.")
    expect(page.locator("#answer_by-phone")).to_be_checked()
    expect(page.get_by_role("alert")).to_have_count(0)
    assert page.url.endswith("?lang=sv")


def test_enter_in_a_field_sends(page: Page) -> None:
    page.goto(f"{CONTACT}?lang=en")
    page.locator("#name").press("Enter")
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_keyboard_reaches_everything_in_order_and_never_the_trap(page: Page) -> None:
    page.goto(f"{CAR}?lang=en")
    reached = []
    for _ in range(20):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("() => (e => e.id || e.lang || e.className)(document.activeElement)")
        )
        if reached[-1] == "send":
            break
    assert reached == [
        *("skip", "fi", "sv", "en"),
        *("description", "model", "registration", "mileage"),
        *("answer_by", "name", "email", "phone", "send"),
    ]


@pytest.mark.parametrize(("lang", "scheme"), [("fi", "light"), ("sv", "dark"), ("en", "light")])
def test_every_page_can_be_read_by_light_and_by_dark_and_on_the_narrowest_screen(
    chromium: Browser, site: FormsSite, scheme: str, lang: str
) -> None:
    context = chromium.new_context(
        viewport=NARROWEST,  # type: ignore[arg-type]
        color_scheme=scheme,  # type: ignore[arg-type]
        java_script_enabled=False,
        base_url=site.url(""),
    )
    page = context.new_page()

    def look() -> None:
        assert page.evaluate(HARD_TO_READ) == []
        assert page.evaluate(WIDER_THAN_THE_SCREEN) == []
        assert page.evaluate(SMALLER_THAN_A_FINGERTIP) == []

    page.goto(f"{CAR}?lang={lang}")
    look()
    page.locator("#registration").fill("12345")
    page.locator("#name").fill("Maija 131052-308T")
    page.locator(".send").click()
    expect(page.get_by_role("alert")).to_be_visible()
    look()
    page.locator("#registration").fill("ABC-123")
    page.locator("#name").fill("Maija Meikäläinen-Virtanen")
    page.locator("#description").fill("Jarrutvinkuvatkylmällä" * 8)
    page.locator("#model").fill("Toyota Corolla 2018")
    page.locator("#email").fill("maija.meikalainen-virtanen@pitka.verkkotunnus.example.fi")
    page.locator(".send").click()
    expect(page.locator(".number")).to_be_visible()
    look()
    page.goto("/forms/kaarna/service/nothing")
    look()
    context.close()


def test_every_field_has_a_name_that_is_seen_and_read_out(page: Page) -> None:
    page.goto(f"{CAR}?lang=en")
    for field, name in {
        "description": "What is wrong with the car, or what service do you need? (required)",
        "model": "Make and model (required)",
        "registration": "Registration number (optional)",
        "mileage": "Mileage (optional)",
        "name": "Name (required)",
        "email": "E-mail address (required if we answer by e-mail)",
        "phone": "Phone number (required if we answer by phone)",
    }.items():
        expect(page.locator(f"#{field}")).to_have_accessible_name(name)
        expect(page.locator(f"label[for={field}]")).to_be_visible()
    group = page.get_by_role("group", name="How would you like us to answer? (required)")
    expect(group.get_by_role("radio")).to_have_count(2)
