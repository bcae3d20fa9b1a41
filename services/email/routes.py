"""Which address belongs to which pool. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from services.email.cleaning import ADDRESS
from services.kit.errors import RefusedToStart

_ROUTE = re.compile(r"(?P<address>[^=\s]+)=(?P<pool>[a-z0-9-]+/[a-z0-9-]+):(?P<language>fi|sv|en)")


@dataclass(frozen=True, slots=True)
class Route:
    """A mailbox of ours: its address, the pool that answers it, its customers' likely language."""

    address: str
    pool: str
    language: str

    @property
    def domain(self) -> str:
        """The part after the @."""
        return self.address.rpartition("@")[2]


class Routes:
    """All mailboxes. An address is found whatever its case, with or without a `+detail`."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._by_address = {route.address.lower(): route for route in routes}

    def find(self, address: str) -> Route | None:
        """The mailbox of an address, or None: it is not ours."""
        local, _, domain = address.strip().lower().rpartition("@")
        return self._by_address.get(f"{local.partition('+')[0]}@{domain}")

    def for_pool(self, pool: str, language: str) -> Route | None:
        """A mailbox of the pool, the one of that language if there is one."""
        routes = [route for route in self._by_address.values() if route.pool == pool]
        return next((r for r in routes if r.language == language), routes[0] if routes else None)


def parse_routes(text: str) -> Routes:
    """Routes of a setting. Raises `RefusedToStart` naming what is wrong."""
    routes = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        match = _ROUTE.fullmatch(part)
        if match is None or ADDRESS.fullmatch(match["address"]) is None:
            raise RefusedToStart(
                f"JONOTON_EMAIL_ROUTES: {part!r} is not address=tenant/pool:language "
                "(language: fi, sv or en)"
            )
        routes.append(Route(match["address"], match["pool"], match["language"]))
    if not routes:
        raise RefusedToStart("JONOTON_EMAIL_ROUTES names no mailbox")
    return Routes(routes)
