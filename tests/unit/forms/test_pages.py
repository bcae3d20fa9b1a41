"""The pages: what a customer sees, and what becomes of what was typed."""

import re

import pytest
from msgspec.structs import replace

from services.contracts.messages import ConversationStarted, MessageCreated
from services.contracts.topics import CONTACT_EVENTS, MESSAGES
from services.forms.definition import LANGUAGES, Language
from services.forms.tokens import TOKEN_SECONDS
from services.kit.case_number import case_number
from services.kit.publisher import partition_of
from tests.support.forms_site import POOL
from tests.unit.forms.helpers import CAR, FILLED_IN, Desk, Page, shipped

pytestmark = pytest.mark.anyio
TEXTS = shipped().texts


async def test_empty_form_has_a_visible_label_for_every_field(desk: Desk) -> None:
    page = await desk.open()
    assert page.one("html").attributes["lang"] == "fi"
    for name in ("description", "model", "registration", "mileage", "name", "email", "phone"):
        assert page.one("label", for_=name).text.strip()
    assert "Miten haluat, että vastaamme?" in page.one("legend").text
    assert page.one("title").text == "Kerro, mitä autosi tarvitsee – Kaarna Autohuolto"


async def test_what_is_required_is_said_in_words(desk: Desk) -> None:
    page = await desk.open(lang="en")
    assert page.one("label", for_="model").text.endswith("(required)")
    assert page.one("label", for_="mileage").text.endswith("(optional)")
    assert page.one("label", for_="email").text.endswith("(required if we answer by e-mail)")


async def test_browser_may_fill_in_who_the_customer_is(desk: Desk) -> None:
    page = await desk.open()
    for name, purpose in (("name", "name"), ("email", "email"), ("phone", "tel")):
        assert page.one("input", id=name).attributes["autocomplete"] == purpose


@pytest.mark.parametrize("lang", LANGUAGES)
async def test_page_speaks_the_language_that_is_asked_for(desk: Desk, lang: Language) -> None:
    page = await desk.open(lang=lang)
    assert page.one("html").attributes["lang"] == lang
    assert page.one("button", class_="send").text == TEXTS.send.to(lang)
    current = page.one("button", aria_current="true")
    assert current.text == TEXTS.language_name.to(lang)


async def test_browser_chooses_the_language_when_the_address_does_not(desk: Desk) -> None:
    async with desk.client() as client:
        answer = await client.get(CAR, headers={"Accept-Language": "de, sv-FI;q=0.8, en;q=0.5"})
    assert Page(answer.text).one("html").attributes["lang"] == "sv"
    assert answer.headers["Content-Language"] == "sv"
    assert "Accept-Language" in answer.headers["Vary"]


async def test_sent_form_is_written_in_order_and_leads_to_its_receipt(desk: Desk) -> None:
    page = await desk.open()
    answer = await desk.send(FILLED_IN | {"_token": page.token, "_homepage": ""})
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(f"{CAR}/receipt/")
    head, message, contact = desk.publisher.written
    assert [w.topic for w in (head, message, contact)] == [MESSAGES, MESSAGES, CONTACT_EVENTS]
    assert isinstance(head.event, ConversationStarted)
    assert isinstance(message.event, MessageCreated)
    conversation = head.event.data.conversation_id
    assert head.key == f"{conversation}/head"
    assert message.key == f"{conversation}/{message.event.data.message_id}"
    assert head.position.partition == message.position.partition == partition_of(conversation, 6)
    assert contact.key == POOL.pool
    assert contact.position.partition == POOL.partition


async def test_form_sent_twice_is_one_contact_with_one_case_number(desk: Desk) -> None:
    page = await desk.open()
    fields = FILLED_IN | {"_token": page.token}
    receipts = []
    for _ in range(2):
        answer = await desk.send(fields)
        async with desk.client() as client:
            receipt = Page((await client.get(answer.headers["Location"])).text)
        receipts.append(receipt.one("p", class_="number").text)
        desk.clock.advance(30)
    assert len({contact.data.contact_id for contact in desk.contacts}) == 1
    assert len({w.key for w in desk.publisher.written}) == 3
    assert set(receipts) == {case_number(desk.contacts[0].data.contact_id)}


async def test_two_forms_that_were_opened_are_two_contacts(desk: Desk) -> None:
    for _ in range(2):
        page = await desk.open()
        await desk.send(FILLED_IN | {"_token": page.token})
    assert len({contact.data.contact_id for contact in desk.contacts}) == 2


async def test_errors_stand_beside_their_fields_and_all_that_was_typed_is_kept(
    desk: Desk,
) -> None:
    page = await desk.open()
    typed = FILLED_IN | {
        "description": 'Näin & "noin" <b>',
        "registration": "12345",
        "email": "maija@",
        "name": "",
    }
    answer = await desk.send(typed | {"_token": page.token})
    assert answer.status_code == 422
    back = Page(answer.text)
    assert set(back.errors) == {"registration", "email", "name"}
    assert back.typed == typed
    assert back.token == page.token
    assert not desk.publisher.written
    assert desk.counted("forms_returned_total", reason="invalid") == 1


async def test_every_error_is_announced_and_led_to(desk: Desk) -> None:
    page = await desk.open()
    back = Page((await desk.send({"_token": page.token, "answer_by": "phone"})).text)
    summary = back.one("div", role="alert")
    assert {"tabindex", "autofocus"} <= set(summary.attributes)
    assert back.one("title").text.startswith("Virhe: ")
    links = [a.attributes["href"] for a in back.all("a") if a.attributes["href"][1:] in back.errors]
    assert links == ["#description", "#model", "#name", "#phone"]
    ids = [e.attributes["id"] for e in back.elements if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    for name in back.errors:
        field = next(e for e in back.all(id=name) if e.tag in {"input", "textarea"})
        assert field.attributes["aria-invalid"] == "true"
        described = field.attributes["aria-describedby"].split()
        assert f"{name}-error" in described
        assert set(described) <= set(ids)


async def test_other_language_keeps_what_was_typed_and_finds_no_fault_yet(desk: Desk) -> None:
    page = await desk.open()
    typed = FILLED_IN | {"email": "not yet"}
    answer = await desk.send(typed | {"_token": page.token, "_language": "sv"}, lang="sv")
    back = Page(answer.text)
    assert answer.status_code == 200
    assert back.one("html").attributes["lang"] == "sv"
    assert (back.typed, back.errors, back.token) == (typed, {}, page.token)
    assert not desk.publisher.written


async def test_enter_in_a_field_sends_and_does_not_change_the_language(desk: Desk) -> None:
    page = await desk.open()
    first = next(page.all("button", type="submit", form="the-form"))
    assert "name" not in first.attributes
    assert first.attributes["tabindex"] == "-1"


async def test_trap_gives_the_form_back_and_a_person_passes_at_the_second_press(
    desk: Desk,
) -> None:
    page = await desk.open()
    answer = await desk.send(FILLED_IN | {"_token": page.token, "_homepage": "http://spam"})
    back = Page(answer.text)
    assert answer.status_code == 422
    assert TEXTS.trap_filled.fi in back.one("div", role="alert").text
    assert back.one("input", name="_homepage").attributes.get("value", "") == ""
    assert not desk.publisher.written
    assert desk.counted("forms_returned_total", reason="trap") == 1
    again = await desk.send(back.typed | {"_token": back.token, "_homepage": ""})
    assert again.status_code == 303


async def test_form_filled_in_faster_than_anybody_types_is_given_back_once(desk: Desk) -> None:
    page = await desk.open()
    desk.clock.advance(-59)
    fields = FILLED_IN | {"_token": page.token}
    answer = await desk.send(fields)
    assert answer.status_code == 422
    assert TEXTS.too_quick.fi in Page(answer.text).one("div", role="alert").text
    assert not desk.publisher.written
    desk.clock.advance(3)
    assert (await desk.send(fields)).status_code == 303


async def test_form_left_open_for_too_long_comes_back_filled_in_with_a_new_token(
    desk: Desk,
) -> None:
    page = await desk.open()
    desk.clock.advance(TOKEN_SECONDS)
    answer = await desk.send(FILLED_IN | {"_token": page.token})
    back = Page(answer.text)
    assert answer.status_code == 422
    assert TEXTS.expired.fi in back.one("div", role="alert").text
    assert back.typed == FILLED_IN
    assert not desk.publisher.written
    desk.clock.advance(10)
    assert (await desk.send(back.typed | {"_token": back.token})).status_code == 303


@pytest.mark.parametrize("token", ["", "forged"])
async def test_nobody_makes_tokens_but_we(desk: Desk, token: str) -> None:
    answer = await desk.send(FILLED_IN | {"_token": token})
    assert answer.status_code == 422
    assert Page(answer.text).token not in {"", token}
    assert not desk.publisher.written


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("away", [MESSAGES.name, CONTACT_EVENTS.name])
async def test_kafka_away_keeps_everything_and_sending_again_is_safe(
    desk: Desk, lang: Language, away: str
) -> None:
    page = await desk.open(lang=lang)
    fields = FILLED_IN | {"_token": page.token}
    desk.publisher.away = {away}
    answer = await desk.send(fields, lang=lang)
    back = Page(answer.text)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1
    assert TEXTS.unavailable_text.to(lang) in back.one("div", role="alert").text
    assert (back.typed, back.token) == (FILLED_IN, page.token)
    assert not desk.contacts
    desk.publisher.away = set()
    again = await desk.send(back.typed | {"_token": back.token}, lang=lang)
    assert again.status_code == 303
    assert len({w.key for w in desk.publisher.written}) == 3
    assert len(desk.contacts) == 1


async def test_unknown_outcome_sent_again_is_the_same_contact(desk: Desk) -> None:
    page = await desk.open()
    fields = FILLED_IN | {"_token": page.token}
    desk.publisher.away, desk.publisher.unknown = {CONTACT_EVENTS.name}, True
    assert (await desk.send(fields)).status_code == 503
    desk.publisher.away = set()
    assert (await desk.send(fields)).status_code == 303
    assert len(desk.contacts) == 2
    assert len({contact.data.contact_id for contact in desk.contacts}) == 1


async def test_pools_not_known_yet_keeps_everything_too(desk: Desk) -> None:
    page = await desk.open()
    desk.pools.pools = None
    answer = await desk.send(FILLED_IN | {"_token": page.token})
    back = Page(answer.text)
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
    assert (back.typed, back.token) == (FILLED_IN, page.token)
    async with desk.client() as client:
        closed = await client.get(CAR, params={"lang": "sv"})
    assert closed.status_code == 503
    assert TEXTS.closed_text.sv in closed.text


@pytest.mark.parametrize(
    "path",
    [
        "/forms/kaarna/service/nothing",
        "/forms/kaarna/nobody/car-service",
        "/forms/nobody/service/car-service",
    ],
)
async def test_unknown_pool_or_form_is_a_friendly_page(desk: Desk, path: str) -> None:
    async with desk.client() as client:
        seen = await client.get(path, params={"lang": "sv"})
    sent = await desk.send(FILLED_IN, path=path, lang="sv")
    for answer in (seen, sent):
        assert answer.status_code == 404
        assert Page(answer.text).one("h1").text == TEXTS.not_found_title.sv


async def test_name_that_somebody_wrote_into_an_address_is_not_shown_as_the_company(
    desk: Desk,
) -> None:
    path = "/forms/call-0700-1234/service/car-service"
    async with desk.client() as client:
        unknown = await client.get(path)
        desk.pools.pools = None
        closed = await client.get(path)
    sent = await desk.send(FILLED_IN, path=path)
    assert [unknown.status_code, closed.status_code, sent.status_code] == [404, 503, 503]
    for answer in (unknown, closed, sent):
        assert "call-0700" not in answer.text


async def test_pool_without_the_channel_has_no_forms(desk: Desk) -> None:
    channels = {"chat": POOL.channels["chat"]}
    desk.pools.pools = {POOL.pool: replace(POOL, channels=channels)}
    async with desk.client() as client:
        assert (await client.get(CAR)).status_code == 404


async def test_only_languages_that_the_pool_answers_in_are_offered(desk: Desk) -> None:
    desk.pools.pools = {POOL.pool: replace(POOL, languages=("fi", "sv"))}
    page = await desk.open(lang="en")
    assert page.one("html").attributes["lang"] == "fi"
    assert [b.text for b in page.all("button", name="_language")] == ["Suomi", "Svenska"]


async def test_receipt_shows_the_case_number_even_while_kafka_cannot_be_read(desk: Desk) -> None:
    page = await desk.open()
    answer = await desk.send(FILLED_IN | {"_token": page.token})
    async with desk.client() as client:
        receipt = await client.get(answer.headers["Location"], headers={"Accept-Language": "fi"})
    seen = Page(receipt.text)
    assert receipt.status_code == 200
    assert seen.one("p", class_="number").text == case_number(desk.contacts[0].data.contact_id)
    assert TEXTS.sent_unseen.fi in seen.html
    assert receipt.headers["Cache-Control"] == "no-store"


async def test_old_receipt_shows_the_case_number_and_nothing_personal(desk: Desk) -> None:
    page = await desk.open()
    answer = await desk.send(FILLED_IN | {"_token": page.token})
    desk.clock.advance(1801)
    async with desk.client() as client:
        receipt = await client.get(answer.headers["Location"], headers={"Accept-Language": "en"})
    assert case_number(desk.contacts[0].data.contact_id) in receipt.text
    assert TEXTS.sent_hidden.en in receipt.text
    assert "Maija" not in receipt.text


async def test_address_of_a_receipt_holds_nothing_that_the_customer_wrote(desk: Desk) -> None:
    page = await desk.open()
    short = (await desk.send(FILLED_IN | {"_token": page.token})).headers["Location"]
    long = (await desk.send(FILLED_IN | {"_token": page.token, "description": "x" * 4000})).headers[
        "Location"
    ]
    assert abs(len(short) - len(long)) < 8


async def test_made_up_receipt_is_not_found(desk: Desk) -> None:
    async with desk.client() as client:
        answer = await client.get(f"{CAR}/receipt/made-up", headers={"Accept-Language": "sv"})
    assert answer.status_code == 404
    assert TEXTS.not_found_title.sv in answer.text


async def test_pages_have_no_inline_script_or_style_and_the_policy_allows_none(
    desk: Desk,
) -> None:
    page = await desk.open()
    back = Page((await desk.send({"_token": page.token})).text)
    async with desk.client() as client:
        policy = (await client.get(CAR)).headers["Content-Security-Policy"]
        for link in page.all("link"):
            asset = await client.get(link.attributes["href"])
            assert asset.status_code == 200
            assert "immutable" in asset.headers["Cache-Control"]
        assert (await client.get("/forms/assets/forms.css")).status_code == 404
    for each in (page, back):
        assert not list(each.all("script"))
        assert not list(each.all("style"))
        for element in each.elements:
            assert "style" not in element.attributes
            assert not [name for name in element.attributes if name.startswith("on")]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "script-src" not in policy


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"{}", "application/json"),
        (b"--x\r\n\r\n--x--", "multipart/form-data; boundary=x"),
        (b"a=\xff", "application/x-www-form-urlencoded"),
        (b"&".join(b"a%d=1" % n for n in range(200)), "application/x-www-form-urlencoded"),
    ],
)
async def test_body_that_is_no_form_is_told_so_on_a_page(
    desk: Desk, content: bytes, media_type: str
) -> None:
    async with desk.client() as client:
        answer = await client.post(
            CAR, content=content, params={"lang": "en"}, headers={"Content-Type": media_type}
        )
    assert answer.status_code == 400
    assert TEXTS.unreadable_title.en in Page(answer.text).one("h1").text


async def test_nothing_personal_stands_in_the_metrics(desk: Desk) -> None:
    page = await desk.open()
    await desk.send(FILLED_IN | {"_token": page.token})
    async with desk.client() as client:
        metrics = (await client.get("/metrics")).text
    assert desk.counted("contacts_accepted_total", channel="form") == 1
    assert not re.search("Maija|example|358|ABC-123", metrics)
