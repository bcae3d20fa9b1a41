"""What the routing API takes: paths and bodies."""

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
