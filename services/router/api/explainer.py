"""Why a contact went where it went: its story, told from the journal."""

from collections.abc import Iterable
from typing import Any

from services.contracts.base import event_type
from services.contracts.journal import Record
from services.contracts.routing_events import OfferMade, RoutingEvent
from services.router.api.phrases import duration
from services.router.api.records import Records
from services.router.api.rehearsal import Rehearsal, Stage
from services.router.api.sentences import sentence, terms
from services.router.api.trail import KEEP_FIRST, KEEP_LAST, Trail, contact_of
from services.router.core import queries
from services.router.core.partition import Partition

_NOW = {
    "scheduled": "It is scheduled.",
    "parked": "It is kept until the queue {queue} opens.",
    "queued": "It waits in the queue {queue}.",
    "offered": "It is offered to {asked}.",
    "assigned": "{agent_id} has it.",
    "wrapping": "{agent_id} writes it up.",
    "closed": "It was served.",
    "withdrawn": "It needed nobody any more.",
    "overflowed": "The queue {queue} could not take it.",
}


class Explainer:
    """Tells the stories of contacts that the trail knows."""

    def __init__(self, trail: Trail, records: Records, stage: Stage) -> None:
        self.trail = trail
        self._records = records
        self._stage = stage

    async def explain(
        self, partition: Partition, pool: str, contact_id: str, *, candidates: bool = False
    ) -> dict[str, Any] | None:
        """The story as JSON; None for a contact that is not known, or not any more.

        With `candidates`, each offer lists every agent. Raises `Unavailable`, and `Problem` 429.
        """
        view = queries.contact_view(partition, pool, contact_id)
        offsets = list(self.trail.of(pool, contact_id))
        if view is None or not offsets:
            return None
        records = await self._records.read(partition.number, offsets)
        steps = self._steps(pool, contact_id, records)
        if candidates:
            await self._add_candidates(partition.number, pool, contact_id, steps)
        for step in steps:
            step.pop("place")
        return {
            "pool": pool,
            "contact_id": contact_id,
            "contact": view,
            "summary": _summary(view, steps),
            "complete": len(offsets) == len(records) < KEEP_FIRST + KEEP_LAST,
            "steps": steps,
        }

    def _steps(
        self, pool: str, contact_id: str, records: Iterable[tuple[int, Record]]
    ) -> list[dict[str, Any]]:
        steps = []
        for offset, record in records:
            config = self.trail.config(pool, offset)
            for place, event in enumerate(record.events):
                if not isinstance(event, RoutingEvent) or event.pool != pool:
                    continue
                if contact_of(event) != contact_id:
                    continue
                steps.append(
                    {
                        "at": record.at,
                        "offset": offset,
                        "place": place,
                        "type": event_type(type(event)),
                        "text": sentence(event, record.at, config),
                        "terms": terms(event),
                    }
                )
        return steps

    async def _add_candidates(
        self, number: int, pool: str, contact_id: str, steps: list[dict[str, Any]]
    ) -> None:
        offered = event_type(OfferMade)
        offsets = {step["offset"] for step in steps if step["type"] == offered}
        if not offsets:
            return
        rehearsal = Rehearsal(number, pool, contact_id, offsets)
        await self._stage.run(number, rehearsal)
        for step in steps:
            found = rehearsal.choices.get((step["offset"], step["place"]))
            if found is not None:
                step["candidates"] = [
                    {**one, "chosen": one["agent_id"] == step["terms"]["agent"]} for one in found
                ]


def _summary(view: dict[str, Any], steps: list[dict[str, Any]]) -> str:
    state = str(view["state"])
    asked = ", ".join(one["agent_id"] for one in view.get("offers", ()))
    now = _NOW.get(state, f"It is {state}.").format_map({**view, "asked": asked})
    offers = sum(step["type"] == event_type(OfferMade) for step in steps)
    times = {0: "It was never offered to anybody.", 1: "It was offered once."}
    said = f"{times.get(offers, f'It was offered {offers} times.')} {now}"
    if len(steps) > 1:
        said += f" All of this took {duration(steps[-1]['at'] - steps[0]['at'])}."
    return said
