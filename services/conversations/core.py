"""Who may read and write a conversation, and what an agent's message becomes. Pure."""

from dataclasses import dataclass
from typing import Literal

from services.contracts.messages import (
    Author,
    CreatedMessage,
    MessageCreated,
    StartedConversation,
)
from services.kit.auth import Principal
from services.kit.clock import derived_id, to_datetime

NAME = "conversations"
MAX_TEXT = 100_000
Verdict = Literal["allowed", "not_assigned", "not_the_role", "hidden"]


@dataclass(frozen=True, slots=True)
class Asked:
    """Who wants what of which conversation. `tenant`: the conversation's; `holder`: `(tenant,
    agent)` who has it now; `handled`: the caller has or had it as an agent."""

    principal: Principal
    tenant: str
    holder: tuple[str, str] | None
    handled: bool
    write: bool


def judge(asked: Asked) -> Verdict:
    """`hidden`: another company's, and that is not even said.

    Supervisors read and write their company's conversations, administrators read them, agents read
    those that are or were assigned to them and write those that are.
    """
    principal = asked.principal
    if asked.tenant != principal.tenant:
        return "hidden"
    if principal.has("supervisor") or (principal.has("administrator") and not asked.write):
        return "allowed"
    if not principal.has("agent"):
        return "not_the_role"
    if asked.holder == (asked.tenant, principal.subject):
        return "allowed"
    return "allowed" if asked.handled and not asked.write else "not_assigned"


def message_of(
    head: StartedConversation, agent_id: str, cid: str, text: str, subject: str, now_ms: int
) -> MessageCreated:
    """What an agent says, on the conversation's channel."""
    message_id = derived_id(head.conversation_id, "agent", agent_id, cid)
    return MessageCreated(
        id=message_id,
        source=NAME,
        time=to_datetime(now_ms),
        subject=head.conversation_id,
        data=CreatedMessage(
            conversation_id=head.conversation_id,
            message_id=message_id,
            cid=cid,
            author=Author(kind="agent", id=agent_id),
            channel=head.channel,
            at=now_ms,
            text=text,
            language=head.language,
            subject=subject,
        ),
    )
