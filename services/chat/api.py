"""The chat's doors: REST and WebSocket."""

from typing import Annotated, Literal

from email_validator import EmailNotValidError, validate_email
from fastapi import APIRouter, Header, Path, Query, WebSocket
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.chat import core
from services.chat.adapters import Talk
from services.chat.core import Opening
from services.chat.door import ConversationOver, Door
from services.chat.frames import message_frame
from services.chat.index import Conversation, Said
from services.chat.socket import Sockets
from services.contracts.messages import StartedConversation
from services.kit.auth import Auth
from services.kit.errors import Unavailable
from services.kit.problem import Problem


def _email(text: str) -> str:
    if not text:
        return ""
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise ValueError(str(error)) from error


ConversationId = Annotated[
    str, Path(min_length=1, max_length=200, description="As `POST /v1/chats` answered.")
]
Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=core.MAX_TEXT),
    Field(examples=["Milloin auto on valmis?"]),
]
Token = Annotated[str | None, Header(description="`Bearer` and the conversation's token.")]


class NewChat(BaseModel):
    """What a customer gives to begin."""

    model_config = ConfigDict(extra="forbid")

    pool: Annotated[str, Field(max_length=80, examples=["kaarna/service"])]
    language: Annotated[
        str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35, examples=["fi"])
    ]
    text: Text
    cid: Annotated[
        str,
        Field(
            pattern=r"^[^\s\x00-\x1f]+$",
            min_length=16,
            max_length=200,
            description="The client's own random id of this chat, kept over retries. Whoever "
            "knows it can open the conversation: 128 random bits.",
            examples=["3f6c2d5e8a9b4c71b0e4d2a6f1c38e57"],
        ),
    ]
    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] = ""
    email: Annotated[
        str,
        StringConstraints(strip_whitespace=True, max_length=254),
        AfterValidator(_email),
    ] = ""
    topic: Annotated[str, StringConstraints(strip_whitespace=True, max_length=80)] = ""


class StartedChat(BaseModel):
    """`token` opens this conversation and nothing else; `seq` is the first message's."""

    conversation_id: str
    contact_id: str
    token: str
    seq: int


class NewMessage(BaseModel):
    """`cid`: the client's own id of the message, kept over retries."""

    model_config = ConfigDict(extra="forbid")

    cid: Annotated[str, Field(min_length=1, max_length=200, examples=["m-2"])]
    text: Text


class Accepted(BaseModel):
    """The message's place in the conversation."""

    seq: int


class MessageOut(BaseModel):
    """`from`: customer, agent, bot or system; `cid` stands in the customer's own; `at` in ms."""

    seq: int
    id: str
    from_: Annotated[str, Field(serialization_alias="from")]
    at: int
    text: str
    cid: str | None = None


class Messages(BaseModel):
    """`complete` false: some messages after `after` are no longer kept here."""

    state: Literal["opening", "waiting", "assigned", "closed"]
    complete: bool
    messages: list[MessageOut]


class Ending(BaseModel):
    """The contact that ends."""

    contact_id: str


def create_router(auth: Auth, door: Door, talk: Talk, sockets: Sockets) -> APIRouter:
    """The routes of `/v1/chats`."""
    router = APIRouter(prefix="/v1/chats", tags=["chats"])

    async def own(conversation_id: str, authorization: str | None) -> Conversation:
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            headers = {"WWW-Authenticate": "Bearer"}
            raise Problem(401, "The conversation's token is needed.", headers=headers)
        auth.check_conversation(token.strip(), conversation_id)
        door.require_ready()
        found = await talk.known(conversation_id)
        if found is None:
            raise Problem(404, "The conversation is not known here.")
        return found

    @router.post("", status_code=201)
    async def open_chat(body: NewChat) -> StartedChat:
        """Begin a chat. The answer comes when the question is durable and on its way to a person;
        after a 503 or no answer send the same again, with the same `cid`."""
        opened = await door.open(Opening(**body.model_dump()))
        token = auth.issue_conversation(opened.conversation_id)
        return StartedChat(
            conversation_id=opened.conversation_id,
            contact_id=opened.contact_id,
            token=token,
            seq=opened.seq,
        )

    @router.post("/{conversation_id}/messages", status_code=201)
    async def say(
        conversation_id: ConversationId, body: NewMessage, authorization: Token = None
    ) -> Accepted:
        """One message. Doubles of a `cid` get the first one's answer."""
        head = _head(await own(conversation_id, authorization))
        try:
            return Accepted(seq=await door.say(head, body.cid, body.text))
        except ConversationOver:
            raise Problem(409, "The conversation is over.", state="closed") from None

    @router.get("/{conversation_id}/messages")
    async def messages(
        conversation_id: ConversationId,
        after: Annotated[int, Query(ge=-1)] = -1,
        authorization: Token = None,
    ) -> Messages:
        """What was said after the message with the seq `after`."""
        found = await own(conversation_id, authorization)
        return Messages(
            state=door.state(_head(found)),
            complete=found.dropped_to <= after,
            messages=[_out(said) for said in found.after(after)],
        )

    @router.post("/{conversation_id}:end", status_code=202)
    async def end(conversation_id: ConversationId, authorization: Token = None) -> Ending:
        """The customer ends the talk."""
        head = _head(await own(conversation_id, authorization))
        await door.end(head)
        return Ending(contact_id=head.contact_id)

    @router.websocket("/{conversation_id}/ws")
    async def socket(websocket: WebSocket, conversation_id: str) -> None:
        await sockets.serve(websocket, conversation_id)

    return router


def _head(found: Conversation) -> StartedConversation:
    if found.head is None:
        raise Unavailable("The conversation is not known here yet.")
    return found.head.data


def _out(said: Said) -> MessageOut:
    frame = message_frame(said)
    return MessageOut(
        seq=frame.seq,
        id=frame.id,
        from_=frame.author,
        at=frame.at,
        text=frame.text,
        cid=frame.cid or None,
    )
