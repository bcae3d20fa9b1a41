"""A partition's state as bytes, and back: `load(dump(partition))` behaves the same from there on.

The shapes follow from `model.py` and from `Pool`'s declared attributes: what refers to an agent,
contact, offer or assignment becomes its id. Indexes are not kept but built anew. A snapshot is
for the version that wrote it: everybody else replays the journal.
"""

import types
import typing
from dataclasses import fields
from typing import Any

import msgspec

from services.contracts.base import Millis
from services.contracts.journal import Reply
from services.router.core.classify import Classifier
from services.router.core.model import OVER, Agent, Assignment, Contact, Gateway, Offer
from services.router.core.partition import Partition
from services.router.core.pool import Pool
from services.router.core.timers import Timer

_THINGS: dict[type, str] = {
    Agent: "agents",
    Contact: "contacts",
    Offer: "offers",
    Assignment: "assignments",
}


class UnreadableSnapshot(Exception):
    """The bytes are no snapshot, or one of another version."""


def dump(partition: Partition) -> bytes:
    """The state, between two steps."""
    return _encoder.encode(
        _Whole(
            _VERSION,
            partition.number,
            partition.at,
            partition.last,
            [msgspec.Raw(_encoder.encode(_pool_out(pool))) for pool in partition.pools.values()],
            partition.gateways,
            partition.replies.dump(),
            *partition.schedule.dump(),
        )
    )


def load(raw: bytes) -> Partition:
    """The partition as it was. Raises `UnreadableSnapshot`."""
    try:
        whole = _decoder.decode(raw)
        shapes = [_pool_decoder.decode(one) for one in whole.pools]
    except msgspec.MsgspecError as error:
        raise UnreadableSnapshot(str(error)) from error
    if whole.version != _VERSION:
        raise UnreadableSnapshot("written by another version")
    partition = Partition(whole.number)
    partition.at, partition.last = whole.at, whole.last
    partition.gateways = whole.gateways
    partition.replies.load(whole.replies)
    for shape in shapes:
        pool = Pool(shape.name, partition.schedule)
        partition.pools[pool.name] = pool
        _pool_in(pool, shape)
    partition.schedule.load(whole.due, whole.times, whole.forget, whole.wake, whole.todo)
    return partition


# Shapes


def _by_id(hint: Any) -> Any:
    """The type with ids in the place of things."""
    if hint in _THINGS:
        return str
    inner = typing.get_args(hint)
    mapped = tuple(_by_id(one) for one in inner)
    if mapped == inner:
        return hint
    if isinstance(hint, types.UnionType):
        return typing.Union[mapped]  # noqa: UP007 (made at run time)
    return typing.get_origin(hint)[mapped]


def _kept(cls: type) -> list[str]:
    return [one.name for one in fields(cls) if not one.metadata.get("index")]


def _shape_of_thing(cls: type) -> Any:
    hints = typing.get_type_hints(cls)
    members = [(name, _by_id(hints[name])) for name in _kept(cls)]
    return msgspec.defstruct(f"{cls.__name__}Shape", members, array_like=True)


def _shape_of_pool() -> Any:
    members = [
        (name, _list_of(_SHAPES[_KIND[name]]) if name in _KIND else _by_id(hint))
        for name, hint in _POOL.items()
    ]
    return msgspec.defstruct("PoolShape", [*members, ("waiting", list[str])], array_like=True)


def _list_of(shape: Any) -> Any:
    return types.GenericAlias(list, (shape,))


_KIND = {plural: cls for cls, plural in _THINGS.items()}
_POOL = typing.get_type_hints(Pool)
_NAMES = {cls: _kept(cls) for cls in _THINGS}
_REFERRING = {
    cls: [name for name in _NAMES[cls] if _by_id(hints[name]) != hints[name]]
    for cls, hints in ((cls, typing.get_type_hints(cls)) for cls in _THINGS)
}
_SHAPES = {cls: _shape_of_thing(cls) for cls in _THINGS}
_PoolShape: Any = _shape_of_pool()
_VERSION = repr((_POOL, [typing.get_type_hints(cls) for cls in _THINGS]))


class _Whole(msgspec.Struct, array_like=True):
    version: str
    number: int
    at: Millis
    last: int
    pools: list[msgspec.Raw]
    gateways: dict[str, Gateway]
    replies: list[tuple[Millis, Reply]]
    due: list[Timer]
    times: list[Timer]
    forget: list[Timer]
    wake: list[Timer]
    todo: list[Timer]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Whole)
_pool_decoder = msgspec.msgpack.Decoder(_PoolShape)


# Out


def _pool_out(pool: Pool) -> Any:
    values = {name: getattr(pool, name) for name in _POOL}
    # Who handed a contact over may write up their part longer than it lives.
    over = {
        one.contact.id: one.contact
        for one in pool.assignments.values()
        if one.contact.id not in pool.contacts
    }
    values["contacts"] = pool.contacts | over
    for cls, plural in _THINGS.items():
        values[plural] = [_thing_out(cls, thing) for thing in values[plural].values()]
    waiting = [contact.id for contact in pool.contacts.values() if contact.ticket]
    return _PoolShape(**values, waiting=waiting)


def _thing_out(cls: type, thing: Any) -> Any:
    values = {name: getattr(thing, name) for name in _NAMES[cls]}
    for name in _REFERRING[cls]:
        values[name] = _ids(values[name])
    return _SHAPES[cls](**values)


def _ids(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: one.id for key, one in value.items()}
    return value if value is None else value.id


# In


def _pool_in(pool: Pool, shape: Any) -> None:
    for name in _POOL:
        if name not in _KIND:
            setattr(pool, name, getattr(shape, name))
    pool.classify = Classifier(pool.config)
    things = {
        cls: {key: _empty(cls, one) for one in getattr(shape, plural) for key in (_id_of(one),)}
        for cls, plural in _THINGS.items()
    }
    for cls, plural in _THINGS.items():
        setattr(pool, plural, things[cls])
        hints = typing.get_type_hints(cls)
        for name in _REFERRING[cls]:
            of = next(kind for kind in _THINGS if kind in _leaves(hints[name]))
            for one in things[cls].values():
                setattr(one, name, _things(getattr(one, name), things[of]))
    for contact in list(pool.contacts.values()):
        if contact.state in OVER:
            del pool.contacts[contact.id]
    pool.decide()
    pool.index.configure(pool.config.channels, (), ())
    for agent in pool.agents.values():
        pool.index.place(agent, {})
    for contact_id in shape.waiting:
        pool.index.enqueue(pool.contacts[contact_id])
    pool.index.settle()


def _id_of(shape: Any) -> str:
    # A contact's id is its facts'.
    found: str = shape.id if hasattr(shape, "id") else shape.facts.id
    return found


def _empty(cls: type, shape: Any) -> Any:
    return cls(**{name: getattr(shape, name) for name in _NAMES[cls]})


def _leaves(hint: Any) -> set[Any]:
    inner = typing.get_args(hint)
    return {hint} if not inner else set().union(*(_leaves(one) for one in inner))


def _things(value: Any, things: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {key: things[one] for key, one in value.items()}
    return value if value is None else things[value]
