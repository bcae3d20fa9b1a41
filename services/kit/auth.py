"""Who is calling: bearer tokens (JWT) with tenant and roles, and the development issuer.

The development issuer signs with a key in the data folder and refuses to work outside
`environment=development`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

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
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=["HS256"],
                audience=AUDIENCE,
                issuer=DEV_ISSUER,
                options={"require": ["exp", "sub", "aud", "iss"]},
            )
            return Principal(
                str(claims["sub"]), str(claims["tenant"]), frozenset(map(str, claims["roles"]))
            )
        except (jwt.PyJWTError, KeyError, TypeError) as error:
            raise Problem(
                401,
                f"The token is not valid ({type(error).__name__}).",
                headers={"WWW-Authenticate": "Bearer"},
            ) from error

    def issue_conversation(self, conversation_id: str, *, seconds: int = 30 * 86_400) -> str:
        """A customer's token: good for this one conversation, on any channel, and nothing else."""
        now = self._clock.now_ms() // 1000
        claims = {"aud": CUSTOMER_AUDIENCE, "sub": conversation_id, "exp": now + seconds}
        return jwt.encode(claims, self._key, algorithm="HS256")

    def check_conversation(self, token: str, conversation_id: str) -> None:
        """Raises `Problem` 401 unless the token is good for exactly this conversation."""
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=["HS256"],
                audience=CUSTOMER_AUDIENCE,
                options={"require": ["exp", "sub", "aud"]},
            )
        except jwt.PyJWTError as error:
            raise Problem(401, f"The token is not valid ({type(error).__name__}).") from error
        if claims["sub"] != conversation_id:
            raise Problem(401, "The token is for another conversation.")

    def require(self, *roles: Role) -> Callable[[str | None], Principal]:
        """A FastAPI dependency: the caller, who has one of `roles`; 401 or 403 otherwise."""

        def dependency(authorization: Annotated[str | None, Header()] = None) -> Principal:
            principal = self.from_header(authorization)
            if roles and not principal.has(*roles):
                raise Problem(403, f"This needs one of the roles: {', '.join(roles)}.")
            return principal

        return dependency

    def from_header(self, authorization: str | None) -> Principal:
        """The caller of an `Authorization` header."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Problem(401, "A bearer token is needed.", headers={"WWW-Authenticate": "Bearer"})
        return self.check(token.strip())
