"""Who may come in, and with what."""

import base64
import json
from pathlib import Path
from typing import Any

import jwt
import pytest
from fastapi import APIRouter, Depends

from services.kit.app import create_app
from services.kit.auth import AUDIENCE, CUSTOMER_AUDIENCE, DEV_ISSUER, Auth, Principal
from services.kit.clock import SetClock
from services.kit.errors import RefusedToStart
from services.kit.metrics import Metrics
from services.kit.problem import Problem
from services.kit.settings import Settings
from tests.unit.kit.http import client


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(environment="development", data=tmp_path)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def auth(settings: Settings, clock: SetClock) -> Auth:
    return Auth(settings, clock)


@pytest.fixture
def key(settings: Settings, auth: Auth) -> str:
    """The key that the issuer signs with."""
    return (settings.data / "development-issuer.key").read_text(encoding="ascii")


def claims(clock: SetClock, **changed: Any) -> dict[str, Any]:
    """What a good token says; None takes a claim away."""
    good = {
        "iss": DEV_ISSUER,
        "aud": AUDIENCE,
        "sub": "anna",
        "tenant": "kaarna",
        "roles": ["agent"],
        "exp": clock.now_ms() // 1000 + 60,
    }
    return {name: value for name, value in (good | changed).items() if value is not None}


def refusal(auth: Auth, token: str) -> Problem:
    with pytest.raises(Problem) as refused:
        auth.check(token)
    assert refused.value.status == 401
    assert refused.value.headers == {"WWW-Authenticate": "Bearer"}
    return refused.value


def test_token_says_who_is_calling(auth: Auth) -> None:
    token = auth.issue("anna", "kaarna", ("agent", "supervisor"))
    principal = auth.check(token)
    assert principal == Principal("anna", "kaarna", frozenset({"agent", "supervisor"}))
    assert principal.has("administrator", "agent")
    assert not principal.has("administrator")


def test_token_of_one_process_is_good_in_another(settings: Settings, clock: SetClock) -> None:
    token = Auth(settings, clock).issue("anna", "kaarna", ("agent",))
    assert Auth(settings, clock).check(token).subject == "anna"


def test_token_is_good_until_it_expires_by_our_clock(auth: Auth, clock: SetClock) -> None:
    token = auth.issue("anna", "kaarna", ("agent",), seconds=60)
    clock.advance(59)
    assert auth.check(token).subject == "anna"
    clock.advance(1)
    assert "expired" in refusal(auth, token).detail


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": CUSTOMER_AUDIENCE},
        {"aud": "somebody-else"},
        {"aud": None},
        {"iss": "somebody-else"},
        {"iss": None},
        {"sub": None},
        {"exp": None},
        {"exp": "tomorrow"},
        {"tenant": None},
        {"tenant": 7},
        {"roles": None},
        {"roles": "agent"},
    ],
    ids=str,
)
def test_token_with_a_wrong_or_missing_claim_is_refused(
    auth: Auth, key: str, clock: SetClock, changed: dict[str, Any]
) -> None:
    refusal(auth, jwt.encode(claims(clock, **changed), key, algorithm="HS256"))


def test_token_of_these_claims_would_have_been_good(auth: Auth, key: str, clock: SetClock) -> None:
    token = jwt.encode(claims(clock), key, algorithm="HS256")
    assert auth.check(token).subject == "anna"


def test_token_signed_with_another_key_is_refused(auth: Auth, clock: SetClock) -> None:
    refusal(auth, jwt.encode(claims(clock), "another key, as long as needed: 32", "HS256"))


def test_token_signed_by_another_algorithm_is_refused(
    auth: Auth, key: str, clock: SetClock
) -> None:
    refusal(auth, jwt.encode(claims(clock), key * 2, algorithm="HS512"))


def test_unsigned_token_is_refused(auth: Auth, key: str, clock: SetClock) -> None:
    refusal(auth, jwt.encode(claims(clock), None, algorithm="none"))
    _, body, signature = jwt.encode(claims(clock), key, algorithm="HS256").split(".")
    head = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT"}).encode())
    for tail in ("", signature):
        refusal(auth, f"{head.decode().rstrip('=')}.{body}.{tail}")


def test_token_that_was_tampered_with_is_refused(auth: Auth, key: str, clock: SetClock) -> None:
    head, _, signature = auth.issue("anna", "kaarna", ("agent",)).split(".")
    body = jwt.encode(claims(clock, roles=["administrator"]), "x" * 32, "HS256").split(".")[1]
    refusal(auth, f"{head}.{body}.{signature}")


@pytest.mark.parametrize("token", ["", ".", "a.b.c", "ä", "x" * 10_000])
def test_token_that_is_none_is_refused(auth: Auth, token: str) -> None:
    refusal(auth, token)


def test_customers_token_opens_its_own_conversation_and_nothing_else(
    auth: Auth, clock: SetClock
) -> None:
    token = auth.issue_conversation("c1", seconds=60)
    auth.check_conversation(token, "c1")
    with pytest.raises(Problem) as another:
        auth.check_conversation(token, "c2")
    assert (another.value.status, another.value.headers) == (401, {"WWW-Authenticate": "Bearer"})
    refusal(auth, token)
    clock.advance(60)
    with pytest.raises(Problem, match="expired"):
        auth.check_conversation(token, "c1")


def test_agents_token_opens_no_conversation_as_a_customers(auth: Auth) -> None:
    with pytest.raises(Problem):
        auth.check_conversation(auth.issue("c1", "kaarna", ("agent",)), "c1")


def test_development_issuer_refuses_to_start_outside_development(tmp_path: Path) -> None:
    with pytest.raises(RefusedToStart, match="JONOTON_ENVIRONMENT"):
        Auth(Settings(data=tmp_path), SetClock())
    assert list(tmp_path.iterdir()) == []


def test_key_is_readable_by_its_owner_alone(settings: Settings, key: str) -> None:
    path = settings.data / "development-issuer.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(key) >= 32
    assert [entry.name for entry in settings.data.iterdir()] == [path.name]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("header", "status"),
    [
        (None, 401),
        ("", 401),
        ("Basic YTpi", 401),
        ("Bearer", 401),
        ("Bearer nonsense", 401),
        ("supervisor", 200),
        ("agent", 403),
    ],
)
async def test_route_lets_in_only_callers_with_one_of_its_roles(
    auth: Auth, header: str | None, status: int
) -> None:
    router = APIRouter()
    needed = Depends(auth.require("supervisor", "administrator"))

    @router.get("/queues")
    async def queues(caller: Principal = needed) -> dict[str, str]:
        return {"tenant": caller.tenant}

    if header in {"supervisor", "agent"}:
        header = f"bearer {auth.issue('anna', 'kaarna', (header,))}"  # type: ignore[arg-type]
    app = create_app("Queues", metrics=Metrics("test"), routers=[router])
    async with client(app) as http:
        answer = await http.get(
            "/queues", headers={} if header is None else {"Authorization": header}
        )
    assert answer.status_code == status
    if status == 200:
        assert answer.json() == {"tenant": "kaarna"}
    assert ("www-authenticate" in answer.headers) == (status == 401)
