"""What pages carry back to us, signed: the one-time token of a form and the slip of a receipt."""

from dataclasses import dataclass
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

from services.kit.clock import Clock, new_id

TOKEN_SECONDS = 24 * 3600.0
"""Not longer: the router knows a contact's id for at least this long, so that a double is one."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A form that was opened once. `nonce` makes the ids; `age` in seconds."""

    nonce: str
    age: float

    @property
    def expired(self) -> bool:
        """Too old to be taken: a new one is needed."""
        return self.age > TOKEN_SECONDS


@dataclass(frozen=True, slots=True)
class Slip:
    """Where in `messages` the two records stand that a receipt shows. It holds nothing personal:
    it is part of an address."""

    contact_id: str
    conversation_id: str
    partition: int
    head: int
    message: int


class Tokens:
    """Signs and reads them. `place` is `tenant/pool/form`: a token is good at its place alone."""

    def __init__(self, secret: str, clock: Clock) -> None:
        self._secret = secret
        self._clock = clock

    def issue(self, place: str) -> str:
        """The token of a form that is opened now."""
        return self._signer("form", place).dumps([new_id(), self._clock.now_ms()])

    def read(self, token: str, place: str) -> Ticket | None:
        """What the token says, or None if we did not sign it for this place."""
        try:
            nonce, issued = self._loads("form", place, token)
            return Ticket(str(nonce), (self._clock.now_ms() - int(issued)) / 1000)
        except (BadData, TypeError, ValueError):
            return None

    def seal(self, slip: Slip, place: str) -> str:
        """The slip as a part of a receipt's address."""
        values = [slip.contact_id, slip.conversation_id, slip.partition, slip.head, slip.message]
        return self._signer("receipt", place).dumps([*values, self._clock.now_ms()])

    def open(self, sealed: str, place: str) -> tuple[Slip, float] | None:
        """The slip and its age in seconds, or None if we did not sign it for this place."""
        try:
            contact, conversation, partition, head, message, made = self._loads(
                "receipt", place, sealed
            )
            slip = Slip(str(contact), str(conversation), int(partition), int(head), int(message))
            return slip, (self._clock.now_ms() - int(made)) / 1000
        except (BadData, TypeError, ValueError):
            return None

    def _signer(self, use: str, place: str) -> URLSafeSerializer:
        return URLSafeSerializer(self._secret, salt=f"jonoton.forms.{use}:{place}")

    def _loads(self, use: str, place: str, signed: str) -> Any:
        return self._signer(use, place).loads(signed)
