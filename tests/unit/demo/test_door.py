"""A client that is told to come back later does, with the same ids."""

import random
from collections.abc import Callable

import httpx
import pytest

from demo.customers.form import hidden_of
from demo.door import Door, GaveUp, Refused
from demo.mailbox import text_of
from demo.pace import Pace

pytestmark = pytest.mark.anyio
URL = "http://platform/v1/chats"


def door(answer: Callable[[httpx.Request], httpx.Response]) -> Door:
    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return Door(client, Pace(1000.0, random.Random(1)))


async def test_request_is_sent_again_with_the_same_key_until_it_is_answered() -> None:
    seen: list[tuple[str, bytes]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append((request.headers["Idempotency-Key"], request.content))
        if len(seen) == 1:
            raise httpx.ConnectError("refused")
        if len(seen) == 2:
            return httpx.Response(503, headers={"Retry-After": "2"})
        return httpx.Response(201, json={"seq": 1})

    knocking = door(answer)
    assert await knocking.said("POST", URL, key="k", json={"a": 1}) == {"seq": 1}
    assert len(seen) == 3
    assert len(set(seen)) == 1
    assert knocking.retries == 2


async def test_refusal_is_not_asked_again() -> None:
    knocking = door(lambda _: httpx.Response(409, json={"detail": "over"}))
    with pytest.raises(Refused) as refused:
        await knocking.ask("POST", URL)
    assert refused.value.status == 409
    assert knocking.retries == 0


async def test_patience_ends() -> None:
    knocking = door(lambda _: httpx.Response(503))
    with pytest.raises(GaveUp):
        await knocking.ask("POST", URL, patience=0.3)


async def test_pause_that_the_service_asks_for_is_kept_in_the_demos_time() -> None:
    times = [httpx.Response(503, headers={"Retry-After": "3600"}), httpx.Response(200)]
    with pytest.raises(GaveUp):  # an hour is 3.6 s at this speed, longer than patience
        await door(lambda _: times.pop(0)).ask("GET", URL, patience=2)


async def test_redirect_is_an_answer() -> None:
    knocking = door(lambda _: httpx.Response(303, headers={"Location": "/receipt"}))
    assert (await knocking.ask("POST", URL)).headers["Location"] == "/receipt"


def test_page_gives_its_token_back_and_its_trap_empty() -> None:
    page = """<form method="post"><input type="hidden" name="_token" value="t&amp;1">
        <input name="_homepage" type="text"><input type="radio" name="answer_by" value="email">
        <input name="model" value=""><button type="submit" name="_language" value="sv"></form>"""
    assert hidden_of(page) == {"_token": "t&1", "_homepage": "", "model": ""}


def test_mails_plain_text_is_read_whatever_its_encoding() -> None:
    raw = (
        b"Subject: =?utf-8?q?V=C3=A4rinkoodi?=\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\nHyv=C3=A4=C3=A4 p=C3=A4iv=C3=A4=\r\n"
        b"=C3=A4!\r\n"
    )
    assert text_of(raw).strip() == "Hyvää päivää!"
