"""A form travels into a real Kafka: durable, in order, once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from deploy.local.broker import Broker
from deploy.local.process import wait_until
from services.contracts.base import Event
from services.contracts.contact_events import ContactOpened
from services.contracts.messages import ConversationStarted, MessageCreated
from services.contracts.topics import CONTACT_EVENTS, MESSAGES
from services.kit.case_number import case_number
from services.kit.log_reader import Raw
from services.kit.publisher import partition_of
from tests.support.forms_site import POOL, FormsSite, forms_site
from tests.unit.forms.helpers import FILLED_IN, Page

PAGE = "/forms/kaarna/service/car-service"
DOOR = "/v1/forms/kaarna/service/car-service"


@pytest.fixture(scope="module")
def site(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FormsSite]:
    env = {"JONOTON_FORMS_LEAST_SECONDS": "0"}
    with forms_site(broker, tmp_path_factory.mktemp("forms"), env) as running:
        yield running


@pytest.fixture
def browser(site: FormsSite) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site.url(""), timeout=20, trust_env=False) as client:
        yield client


def records(site: FormsSite, conversation: str) -> tuple[list[Raw], list[Event]]:
    """What stands in Kafka of one conversation: `messages` first, then `contact-events`."""
    found = [
        (raw, event)
        for raw, event in (*site.read(MESSAGES), *site.read(CONTACT_EVENTS))
        if isinstance(event, ConversationStarted | MessageCreated | ContactOpened)
        and event.data.conversation_id == conversation
    ]
    return [raw for raw, _ in found], [event for _, event in found]


def knock(site: FormsSite, key: str, fields: dict[str, str]) -> httpx.Response:
    """The JSON door."""
    return httpx.post(
        site.url(DOOR),
        json={"language": "fi", "fields": fields},
        headers={"Idempotency-Key": key},
        timeout=20,
        trust_env=False,
    )


def test_posted_form_is_in_kafka_in_the_right_order(site: FormsSite) -> None:
    answer = knock(site, "order", FILLED_IN)
    assert answer.status_code == 202
    ids = answer.json()
    raws, events = records(site, ids["conversation_id"])
    head, message, contact = events
    assert isinstance(head, ConversationStarted)
    assert isinstance(message, MessageCreated)
    assert isinstance(contact, ContactOpened)
    conversation = ids["conversation_id"]
    assert [raw.key for raw in raws] == [
        f"{conversation}/head".encode(),
        f"{conversation}/{message.data.message_id}".encode(),
        b"kaarna/service",
    ]
    assert raws[0].partition == raws[1].partition == partition_of(conversation, 6)
    assert raws[0].offset < raws[1].offset
    assert raws[2].partition == POOL.partition
    # Kafka's own time stamps: the contact was written after both messages were acknowledged.
    assert raws[0].at <= raws[1].at <= raws[2].at
    assert head.data.contact_id == contact.data.contact_id == ids["contact_id"]
    assert ids["case"] == case_number(ids["contact_id"])


def test_page_leads_to_a_receipt_with_all_that_was_sent(
    site: FormsSite, browser: httpx.Client
) -> None:
    page = Page(browser.get(PAGE, params={"lang": "fi"}).text)
    answer = browser.post(
        PAGE,
        params={"lang": "fi"},
        data=FILLED_IN | {"_token": page.token, "_homepage": ""},
        follow_redirects=True,
    )
    receipt = Page(answer.text)
    assert answer.history[0].status_code == 303
    assert receipt.one("h1").text == "Kiitos, viestisi on perillä"
    case = receipt.one("p", class_="number").text
    shown = [element.text for element in receipt.all("dd")]
    assert "Jarrut vinkuvat, kun auto on kylmä.\nVaihtakaa öljyt." in shown
    for value in ("Toyota Corolla 2018", "ABC-123", "123\u00a0000\u00a0km", "Maija Meikäläinen"):
        assert value in shown
    assert case in {
        case_number(event.data.contact_id)
        for _, event in site.read(CONTACT_EVENTS)
        if isinstance(event, ContactOpened)
    }


def test_form_posted_twice_at_the_same_moment_is_one_contact(
    site: FormsSite, browser: httpx.Client
) -> None:
    page = Page(browser.get(PAGE, params={"lang": "en"}).text)
    fields = FILLED_IN | {"_token": page.token, "name": "Double Click"}

    def press(_: int) -> str:
        with httpx.Client(base_url=site.url(""), timeout=20, trust_env=False) as client:
            answer = client.post(PAGE, params={"lang": "en"}, data=fields, follow_redirects=True)
        receipt = Page(answer.text)
        assert "Double Click" in [element.text for element in receipt.all("dd")]
        return receipt.one("p", class_="number").text

    with ThreadPoolExecutor(4) as presses:
        cases = set(presses.map(press, range(4)))
    heads = {
        event.data.conversation_id
        for _, event in site.read(MESSAGES)
        if isinstance(event, ConversationStarted) and event.data.customer.name == "Double Click"
    }
    assert len(cases) == len(heads) == 1
    _, events = records(site, heads.pop())
    assert len({event.id for event in events}) == 3
    assert {case_number(e.data.contact_id) for e in events if isinstance(e, ContactOpened)} == cases


def test_same_key_at_the_json_door_is_one_contact(site: FormsSite) -> None:
    first, second = knock(site, "double", FILLED_IN), knock(site, "double", FILLED_IN)
    assert first.json() == second.json()
    _, events = records(site, first.json()["conversation_id"])
    assert len({event.id for event in events}) == 3


def test_broker_that_stops_and_comes_back_loses_nothing_and_doubles_nothing(
    broker: Broker, site: FormsSite, browser: httpx.Client
) -> None:
    page = Page(browser.get(PAGE, params={"lang": "sv"}).text)
    fields = FILLED_IN | {"_token": page.token, "name": "Ihärdig Kund"}
    broker.pause()
    try:
        away = browser.post(PAGE, params={"lang": "sv"}, data=fields)
    finally:
        broker.resume()
    back = Page(away.text)
    assert away.status_code == 503
    assert int(away.headers["Retry-After"]) >= 1
    assert back.token == page.token
    assert back.typed["name"] == "Ihärdig Kund"
    assert "Vänta en stund och tryck på Skicka igen." in back.one("div", role="alert").text

    def press() -> bool:
        again = browser.post(PAGE, params={"lang": "sv"}, data=back.typed | {"_token": back.token})
        return again.status_code == 303

    assert wait_until(press, 30)
    heads = {
        event.data.conversation_id
        for _, event in site.read(MESSAGES)
        if isinstance(event, ConversationStarted) and event.data.customer.name == "Ihärdig Kund"
    }
    assert len(heads) == 1
    _, events = records(site, heads.pop())
    assert len({event.id for event in events}) == 3
