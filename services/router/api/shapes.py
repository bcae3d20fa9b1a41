"""What the routing API's OpenAPI document says: bodies, examples of answers, problems."""

from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field, model_validator

_NAME = r"^[A-Za-z0-9_.:/-]{1,80}$"
ID = r"^[^\s\x00-\x1f]{1,200}$"
Name = Annotated[str, Field(pattern=_NAME)]
Skills = dict[Name, Annotated[int, Field(ge=1, le=5)]]
Tenant = Annotated[str, Path(description="The company.", examples=["kaarna"])]
PoolPart = Annotated[str, Path(description="The pool's name within it.", examples=["service"])]
AgentId = Annotated[str, Path(pattern=ID, description="Says nothing about the person.")]
ContactId = Annotated[str, Path(pattern=ID)]
WorkId = Annotated[str, Path(max_length=80)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AgentBody(_Body):
    """What an agent can do: skills (languages are skills) with levels 1 to 5, and the most
    contacts of a channel at once where that differs from the channel's own limit. On the channels
    of `auto_accept` the agent is not asked but given."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "skills": {"fi": 5, "en": 3, "repair": 4},
                    "limits": {"chat": 2},
                    "auto_accept": ["phone"],
                }
            ]
        }
    )
    skills: Skills
    limits: dict[Name, Annotated[int, Field(ge=0, le=100)]] = {}
    auto_accept: list[Name] = []


class PresenceBody(_Body):
    """`draining` and `wrap_up`: finishes what is in hand and gets nothing new."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"presence": "available"}]})
    presence: Literal["offline", "available", "break", "wrap_up", "draining"]


class DispositionBody(_Body):
    """How it ended, in the pool's own words."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"disposition": "solved"}]})
    disposition: Annotated[str, Field(max_length=80)] = ""


class DeclineBody(_Body):
    """`pause`: so many seconds the agent wants nothing new."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"pause": 60}]})
    pause: Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)] = 0.0


class TransferBody(_Body):
    """To an agent, a queue or whoever has the skills: exactly one of them; or to another pool of
    the company, with a queue of it or as its rules say. `note_id` is a message of the
    conversation, which whoever gets the contact reads."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"to_queue": "repair-fi", "note_id": "5f2c1e0d9b8a47638f7e6d5c4b3a2910"},
                {"to_agent": "agent-2"},
                {"to_skills": {"fi": 4, "repair": 3}},
                {"to_pool": "kaarna/sales"},
            ]
        }
    )
    to_agent: Annotated[str, Field(pattern=ID)] | None = None
    to_queue: Name | None = None
    to_skills: Skills | None = None
    to_pool: Name | None = None
    note_id: Annotated[str, Field(pattern=ID)] | None = None

    @model_validator(mode="after")
    def _one_goal(self) -> "TransferBody":
        goals = [self.to_agent, self.to_queue, self.to_skills]
        within = sum(bool(goal) for goal in goals)
        if self.to_pool:
            if within != bool(self.to_queue):
                raise ValueError("to_pool goes alone or with to_queue")
        elif within != 1:
            raise ValueError("expected one of to_agent, to_queue, to_skills, to_pool")
        return self


class ChannelBody(_Body):
    """The channel on which the contact goes on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"channel": "email"}]})
    channel: Name


class ReassignBody(_Body):
    """Who shall have it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"agent_id": "agent-2"}]})
    agent_id: Annotated[str, Field(pattern=ID)]


class MoveBody(_Body):
    """Where it shall wait."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"queue": "repair-fi"}]})
    queue: Name


class PriorityBody(_Body):
    """9 is the most urgent."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"priority": 8}]})
    priority: Annotated[int, Field(ge=0, le=9)]


class CancelBody(_Body):
    """Why the contact is withdrawn. No personal data."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "double"}]})
    reason: Annotated[str, Field(max_length=500)] = ""


class FactsBody(_Body):
    """What rules look at: as a channel would say it of a contact."""

    channel: Name
    language: Annotated[str, Field(max_length=35)] = ""
    topic: Annotated[str, Field(max_length=80)] = ""
    tier: Annotated[str, Field(max_length=80)] = ""
    fields: dict[Name, Annotated[str, Field(max_length=200)]] = {}
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"channel": "chat", "language": "fi", "topic": "repair"}]}
    )


Moment = Annotated[int, Field(ge=0, le=253_370_764_800_000)]


class OpeningBody(FactsBody):
    """A contact's facts, and when it is to be served: `not_before` and `due_at` in ms. The
    conversation must exist; `customer` is the id by which the router knows who served them last."""

    conversation_id: Annotated[str, Field(pattern=ID)]
    contact_id: Annotated[str, Field(pattern=ID)] | None = None
    customer: Annotated[str, Field(max_length=200)] = ""
    not_before: Moment = 0
    due_at: Moment = 0
    preferred_agent: Annotated[str, Field(max_length=200)] = ""
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "conversation_id": "9a3e1c5b7d2f4e608c1a3b5d7f9e2c40",
                    "channel": "phone",
                    "language": "fi",
                    "topic": "repair",
                    "not_before": 1_750_060_800_000,
                    "due_at": 1_750_062_600_000,
                    "preferred_agent": "agent-1",
                }
            ]
        }
    )

    @model_validator(mode="after")
    def _window(self) -> "OpeningBody":
        if self.due_at and self.due_at < self.not_before:
            raise ValueError("due_at is before not_before")
        return self


class DryRunBody(_Body):
    """A contact's facts; `config`: a configuration that is not applied; `at`: when."""

    contact: FactsBody
    config: Annotated[str, Field(max_length=500_000)] | dict[str, Any] | None = None
    at: Moment | None = None
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"contact": {"channel": "chat", "language": "fi", "topic": "repair"}}]
        }
    )


class TokenBody(_Body):
    """Whose token. `subject` is the agent's id for agents."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"subject": "agent-1", "tenant": "kaarna", "roles": ["agent"]}]
        }
    )
    subject: Annotated[str, Field(pattern=ID)]
    tenant: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    roles: Annotated[
        list[Literal["agent", "supervisor", "administrator", "integration", "auditor"]],
        Field(min_length=1),
    ]


OFFER = {
    "offer_id": "o0-4711-0",
    "contact_id": "1f0c4a8e2b9d4c6f8a7e5d3c1b2a4f60",
    "conversation_id": "9a3e1c5b7d2f4e608c1a3b5d7f9e2c40",
    "channel": "chat",
    "queue": "live-fi",
    "made_at": 1_750_000_000_000,
    "expires_at": 1_750_000_020_000,
    "waited_ms": 120,
}
AGENT = {
    "pool": "kaarna/service",
    "agent_id": "agent-1",
    "revision": 17,
    "presence": "available",
    "connected": True,
    "skills": {"fi": 5, "repair": 4},
    "limits": {},
    "used": 33,
    "capacity": 100,
    "idle_since": 1_750_000_000_000,
    "missed_offers": 0,
    "paused_until": None,
    "auto_accept": [],
    "offers": [OFFER],
    "assignments": [],
}
CONTACT = {
    "pool": "kaarna/service",
    "contact_id": OFFER["contact_id"],
    "conversation_id": OFFER["conversation_id"],
    "state": "offered",
    "channel": "chat",
    "queue": "live-fi",
    "priority": 6,
    "required": {"fi": 3},
    "preferred": {"service": 2},
    "language": "fi",
    "waiting_since": 1_749_999_999_880,
    "not_before": None,
    "due_at": None,
    "opens_at": None,
    "preferred_agent_id": None,
    "held_until": None,
    "agent_id": "agent-1",
    "offer_id": OFFER["offer_id"],
    "offers": [
        {"offer_id": OFFER["offer_id"], "agent_id": "agent-1", "expires_at": 1_750_000_020_000}
    ],
    "assignment_id": None,
    "quiet": False,
    "give_up_at": None,
}
POSITION = {
    "pool": "kaarna/service",
    "queue": "live-fi",
    "position": 3,
    "waiting": 12,
    "waiting_since": 1_749_999_999_880,
    "expected_wait": {"median": 95_000, "p50": [60_000, 150_000], "p90": [20_000, 310_000]},
}
EXPLANATION = {
    "pool": "kaarna/service",
    "contact_id": OFFER["contact_id"],
    "contact": CONTACT,
    "summary": "It was offered once. It is offered to agent-1. All of this took 120 ms.",
    "complete": True,
    "steps": [
        {
            "at": 1_749_999_999_880,
            "offset": 4706,
            "type": "contact.queued",
            "text": "It came in: channel chat, language fi. Rule 2 (channel is chat) put it in the "
            "queue live-fi with priority 6. It needs fi at level 3. Preferred: service at level 2.",
            "terms": {
                "id": OFFER["contact_id"],
                "channel": "chat",
                "queue": "live-fi",
                "virtual_start": 1_749_999_999_880,
                "priority": 6,
                "required": {"fi": 3},
                "preferred": {"service": 2},
                "language": "fi",
            },
        },
        {
            "at": 1_750_000_000_000,
            "offset": 4711,
            "type": "offer.made",
            "text": "Offered to agent-1 (chat, queue live-fi) after a wait of 120 ms, for 20 s. "
            "1 agent could take it; 3 lacked a skill and 1 was away. Without new work for 41 s. "
            "Policy: jonoton. It had waited 0% of its queue's target. Terms: advantage 1, "
            "score 0.002.",
            "terms": {
                "offer": OFFER["offer_id"],
                "agent": "agent-1",
                "channel": "chat",
                "queue": "live-fi",
                "expires_at": 1_750_000_020_000,
                "waited_ms": 120,
                "why": {
                    "candidates": 1,
                    "no_room": 0,
                    "away": 1,
                    "lack_skills": 3,
                    "idle_ms": 41_000,
                    "x": 0.002,
                    "advantage": 1.0,
                    "score": 0.002,
                },
            },
        },
    ],
}
_COUNTS = {
    "able": 5,
    "present": 3,
    "free": 1,
    "lack_skills": 9,
    "away": 1,
    "paused": 1,
    "no_room": 2,
    "ramping_up": 0,
}
DRY_RUN = {
    "pool": "kaarna/service",
    "version": 3,
    "draft": False,
    "at": 1_750_000_000_000,
    "queue": "live-fi",
    "priority": 6,
    "required": {"fi": 3},
    "preferred": {"service": 2},
    "language": "fi",
    "channel_declared": True,
    "rule": 2,
    "rules": [
        {
            "rule": 1,
            "queue": "gold",
            "result": "does_not_hold",
            "because": [{"key": "tier", "wanted": ["gold"], "got": None}],
        },
        {"rule": 2, "queue": "live-fi", "result": "holds", "because": []},
    ],
    "open": True,
    "open_until": 1_750_003_600_000,
    "opens_at": None,
    "closed": {"action": "park", "queue": None},
    "agents": _COUNTS,
    "relaxations": [
        {"after": 60.0, "required": {}, "preferred": {"fi": 3, "service": 2}, "agents": _COUNTS}
    ],
    "at_once": 0,
}
QUEUES = {
    "pool": "kaarna/service",
    "at": 1_750_000_000_000,
    "queues": [
        {
            "pool": "kaarna/service",
            "queue": "live-fi",
            "waiting": 12,
            "longest_wait_since": 1_749_999_980_000,
            "scheduled": 3,
            "parked": 0,
            "open": True,
            "until": 1_750_003_200_000,
            "offered": 2,
            "assigned": 31,
            "wrapping": 4,
            "agents": {"eligible": 24, "available": 15, "busy": 15},
        }
    ],
}
PENDING = {
    "command_id": "kaarna.0b1c2d3e4f5061728394a5b6c7d8e9f0",
    "state": "pending",
    "location": "/v1/commands/kaarna.0b1c2d3e4f5061728394a5b6c7d8e9f0",
}
COMMAND = {
    "command_id": PENDING["command_id"],
    "state": "done",
    "status": 409,
    "body": {"reason": "offer_over", "offer_result": "expired", "contact_state": "queued"},
}

_PROBLEMS: dict[int, tuple[str, dict[str, Any]]] = {
    401: ("No bearer token, or not a good one.", {"detail": "A bearer token is needed."}),
    403: ("Not the caller's company, role or agent.", {"detail": "An agent acts only for itself."}),
    404: ("There is no such thing.", {"detail": "There is no such pool."}),
    409: (
        "The race is lost, or it cannot be so; the document holds what is true instead.",
        {
            "detail": "The offer is over.",
            "reason": "offer_over",
            "offer_result": "expired",
            "contact_state": "queued",
        },
    ),
    422: (
        "Not valid; `errors` names every field.",
        {"detail": "Not valid: skills.fi.", "errors": [{"field": "skills.fi", "message": "…"}]},
    ),
    429: (
        "Busy with the same for somebody else; `Retry-After` says when to ask again.",
        {"detail": "Another journal is being replayed."},
    ),
    503: (
        "Not durable, or not known yet; safe to retry with the same `Idempotency-Key`.",
        {"detail": "Kafka does not acknowledge."},
    ),
}
_TITLES = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    409: "Conflict",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    503: "Service Unavailable",
}


def answers(
    example: Any, *problems: int, command: bool = False, created: bool = False
) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route: an example of its 200 (201 if `created`), its problems, and 202
    for a command."""
    found: dict[int | str, dict[str, Any]] = {
        201 if created else 200: {
            "description": "Done." if command else "So it is.",
            "content": {"application/json": {"example": example}},
        }
    }
    if command:
        found[202] = {
            "description": "Durable, not answered within 2 s; `Location` is where to ask.",
            "content": {"application/json": {"example": PENDING}},
        }
    for status in sorted({401, 422, *problems, 503}):
        description, members = _PROBLEMS[status]
        document = {"type": "about:blank", "title": _TITLES[status], "status": status}
        found[status] = {
            "description": description,
            "content": {"application/problem+json": {"example": {**document, **members}}},
        }
    return found
