"""Events of the topic `settings`: what is configured, the newest per key."""

import msgspec

from services.contracts.base import Event
from services.contracts.pool import PoolConfig


class DeclaredPool(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    config: PoolConfig


class PoolDeclared(Event, frozen=True, kw_only=True, tag="pool.declared"):
    """A pool exists, and this is where: key `pool/<tenant>/<pool>`."""

    data: DeclaredPool


SettingsEvent = PoolDeclared
