"""The bot's doors over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Header, Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.bot import core
from services.bot.door import Door
from services.kit.auth import Auth
from services.kit.problem import Problem


class Question(BaseModel):
    """What a customer asks."""

    model_config = ConfigDict(extra="forbid")

    pool: Annotated[str, Field(max_length=80, examples=["kaarna/service"])]
    language: Annotated[
        str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35, examples=["fi"])
    ]
    text: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=core.MAX_TEXT),
        Field(examples=["Milloin olette auki?"]),
    ]
    cid: Annotated[
        str,
        Field(
            pattern=r"^[^\s\x00-\x1f]+$",
            min_length=16,
            max_length=200,
            description="The client's own random id of this question, kept over retries. Whoever "
            "knows it can open the conversation: 128 random bits.",
            examples=["3f6c2d5e8a9b4c71b0e4d2a6f1c38e57"],
        ),
    ]


class Asked(BaseModel):
    """The question waits for a person from now on. `answer`: what the bot knows for certain, or
    null. `token` opens this conversation, on the chat's socket too, and nothing else."""

    conversation_id: str
    contact_id: str
    token: str
    answer: str | None


class Solved(BaseModel):
    """The contact that ends."""

    contact_id: str


def create_router(auth: Auth, door: Door) -> APIRouter:
    """The routes of `/v1/questions`."""
    router = APIRouter(prefix="/v1/questions", tags=["questions"])

    @router.post("", status_code=201)
    async def ask(body: Question) -> Asked:
        """Ask. The question takes its place in the queue at once; the bot's answer, if it has
        one, costs no place. After a 503 or no answer send the same again, with the same `cid`."""
        asked = await door.ask(body.pool, body.language, body.text, body.cid)
        return Asked(
            conversation_id=asked.conversation_id,
            contact_id=asked.contact_id,
            token=auth.issue_conversation(asked.conversation_id),
            answer=asked.answer,
        )

    @router.post("/{conversation_id}:solved", status_code=202)
    async def solved(
        conversation_id: Annotated[str, Path(min_length=1, max_length=200)],
        authorization: Annotated[
            str | None, Header(description="`Bearer` and the conversation's token.")
        ] = None,
    ) -> Solved:
        """The customer has the answer and needs nobody: the contact leaves the queue."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            headers = {"WWW-Authenticate": "Bearer"}
            raise Problem(401, "The conversation's token is needed.", headers=headers)
        auth.check_conversation(token.strip(), conversation_id)
        return Solved(contact_id=await door.solved(conversation_id))

    return router
