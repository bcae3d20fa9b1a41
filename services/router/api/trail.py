"""Where in the journal each contact's records stand, so that its story can be told from them."""

from array import array
from typing import Any, get_args

from services.contracts.journal import Record
from services.contracts.pool import PoolConfig
from services.contracts.routing_events import (
    ContactForgotten,
    PoolConfigured,
    PoolEvent,
)

KEEP_FIRST, KEEP_LAST = 50, 450
"""Of a contact with more records than both together, those in the middle are let go."""
KEEP_CONFIGS = 50

_EMPTY = array("q")
_ABOUT_CONTACTS: frozenset[type] = frozenset(
    kind for kind in get_args(PoolEvent) if "contact" in kind.__struct_fields__
)


def contact_of(event: object) -> str:
    """The id of the contact that a routing event is about; "" if it is about none."""
    contact = getattr(event, "contact", "")
    return contact if isinstance(contact, str) else str(contact.id)


class Trail:
    """Journal offsets by pool and contact, as long as the engine remembers the contact: until a
    day after its end. Eight bytes each."""

    def __init__(self) -> None:
        self._offsets: dict[str, dict[str, array[int]]] = {}
        self._configs: dict[str, list[tuple[int, PoolConfig]]] = {}

    def note(self, _partition: int, offset: int, record: Record) -> None:
        """A record that counts stands at `offset`."""
        for event in record.events:
            if type(event) in _ABOUT_CONTACTS:
                self._touch(offset, event)
            elif isinstance(event, PoolConfigured):
                configs = self._configs.setdefault(event.pool, [])
                configs.append((offset, event.config))
                del configs[:-KEEP_CONFIGS]

    def _touch(self, offset: int, event: Any) -> None:
        contact_id = contact_of(event)
        if not contact_id:
            return
        pool = self._offsets.get(event.pool)
        if pool is None:
            pool = self._offsets[event.pool] = {}
        offsets = pool.get(contact_id)
        if isinstance(event, ContactForgotten):
            pool.pop(contact_id, None)
        elif offsets is None:
            pool[contact_id] = array("q", (offset,))
        elif offsets[-1] != offset:
            offsets.append(offset)
            if len(offsets) > KEEP_FIRST + KEEP_LAST:
                del offsets[KEEP_FIRST]

    def of(self, pool: str, contact_id: str) -> "array[int]":
        """The offsets of the records that touch the contact, in order; none if it is not known."""
        return self._offsets.get(pool, {}).get(contact_id, _EMPTY)

    def config(self, pool: str, offset: int) -> PoolConfig | None:
        """The pool's configuration at that offset, None if that is not known any more."""
        for since, config in reversed(self._configs.get(pool, [])):
            if since <= offset:
                return config
        return None
