"""What the dashboards ask for exists: metrics and labels in the catalogue, the datasource."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.kit.metrics import CATALOGUE

RUNBOOK = Path(__file__).parents[3] / "deploy" / "README.md"
GRAFANA = Path(__file__).parents[3] / "deploy" / "grafana"
DASHBOARDS = sorted((GRAFANA / "dashboards").glob("*.json"))
PROMETHEUS_LABELS = {"instance", "job", "le"}
KEYWORDS = {"and", "bool", "by", "ignoring", "offset", "on", "or", "unless", "without"}


def targets() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """(dashboard and panel, panel, target) of every question that is asked."""
    for path in DASHBOARDS:
        for panel in json.loads(path.read_text(encoding="utf-8"))["panels"]:
            for target in panel.get("targets", ()):
                yield f"{path.stem}: {panel['title']}", panel, target


def metrics_of(expression: str) -> set[str]:
    """The names of the metrics in an expression, without a histogram's suffixes."""
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\b(by|without|on|ignoring)\s*\([^)]*\)", " ", expression)
    names = re.findall(r"\b[a-z_][a-z_]*\b(?!\s*\()", bare)
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in names} - KEYWORDS


def labels_of(expression: str) -> set[str]:
    """The labels that an expression selects or groups by."""
    grouped = re.findall(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)", expression)
    selected = re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", " ".join(re.findall(r"\{[^}]*\}", expression)))
    return {label.strip() for labels in grouped for label in labels.split(",")} | set(selected)


@pytest.mark.parametrize(
    ("expression", "metrics", "labels"),
    [
        ("sum(up)", {"up"}, set()),
        ('max by (a, b) (x_total{c="d"}) or vector(0)', {"x_total"}, {"a", "b", "c"}),
        ("rate(x_seconds_bucket[5m]) unless y offset 1h", {"x_seconds", "y"}, set()),
    ],
)
def test_names_are_found_in_expressions(
    expression: str, metrics: set[str], labels: set[str]
) -> None:
    assert metrics_of(expression) == metrics
    assert labels_of(expression) == labels


def test_every_metric_on_a_dashboard_is_declared_with_its_labels() -> None:
    declared = {metric.name: set(metric.labels) for metric in CATALOGUE} | {"up": set()}
    found = list(targets())
    assert found
    for place, _, target in found:
        names = metrics_of(target["expr"])
        assert names, place
        assert names <= declared.keys(), place
        known = PROMETHEUS_LABELS.union(*(declared[name] for name in names))
        assert labels_of(target["expr"]) <= known, place


def test_every_legend_names_labels_that_the_answer_has() -> None:
    for place, _, target in targets():
        named = set(re.findall(r"\{\{(\w+)\}\}", target.get("legendFormat", "")))
        assert named <= labels_of(target["expr"]), place


def test_every_panel_asks_a_datasource_that_is_provisioned() -> None:
    provisioned = {
        source["uid"]
        for path in (GRAFANA / "provisioning" / "datasources").glob("*.yml")
        for source in yaml.safe_load(path.read_text(encoding="utf-8"))["datasources"]
    }
    for place, panel, target in targets():
        assert {panel["datasource"]["uid"], target["datasource"]["uid"]} <= provisioned, place


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_panels_have_ids_of_their_own_and_do_not_overlap(path: Path) -> None:
    panels = json.loads(path.read_text(encoding="utf-8"))["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert at["x"] + at["w"] <= 24, panel["title"]
        assert not cells & taken, panel["title"]
        taken |= cells


def test_every_panel_says_what_it_shows() -> None:
    assert all(panel["description"] for _, panel, _ in targets())


def test_the_runbook_speaks_of_every_panel() -> None:
    """Titles by what stands before a comma: the rest says which part of the numbers is shown."""
    text = " ".join(RUNBOOK.read_text(encoding="utf-8").split())
    titles = {panel["title"].partition(",")[0] for _, panel, _ in targets()}
    assert not [title for title in titles if title not in text]
