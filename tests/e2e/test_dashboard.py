"""The dashboards' questions have answers: a real Prometheus scrapes the running platform."""

import json
import math
from collections.abc import Iterator

import anyio
import httpx
import pytest
from aiokafka import AIOKafkaProducer

from bench.time_to_offer import Run
from deploy.local.process import wait_until
from services.contracts.topics import CONTACT_EVENTS
from tests.support.compose import ROOT, scrape_jobs
from tests.support.prometheus import PROGRAM, ask, prometheus
from tests.support.stack import Stack

DASHBOARDS = sorted((ROOT / "deploy" / "grafana" / "dashboards").glob("*.json"))
PATIENCE = 90.0

MAY_BE_EMPTY = {
    "Service now: Refused by the publisher, per minute": "nothing is refused while Kafka is there",
    "Service now: Planned load": "the first plan comes after three quarters of a minute",
    "Service now: Turned away, per minute": "every queue of these tests is open and has room",
    "Service now: Promises per hour; parked, scheduled": "nobody was promised a time",
}
"""The panels that show nothing on a healthy platform, and why."""

pytestmark = pytest.mark.skipif(
    PROGRAM is None, reason="Prometheus is not installed (Debian package `prometheus`)."
)


@pytest.fixture(scope="module")
def scraping(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A Prometheus that looks at the session's platform."""
    with prometheus(tmp_path_factory.mktemp("prometheus"), stack.ports) as client:
        yield client


def questions() -> list[tuple[str, str]]:
    """(panel, expression) of every dashboard."""
    return [
        (f"{dashboard['title']}: {panel['title']}", target["expr"])
        for path in DASHBOARDS
        for dashboard in [json.loads(path.read_text(encoding="utf-8"))]
        for panel in dashboard["panels"]
        for target in panel.get("targets", ())
    ]


def unanswered(client: httpx.Client) -> list[tuple[str, str]]:
    """The questions without a number as an answer. Fails on one that Prometheus cannot read."""
    return [
        (panel, expression)
        for panel, expression in questions()
        if not any(math.isfinite(float(one["value"][1])) for one in ask(client, expression))
        and panel not in MAY_BE_EMPTY
    ]


async def reject_something(stack: Stack) -> None:
    """An input that the router cannot read."""
    producer = AIOKafkaProducer(bootstrap_servers=stack.env["JONOTON_KAFKA"], acks="all")
    await producer.start()
    try:
        await producer.send_and_wait(CONTACT_EVENTS.name, value=b"not an event", partition=0)
    finally:
        await producer.stop()


@pytest.mark.anyio
async def test_every_panel_shows_numbers_when_contacts_come_and_go(
    stack: Stack, scraping: httpx.Client
) -> None:
    with anyio.fail_after(PATIENCE + 60):
        run = Run(stack, "work")
        await run.prepare(2)
        try:
            deadline = anyio.current_time() + PATIENCE
            while unanswered(scraping) and anyio.current_time() < deadline:
                await run.load(rate=4, seconds=1)
        finally:
            await run.end()
    assert unanswered(scraping) == []
    assert MAY_BE_EMPTY.keys() <= {panel for panel, _ in questions()}
    assert run.posted.keys() == run.offered.keys()


def test_every_process_is_seen(scraping: httpx.Client) -> None:
    def seen() -> list[str]:
        return [one["value"][1] for one in ask(scraping, "up")]

    everything = ["1"] * sum(len(targets) for targets in scrape_jobs().values())
    assert wait_until(lambda: seen() == everything, PATIENCE), ask(scraping, "up")


def test_the_first_rejected_input_is_seen(stack: Stack, scraping: httpx.Client) -> None:
    """`increase()` alone begins to count at the second."""
    (expression,) = [expr for panel, expr in questions() if panel.endswith(": Rejected input")]

    def rejected() -> float:
        (one,) = ask(scraping, expression)
        return float(one["value"][1])

    assert wait_until(lambda: bool(ask(scraping, "router_partitions")), PATIENCE)
    before = rejected()
    anyio.run(reject_something, stack)
    assert wait_until(lambda: rejected() >= before + 1, PATIENCE)
