"""The frames of the customer's socket: JSON objects, told apart by `type`. Pure."""

from typing import Annotated, Literal

import msgspec

from services.chat.index import Said
from services.chat.places import Place

Cid = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Frame(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """Base of all frames."""


class Hello(Frame, frozen=True, tag="hello"):
    """First of all. `last_seq`: what the client has already."""

    token: Annotated[str, msgspec.Meta(max_length=4000)]
    last_seq: int = -1
    lang: Annotated[str, msgspec.Meta(max_length=35)] = ""


class Say(Frame, frozen=True, tag="msg"):
    """A message; sent again under the same `cid` until it is acknowledged."""

    cid: Cid
    text: str


class Typing(Frame, frozen=True, tag="typing"):
    """Both ways: the other side is writing just now."""


class Read(Frame, frozen=True, tag="read"):
    """Both ways: all up to `seq` has been read."""

    seq: int


class Ping(Frame, frozen=True, tag="ping"):
    """Answered by a pong."""


ClientFrame = Hello | Say | Typing | Read | Ping

State = Literal["opening", "waiting", "assigned", "closed"]


class Welcome(Frame, frozen=True, tag="welcome"):
    """The socket is good; the messages after `last_seq` follow as `msg` frames, then what is new.

    `seq` is the newest message's. `complete` false: some that lie between are no longer here.
    """

    conversation_id: str
    seq: int
    state: State
    complete: bool


class Message(Frame, frozen=True, tag="msg"):
    """Somebody said something. `cid` stands in the customer's own."""

    seq: int
    id: str
    author: str = msgspec.field(name="from")
    at: int
    text: str
    cid: str = ""


class Ack(Frame, frozen=True, tag="ack"):
    """The message is durable."""

    cid: str
    seq: int


class Failed(Frame, frozen=True, tag="error"):
    """The message `cid` was not accepted (or, without cid, the frame). With `retry_after`: send
    the same again after so many seconds; without: do not."""

    reason: Literal["unavailable", "too_many", "invalid", "closed"]
    detail: str
    cid: str = ""
    retry_after: float = 0


class Queue(Frame, frozen=True, tag="queue"):
    """The place in the line; 1 is next."""

    position: int


class Agent(Frame, frozen=True, tag="agent"):
    """A person has come to answer, or is gone (then another will come)."""

    state: Literal["joined", "left"]


class Closed(Frame, frozen=True, tag="closed"):
    """The contact is over. `overflowed`: its queue did not take it, `why` not (`closed`,
    `max_length`, `max_wait`, `max_expected_wait`), what to do `instead` (`form`, `callback`,
    `reject`), and when it opens (ms; 0: not known)."""

    reason: str
    why: str = ""
    instead: str = ""
    opens_at: int = 0


class Parked(Frame, frozen=True, tag="parked"):
    """The queue is closed: the contact is kept, and waits again from its opening on (ms; 0: not
    known)."""

    opens_at: int = 0


class Probe(Frame, frozen=True, tag="probe"):
    """Nothing has come from the customer for long: are they still there? Any message says so."""


class Pong(Frame, frozen=True, tag="pong"):
    """To a ping."""


_decoder: msgspec.json.Decoder[ClientFrame] = msgspec.json.Decoder(ClientFrame)
_encoder = msgspec.json.Encoder()


def decode_frame(text: str | bytes) -> ClientFrame:
    """A client's frame. Raises `msgspec.MsgspecError`."""
    return _decoder.decode(text)


def encode_frame(frame: Frame) -> str:
    """A server's frame as it goes over the wire."""
    return _encoder.encode(frame).decode()


def message_frame(said: Said) -> Message:
    """A message as the conversation's customer sees it."""
    message = said.message
    own = message.author.kind == "customer"
    return Message(
        seq=said.seq,
        id=message.message_id,
        author=message.author.kind,
        at=message.at,
        text=message.text,
        cid=message.cid if own else "",
    )


def state_of(place: Place | None, *, old: bool) -> State:
    """The contact's state for the customer. The router has not heard of it yet, or (`old`) has
    forgotten it."""
    if place is None:
        return "closed" if old else "opening"
    return "waiting" if place.state == "parked" else place.state


def closed(place: Place | None) -> Closed:
    """How a contact that is over is told."""
    if place is None:
        return Closed(reason="completed")
    return Closed(
        reason=place.reason, why=place.why, instead=place.instead, opens_at=place.opens_at
    )
