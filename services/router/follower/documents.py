"""The documents of the views: which fields of which hashes follow from a partition's state."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec

from services.contracts import views
from services.router.core import queries
from services.router.core.partition import Partition
from services.router.follower.dirty import Dirty

CHUNK = 500
Fields = dict[str, str]
"""Field of a hash → JSON document; an empty text: the field goes."""
_encoder = msgspec.json.Encoder()


def changed(partition: Partition, dirty: Dirty, written_queues: set[str]) -> dict[str, Fields]:
    """Key → fields, for what has changed. `written_queues` are the queue fields in Redis; those
    that are gone from the pools are removed."""
    queues: Fields = {}
    for pool in dirty.pools:
        queues |= queue_fields(partition, pool)
        there = {field for field in written_queues if field.startswith(f"{pool}#")}
        queues |= dict.fromkeys(there - queues.keys(), "")
    return {
        views.contacts(partition.number): {
            contact: _json(queries.contact_view(partition, pool, contact))
            for pool, contact in dirty.contacts
        },
        views.agents(partition.number): {
            f"{pool}#{agent}": _json(queries.agent_view(partition, pool, agent))
            for pool, agent in dirty.agents
        },
        views.queues(partition.number): queues,
    }


def queue_fields(partition: Partition, pool: str) -> Fields:
    """The queues' fields of a pool."""
    return {f"{pool}#{view['queue']}": _json(view) for view in queries.queue_views(partition, pool)}


def everything(partition: Partition) -> Iterator[tuple[str, Fields]]:
    """(key, fields) in chunks, each as the state is when it is asked for."""
    for name, pool in list(partition.pools.items()):
        contacts = iter([*pool.contacts, *pool.closed])
        while chunk := list(islice(contacts, CHUNK)):
            fields = {one: _json(queries.contact_view(partition, name, one)) for one in chunk}
            yield views.contacts(partition.number), _there(fields)
        agents = iter(list(pool.agents))
        while chunk := list(islice(agents, CHUNK)):
            fields = {
                f"{name}#{one}": _json(queries.agent_view(partition, name, one)) for one in chunk
            }
            yield views.agents(partition.number), _there(fields)
        yield views.queues(partition.number), queue_fields(partition, name)


def _there(fields: Fields) -> Fields:
    return {field: document for field, document in fields.items() if document}


def _json(view: dict[str, Any] | None) -> str:
    return "" if view is None else _encoder.encode(view).decode()
