"""Who is calling: bearer tokens (JWT) with tenant and roles, and the development issuer.

The development issuer signs with a key in the data folder and refuses to work outside
`environment=development`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import jwt
from fastapi import Header

from services.kit.clock import Clock
from services.kit.errors import RefusedToStart
from services.kit.keys import shared_key
from services.kit.problem import Problem
from services.kit.settings import Settings

Role = Literal["agent", "supervisor", "administrator", "integration", "auditor"]
AUDIENCE = "jonoton"
CUSTOMER_AUDIENCE = "jonoton-customer"
DEV_ISSUER = "jonoton-development"
_REMEMBERED = 10_000
"""Good tokens, until they expire: their signatures are not checked again."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller: `subject` is an agent's id for agents; `tenant` the only company it may see."""

    subject: str
    tenant: str
    roles: frozenset[str]

    def has(self, *roles: str) -> bool:
        """Whether the caller has any of the roles."""
        return not self.roles.isdisjoint(roles)


class Auth:
    """Issues (in development) and checks tokens."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        if settings.environment != "development":
            raise RefusedToStart(
                "JONOTON_ENVIRONMENT is not 'development', and only the development issuer of "
                "tokens exists so far: set JONOTON_ENVIRONMENT=development on a test machine"
            )
        self._clock = clock
        self._key = shared_key(settings.data / "development-issuer.key")
        self._checked: dict[str, tuple[Principal, int]] = {}

    def issue(
        self, subject: str, tenant: str, roles: tuple[Role, ...], *, seconds: int = 12 * 3600
    ) -> str:
        """A token of the development issuer."""
        now = self._clock.now_ms() // 1000
        claims = {
            "iss": DEV_ISSUER,
            "aud": AUDIENCE,
            "sub": subject,
            "tenant": tenant,
            "roles": list(roles),
            "iat": now,
            "exp": now + seconds,
        }
        return jwt.encode(claims, self._key, algorithm="HS256")

    def check(self, token: str) -> Principal:
        """The caller of a token. Raises `Problem` 401 for a token that is not good."""
        known = self._checked.get(token)
        if known is not None and known[1] * 1000 > self._clock.now_ms():
            return known[0]
        claims = self._claims(token, audience=AUDIENCE, issuer=DEV_ISSUER)
        tenant, roles = claims.get("tenant"), claims.get("roles")
        if not isinstance(tenant, str) or not isinstance(roles, list):
            raise _refused("The token names no tenant and roles.")
        principal = Principal(claims["sub"], tenant, frozenset(map(str, roles)))
        if len(self._checked) >= _REMEMBERED:
            self._checked.clear()
        self._checked[token] = principal, claims["exp"]
        return principal

    def issue_conversation(self, conversation_id: str, *, seconds: int = 30 * 86_400) -> str:
        """A customer's token: good for this one conversation, on any channel, and nothing else."""
        now = self._clock.now_ms() // 1000
        claims = {"aud": CUSTOMER_AUDIENCE, "sub": conversation_id, "exp": now + seconds}
        return jwt.encode(claims, self._key, algorithm="HS256")

    def check_conversation(self, token: str, conversation_id: str) -> None:
        """Raises `Problem` 401 unless the token is good for exactly this conversation."""
        claims = self._claims(token, audience=CUSTOMER_AUDIENCE)
        if claims["sub"] != conversation_id:
            raise _refused("The token is for another conversation.")

    def _claims(self, token: str, *, audience: str, issuer: str | None = None) -> dict[str, Any]:
        """What a good token says. Its time is judged by our clock: PyJWT knows only its own."""
        required = ["exp", "sub", "aud", *(["iss"] if issuer else [])]
        options: Any = {"require": required, "verify_exp": False}
        options |= {"verify_iat": False, "verify_nbf": False}
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key,
                algorithms=["HS256"],
                audience=audience,
                issuer=issuer,
                options=options,
            )
        except jwt.PyJWTError as error:
            raise _refused(f"The token is not valid ({type(error).__name__}).") from error
        expires = claims["exp"]
        if not isinstance(expires, int) or expires * 1000 <= self._clock.now_ms():
            raise _refused("The token has expired.")
        return claims

    def require(self, *roles: Role) -> Callable[[str | None], Awaitable[Principal]]:
        """A FastAPI dependency: the caller, who has one of `roles`; 401 or 403 otherwise."""

        async def dependency(authorization: Annotated[str | None, Header()] = None) -> Principal:
            principal = self.from_header(authorization)
            if roles and not principal.has(*roles):
                raise Problem(403, f"This needs one of the roles: {', '.join(roles)}.")
            return principal

        return dependency

    def from_header(self, authorization: str | None) -> Principal:
        """The caller of an `Authorization` header."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _refused("A bearer token is needed.")
        return self.check(token.strip())


def _refused(detail: str) -> Problem:
    return Problem(401, detail, headers={"WWW-Authenticate": "Bearer"})
