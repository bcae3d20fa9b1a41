"""The compose file and the scrape configuration, as tests read them."""

from pathlib import Path
from typing import Any

import yaml

from services.__main__ import ALL
from services.router.settings import RouterSettings

ROOT = Path(__file__).parents[2]
TOPICS = "services.kit.topics"
ROUTER = "services.router"


def compose() -> dict[str, dict[str, Any]]:
    """The services of docker-compose.yml, anchors resolved."""
    document = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    services: dict[str, dict[str, Any]] = document["services"]
    return services


def module_of(service: dict[str, Any]) -> str | None:
    """The Python module that a service of ours runs; None for images of others."""
    command = service.get("command") or []
    return command[2] if command[:2] == ["python", "-m"] else None


def default_ports() -> dict[str, int]:
    """Module → the port on which it answers `/metrics`, of every process of the platform."""
    ports = {
        one.create_app.__module__.removesuffix(".app"): getattr(one.settings(), one.port)
        for one in ALL
    }
    return ports | {ROUTER: RouterSettings().router_port}


def scrape_jobs() -> dict[str, list[str]]:
    """Job → its targets, from Prometheus's configuration."""
    path = ROOT / "deploy" / "prometheus" / "prometheus.yml"
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {
        job["job_name"]: [target for part in job["static_configs"] for target in part["targets"]]
        for job in document["scrape_configs"]
    }
