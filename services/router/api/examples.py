"""What the routing API answers: examples for its OpenAPI document, and its problems."""

from typing import Any

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
    "forced_by": None,
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
    "transfer": None,
    "audit": [],
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
    "outcome": {
        "result": "queued",
        "queue": "live-fi",
        "priority": 6,
        "required": {"fi": 3},
        "preferred": {"service": 2},
        "sent_on_from": [],
    },
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
            "scheduled": 1,
            "parked": 0,
            "open": True,
            "open_until": 1_750_003_600_000,
            "opens_at": None,
            "offered": 2,
            "assigned": 31,
            "wrapping": 4,
            "agents": {"eligible": 24, "available": 15, "busy": 15},
        }
    ],
}
AUDIT = {
    "pool": "kaarna/service",
    "audit": [
        {
            "at": 1_750_000_000_000,
            "by": "supervisor-1",
            "action": "contact.reassign",
            "contact_id": OFFER["contact_id"],
            "agent_id": "agent-1",
            "detail": "",
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
