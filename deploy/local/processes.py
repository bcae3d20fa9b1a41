"""What the local platform consists of, as data: one entry per process, one line per setting.

`deploy.local` and the end-to-end tests start the same list.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.errors import LocalError
from deploy.local.paths import ROOT
from deploy.local.ports import DEFAULTS, HOST, whole_number
from deploy.local.probe import http_ready
from deploy.local.process import Managed

MAX_ROUTERS = 15
HTTP_SERVICES = ("api", "conversations", "chat", "forms", "email", "bot", "follower")
TITLES = {
    "api": "Routing API",
    "conversations": "Conversations",
    "chat": "Chat",
    "forms": "Web forms",
    "email": "E-mail",
    "bot": "Bot",
    "follower": "Follower",
}
TOPICS = ("-m", "services.kit.topics")


@dataclass(frozen=True, slots=True)
class Spec:
    """One process: Python's arguments, what its environment has beyond the common one, and the
    addresses that answer 200 when it does its work."""

    name: str
    arguments: tuple[str, ...]
    ready_urls: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)

    def managed(self, env: Mapping[str, str], logs: Path) -> Managed:
        """The process itself, not started; its log is `NAME.log` in the folder."""
        return Managed(
            self.name,
            [sys.executable, *self.arguments],
            env={**env, **self.env},
            cwd=ROOT,
            log=logs / f"{self.name}.log",
            ready=lambda: all(http_ready(url) for url in self.ready_urls),
        )


def router_count(environment: Mapping[str, str]) -> int:
    """How many router workers `JONOTON_ROUTERS` asks for; one unless it says else."""
    count = whole_number(environment, "JONOTON_ROUTERS", 1)
    if not 1 <= count <= MAX_ROUTERS:
        raise LocalError(f"JONOTON_ROUTERS must be from 1 to {MAX_ROUTERS}, not {count}.")
    return count


def router_names(count: int) -> tuple[str, ...]:
    """`router`, `router-2`, `router-3` …"""
    return ("router", *(f"router-{number}" for number in range(2, count + 1)))


def port_names(routers: int) -> tuple[str, ...]:
    """Every port that the whole stack uses, by name."""
    return (*DEFAULTS, *router_names(routers)[1:])


def environment(ports: Mapping[str, int], data: Path) -> dict[str, str]:
    """The settings that every process of the platform is given."""
    return {
        "JONOTON_ENVIRONMENT": "development",
        "JONOTON_KAFKA": f"{HOST}:{ports['kafka']}",
        "JONOTON_REDIS": f"redis://{HOST}:{ports['redis']}/0",
        "JONOTON_DATA": str(data),
        "JONOTON_API_PORT": str(ports["api"]),
        "JONOTON_CONVERSATIONS_PORT": str(ports["conversations"]),
        "JONOTON_CHAT_PORT": str(ports["chat"]),
        "JONOTON_FORMS_PORT": str(ports["forms"]),
        "JONOTON_EMAIL_PORT": str(ports["email"]),
        "JONOTON_SMTP_PORT": str(ports["smtp"]),
        "JONOTON_SMTP_OUT": f"{HOST}:{ports['smtp_out']}",
        "JONOTON_BOT_PORT": str(ports["bot"]),
        "JONOTON_FOLLOWER_PORT": str(ports["follower"]),
        "JONOTON_ROUTER_PORT": str(ports["router"]),
        "PYTHONUNBUFFERED": "1",
    }


def url(ports: Mapping[str, int], name: str, path: str = "") -> str:
    """The address of a service by its port's name."""
    return f"http://{HOST}:{ports[name]}{path}"


def platform(ports: Mapping[str, int], routers: int = 1) -> tuple[Spec, ...]:
    """The platform's processes, to be started when Kafka, Redis and the topics are there."""
    workers = tuple(
        Spec(
            name,
            ("-m", "services.router"),
            (url(ports, name, "/readyz"),),
            {"JONOTON_ROUTER_PORT": str(ports[name])},
        )
        for name in router_names(routers)
    )
    api = Spec("api", ("-m", "services", "routing-api"), (url(ports, "api", "/readyz"),))
    others = [name for name in HTTP_SERVICES if name != "api"]
    ready = tuple(url(ports, name, "/readyz") for name in others)
    # Two processes, because one holds one core: the agents' share of the work and the customers'
    # are about alike (bench/time_to_offer.py).
    return (*workers, api, Spec("services", ("-m", "services", *others), ready))
