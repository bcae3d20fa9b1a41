"""The doors of the conversations: REST for agents and supervisors, a socket for agents."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Path, Query, WebSocket
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.conversations import frames
from services.conversations.core import MAX_TEXT
from services.conversations.holders import Holder, Holders
from services.conversations.library import Library
from services.conversations.socket import Sockets
from services.kit.auth import Auth, Principal
from services.kit.clock import new_id
from services.kit.errors import Unavailable
from services.kit.problem import Problem, from_unavailable, response

PAGE = 200
ConversationId = Annotated[str, Path(min_length=1, max_length=200)]


class CustomerOut(BaseModel):
    """What the customer told about themselves."""

    name: str
    email: str
    phone: str


class ConversationOut(BaseModel):
    """A conversation. `details` is what the customer filled in, label → value; `agent_id` who has
    it now; `state` where its contact is, `over` also for one long ago."""

    conversation_id: str
    contact_id: str
    pool: str
    channel: str
    language: str
    topic: str
    subject: str
    opened_at: int
    customer: CustomerOut
    fields: dict[str, str]
    details: dict[str, str]
    state: Literal["waiting", "assigned", "wrapping", "over"]
    agent_id: str | None


class AuthorOut(BaseModel):
    """`id` is an agent's id."""

    kind: Literal["customer", "agent", "bot", "system"]
    id: str


class DeliveryOut(BaseModel):
    """What became of a message that had to be sent outside."""

    status: Literal["sent", "failed"]
    detail: str


class MessageOut(BaseModel):
    """`seq` orders the messages of a conversation; `at` in ms."""

    seq: int
    id: str
    from_: Annotated[AuthorOut, Field(alias="from")]
    channel: str
    at: int
    text: str
    subject: str
    language: str
    delivery: DeliveryOut | None = None


class MessagesOut(BaseModel):
    """`more`: there are newer ones; ask again with `after` = the last seq."""

    messages: list[MessageOut]
    more: bool


class NewMessage(BaseModel):
    """`subject` is for channels that have one."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TEXT),
        Field(examples=["Hei! Auto on valmis kello 15."]),
    ]
    subject: Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)] = ""


class Written(BaseModel):
    """The message's place and id."""

    seq: int
    message_id: str


def create_router(auth: Auth, library: Library, holders: Holders, sockets: Sockets) -> APIRouter:
    """The routes."""
    router = APIRouter(tags=["conversations"])
    caller = auth.require("agent", "supervisor", "administrator")
    Caller = Annotated[Principal, Depends(caller)]  # noqa: N806 - a type

    @router.get("/v1/conversations/{conversation_id}")
    async def conversation(conversation_id: ConversationId, principal: Caller) -> ConversationOut:
        """A conversation with all that the customer gave."""
        head = await library.open(principal, conversation_id, write=False)
        holder = holders.of(conversation_id)
        shown: dict[str, Any] = frames.conversation(head)
        return ConversationOut(
            **shown,
            state=library.state(head),
            agent_id=None if holder is None else holder.agent,
        )

    @router.get("/v1/conversations/{conversation_id}/messages")
    async def messages(
        conversation_id: ConversationId,
        principal: Caller,
        after: Annotated[int, Query(ge=-1)] = -1,
        limit: Annotated[int, Query(ge=1, le=PAGE)] = PAGE,
    ) -> MessagesOut:
        """What was said after the message with the seq `after`, on all channels."""
        await library.open(principal, conversation_id, write=False)
        said = await library.after(conversation_id, after, limit + 1)
        shown = [MessageOut.model_validate(frames.message(one)) for one in said[:limit]]
        return MessagesOut(messages=shown, more=len(said) > limit)

    @router.post("/v1/conversations/{conversation_id}/messages", status_code=201)
    async def write(
        conversation_id: ConversationId,
        body: NewMessage,
        principal: Caller,
        idempotency_key: Annotated[
            str | None,
            Header(
                min_length=1,
                max_length=200,
                description="The same key again says nothing new and gets the first answer.",
            ),
        ] = None,
    ) -> Written:
        """Say something to the customer, on the conversation's channel. 201 means durable."""
        head = await library.open(principal, conversation_id, write=True)
        cid = idempotency_key or new_id()
        said = await library.write(head, principal.subject, cid, body.text, body.subject)
        return Written(seq=said.seq, message_id=said.message.message_id)

    @router.websocket("/v1/agents/{tenant}/{pool}/{agent_id}/ws")
    async def socket(websocket: WebSocket, tenant: str, pool: str, agent_id: str) -> None:
        holder = Holder(f"{tenant}/{pool}", agent_id)
        try:
            principal = sockets.admit(websocket, holder)
            library.require_ready()
        except Problem as problem:
            await websocket.send_denial_response(response(problem))
            return
        except Unavailable as away:
            await websocket.send_denial_response(response(from_unavailable(away)))
            return
        await sockets.serve(websocket, holder, principal)

    return router
