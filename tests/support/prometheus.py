"""A real Prometheus that scrapes a running platform, configured as for compose."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

from deploy.local.ports import HOST, reserve
from deploy.local.probe import http_ready
from deploy.local.process import Managed
from tests.support.compose import ROOT

CONFIGURATION = ROOT / "deploy" / "prometheus" / "prometheus.yml"
PROGRAM = shutil.which("prometheus")
SCRAPE = "500ms"


def configuration(ports: Mapping[str, int]) -> str:
    """The deployed configuration with each target `name:port` where it runs here."""
    document = yaml.safe_load(CONFIGURATION.read_text(encoding="utf-8"))
    document["global"] = {"scrape_interval": SCRAPE, "scrape_timeout": SCRAPE}
    for job in document["scrape_configs"]:
        for part in job["static_configs"]:
            names = [target.partition(":")[0] for target in part["targets"]]
            part["targets"] = [f"{HOST}:{ports[name]}" for name in names]
    return yaml.safe_dump(document)


@contextmanager
def prometheus(folder: Path, ports: Mapping[str, int]) -> Iterator[httpx.Client]:
    """A client of a ready Prometheus, which is stopped at the end."""
    assert PROGRAM is not None
    (folder / "prometheus.yml").write_text(configuration(ports), encoding="utf-8")
    reserved = reserve()
    address = f"{HOST}:{reserved.port}"
    process = Managed(
        "prometheus",
        [
            PROGRAM,
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={address}",
            "--log.level=warn",
        ],
        log=folder / "prometheus.log",
        ready=lambda: http_ready(f"http://{address}/-/ready"),
    )
    try:
        process.launch()
        process.wait_ready(30)
        with httpx.Client(base_url=f"http://{address}", timeout=10) as client:
            yield client
    finally:
        process.stop()
        reserved.release()


def ask(client: httpx.Client, expression: str) -> list[dict[str, Any]]:
    """The series of an instant query; a sentence when it cannot be understood."""
    answer = client.get("/api/v1/query", params={"query": expression})
    body = answer.json()
    assert body["status"] == "success", f"{expression}: {body.get('error')}"
    result: list[dict[str, Any]] = body["data"]["result"]
    return result
