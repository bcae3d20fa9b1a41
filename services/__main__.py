"""`python -m services [NAME…]`: the HTTP services and the follower in one process, or those named,
for development, the demo and small sites. The same factories as each service alone; what several
of them follow is read once."""

import sys
from collections.abc import Sequence
from typing import Any

from services.bot.app import SERVICE as BOT
from services.chat.app import SERVICE as CHAT
from services.conversations.app import SERVICE as CONVERSATIONS
from services.email.app import SERVICE as EMAIL
from services.forms.app import SERVICE as FORMS
from services.kit.service import Service, main
from services.router.api.app import SERVICE as ROUTING_API
from services.router.follower.app import SERVICE as FOLLOWER

ALL: tuple[Service[Any], ...] = (
    ROUTING_API,
    CONVERSATIONS,
    CHAT,
    FORMS,
    EMAIL,
    BOT,
    FOLLOWER,
)


def chosen(names: Sequence[str]) -> list[Service[Any]]:
    """The services of these names, all when there are none. Raises `KeyError`."""
    by_name = {service.name: service for service in ALL}
    return [by_name[name] for name in names] if names else list(ALL)


def run(names: Sequence[str]) -> int:
    """As the command line says; returns the exit status."""
    try:
        services = chosen(names)
    except KeyError as error:
        known = ", ".join(service.name for service in ALL)
        print(f"services: there is no {error.args[0]!r}; there are {known}", file=sys.stderr)
        return 2
    return main(names[0] if len(names) == 1 else "services", services)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
