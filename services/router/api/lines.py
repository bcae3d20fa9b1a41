"""A waiting contact's place and expected wait. A pool's places are counted from the first question
about it on, so a site where nobody asks pays nothing."""

from typing import Any

from services.contracts.journal import Record
from services.router.core import forecasts
from services.router.core.partition import Partition
from services.router.core.places import Places
from services.router.core.pool import Pool


class Lines:
    """`after` hears the journal."""

    def __init__(self) -> None:
        self._places: dict[str, Places] = {}

    def after(self, _partition: Partition, record: Record) -> None:
        """Somebody may have come or left."""
        if self._places:
            names = {getattr(event, "pool", "") for event in record.events}
            for name in names & self._places.keys():
                self._places[name].follow(record.events)

    def position(self, pool: Pool, contact_id: str, now: int) -> dict[str, Any] | None:
        """The contact's place in its queue from 1, and how much longer it waits (ms); None if it
        does not wait."""
        places = self._places.get(pool.name)
        if places is None:
            places = self._places[pool.name] = Places(pool)
        place = places.of(contact_id)
        if place is None:
            return None
        contact = pool.contacts[contact_id]
        return {
            "pool": pool.name,
            "queue": contact.queue,
            "position": place.position,
            "waiting": pool.tally[(contact.queue, "queued")],
            "waiting_since": contact.facts.virtual_start,
            "expected_wait": _expected(pool, contact_id, place.ahead_alike, now),
        }


def _expected(pool: Pool, contact_id: str, ahead: int, now: int) -> Any:
    contact = pool.contacts[contact_id]
    forecast = forecasts.of_contact(pool, contact, now, ahead)
    if forecast is None:
        return "unknown"
    waited = max(0, now - contact.facts.virtual_start)
    return {
        "median": max(0, forecast.median - waited),
        "p50": [max(0, bound - waited) for bound in forecast.half],
        "p90": [max(0, bound - waited) for bound in forecast.most],
    }
