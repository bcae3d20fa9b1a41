"""Tokens say only what we signed, where we signed it."""

import pytest

from services.forms.tokens import TOKEN_SECONDS, Slip, Tokens
from services.kit.clock import SetClock

PLACE = "kaarna/service/car-service"
SLIP = Slip("contact", "conversation", 3, 17, 18)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def tokens(clock: SetClock) -> Tokens:
    return Tokens("secret" * 10, clock)


def test_every_opened_form_has_a_token_of_its_own(tokens: Tokens) -> None:
    nonces = set()
    for _ in range(100):
        ticket = tokens.read(tokens.issue(PLACE), PLACE)
        assert ticket is not None
        nonces.add(ticket.nonce)
    assert len(nonces) == 100


def test_token_tells_how_long_the_form_was_open(tokens: Tokens, clock: SetClock) -> None:
    token = tokens.issue(PLACE)
    clock.advance(12.5)
    ticket = tokens.read(token, PLACE)
    assert ticket is not None
    assert (ticket.age, ticket.expired) == (12.5, False)
    clock.advance(TOKEN_SECONDS)
    late = tokens.read(token, PLACE)
    assert late is not None
    assert late.expired
    assert late.nonce == ticket.nonce


def test_token_of_another_form_or_of_another_secret_is_none(
    tokens: Tokens, clock: SetClock
) -> None:
    token = tokens.issue(PLACE)
    assert tokens.read(token, "kaarna/service/contact-us") is None
    assert Tokens("other" * 10, clock).read(token, PLACE) is None


@pytest.mark.parametrize("token", ["", "x", "a.b", "WzEsMl0.abc", "\u00e4"])
def test_what_was_made_up_is_no_token(tokens: Tokens, token: str) -> None:
    assert tokens.read(token, PLACE) is None
    assert tokens.open(token, PLACE) is None


def test_slip_comes_back_as_it_was_with_its_age(tokens: Tokens, clock: SetClock) -> None:
    sealed = tokens.seal(SLIP, PLACE)
    clock.advance(60)
    assert tokens.open(sealed, PLACE) == (SLIP, 60.0)


def test_one_kind_never_passes_for_the_other(tokens: Tokens) -> None:
    assert tokens.read(tokens.seal(SLIP, PLACE), PLACE) is None
    assert tokens.open(tokens.issue(PLACE), PLACE) is None
