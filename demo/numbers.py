"""The run in numbers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from demo.check import KINDS, JournalCheck
from demo.floor import Floor
from demo.records import Records

MUST_BE_ZERO = ("lost", "left_waiting", "answers_missing", *KINDS, "client_errors")


def percentile(sorted_values: list[float], share: float) -> float | None:
    """The smallest value that at least `share` of all are not above (nearest rank)."""
    if not sorted_values:
        return None
    rank = max(1, -(-len(sorted_values) * round(share * 1000) // 1000))
    return sorted_values[rank - 1]


def percentiles(values: Iterable[float]) -> dict[str, float | None]:
    """p50, p95 and p99, rounded to a tenth."""
    ordered = sorted(values)
    found = {name: percentile(ordered, share) for name, share in _SHARES.items()}
    return {name: None if v is None else round(v, 1) for name, v in found.items()}


_SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


@dataclass(frozen=True, slots=True)
class Run:
    """What the report needs besides journal and records. Times in seconds; `offer_seen`: when
    (ms) an offer of a contact first stood on an agent's socket."""

    seconds: float
    drain_seconds: float
    speed: float
    agents: int
    retries: int
    client_errors: list[str]
    offer_seen: Mapping[str, int]
    supervisor_steps: int = 0


def report(run: Run, floor: Floor, check: JournalCheck, records: Records) -> dict[str, Any]:
    """Numbers from the journal and the customers' own records; see `demo/README.md`."""
    counts = floor.counts
    customers = records.customers.values()
    found = times_to_offer(floor, records)
    return {
        "contacts_in": counts.contacts_in,
        "contacts_assigned": counts.assigned,
        "contacts_completed": counts.completed,
        "contacts_withdrawn": dict(sorted(counts.withdrawn.items())),
        "lost": len(records.lost(floor.contacts)),
        "left_waiting": len(floor.left()),
        "doubly_owned": check.counts["doubly_owned"],
        "above_capacity": check.counts["above_capacity"],
        "offered_to_absent": check.counts["offered_to_absent"],
        "contradictions": check.counts["contradictions"],
        "answers": sum(len(records.answers.get(c.conversation_id, ())) for c in customers),
        "answers_missing": len(records.all_missing()),
        "time_to_offer_ms": percentiles(found.values()),
        "request_to_offer_ms": percentiles(
            run.offer_seen[contact] - asked
            for contact, asked in _asked(floor, records).items()
            if contact in run.offer_seen
        ),
        "found_a_free_agent": len(found),
        "by_channel": dict(sorted(counts.by_channel.items())),
        "by_language": _by_language(floor),
        "accepted": sum(customer.accepted for customer in customers),
        "not_accepted": sum(customer.given_up for customer in customers),
        "offers": counts.offers,
        "offers_not_taken": dict(sorted(counts.not_taken.items())),
        "transferred": counts.transferred,
        "supervisor_steps": run.supervisor_steps,
        "requests_sent_again": run.retries,
        "client_errors": len(run.client_errors),
        "agents": run.agents,
        "speed": run.speed,
        "seconds": round(run.seconds, 1),
        "drain_seconds": round(run.drain_seconds, 1),
        "findings": [
            *(f"{f.kind} at {f.partition}/{f.offset}: {f.detail}" for f in check.findings),
            *run.client_errors,
        ],
    }


def times_to_offer(floor: Floor, records: Records) -> dict[str, int]:
    """Of contacts that found a free agent: from the customer's "send" to the offer in the journal,
    in ms."""
    asked = _asked(floor, records)
    return {
        contact: max(0, floor.contacts[contact].found_at - since)
        for contact, since in asked.items()
    }


def _asked(floor: Floor, records: Records) -> dict[str, int]:
    return {
        customer.contact_id: customer.asked_at
        for customer in records.customers.values()
        if (contact := floor.contacts.get(customer.contact_id)) is not None and contact.found_at
    }


def _by_language(floor: Floor) -> dict[str, int]:
    found: dict[str, int] = {}
    for contact in floor.contacts.values():
        if contact.ours:
            found[contact.language] = found.get(contact.language, 0) + 1
    return dict(sorted(found.items()))


def failures(numbers: dict[str, Any]) -> list[str]:
    """What must be zero and is not, as words; no contact at all is a failure, too."""
    found = [f"{name} {numbers[name]}" for name in MUST_BE_ZERO if numbers[name]]
    return found if numbers["contacts_in"] else [*found, "no contact came in"]
