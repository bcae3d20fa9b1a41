"""Knowing one service is knowing all: what each package, topic, event and metric owes by its shape.

Whatever must not be forgotten is found here from the tree, not from a list that can be forgotten.
"""

import ast
import importlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.contracts.asyncapi import types_of
from services.contracts.base import event_type
from services.contracts.routing_events import AnyRoutingEvent
from services.contracts.topics import ALL, Topic
from services.kit.metrics import CATALOGUE, Metric
from services.kit.service import Service
from services.kit.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ROOT / "services"
LIBRARIES = {"contracts", "kit"}
INSIDE_THE_ROUTER = {"core", "planner", "simulator"}
"""Packages of the router that are no processes of their own."""
WORKERS = {"services.router"}
"""Processes that are no HTTP service first: the Faust worker."""


def packages() -> list[Path]:
    """Every service: the folders of `services/`, and the router's processes inside its own."""
    top = [folder for folder in SERVICES.iterdir() if (folder / "__init__.py").exists()]
    inner = [folder for folder in (SERVICES / "router").iterdir() if folder.is_dir()]
    return sorted(
        [folder for folder in top if folder.name not in LIBRARIES]
        + [
            folder
            for folder in inner
            if (folder / "__init__.py").exists() and folder.name not in INSIDE_THE_ROUTER
        ]
    )


def name_of(folder: Path) -> str:
    return ".".join(folder.relative_to(ROOT).parts)


def modules() -> list[Path]:
    return sorted(SERVICES.rglob("*.py"))


each_package = pytest.mark.parametrize("folder", packages(), ids=name_of)
each_http_service = pytest.mark.parametrize(
    "folder", [p for p in packages() if name_of(p) not in WORKERS], ids=name_of
)


def test_the_services_are_those_that_the_architecture_names() -> None:
    processes = "bot chat conversations email forms router router.api router.follower"
    assert {f"services.{name}" for name in processes.split()} <= set(map(name_of, packages()))


@each_package
@pytest.mark.parametrize(
    "file", ["README.md", "__init__.py", "__main__.py", "app.py", "settings.py"]
)
def test_service_has_the_files_that_every_service_has(folder: Path, file: str) -> None:
    assert (folder / file).is_file()


@each_package
def test_service_says_in_its_readme_and_its_package_what_it_is(folder: Path) -> None:
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert readme.startswith("# ")
    assert len(readme) > 200
    assert ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")))


@each_http_service
def test_http_service_is_a_value_with_settings_and_a_port(folder: Path) -> None:
    service = importlib.import_module(f"{name_of(folder)}.app").SERVICE
    assert isinstance(service, Service)
    assert issubclass(service.settings, Settings)
    assert service.port in {field.name for field in msgspec.structs.fields(service.settings)}


@each_http_service
def test_main_only_runs_the_service(folder: Path) -> None:
    tree = ast.parse((folder / "__main__.py").read_text(encoding="utf-8"))
    statements = [node for node in tree.body if not isinstance(node, ast.Import | ast.ImportFrom)]
    assert len(statements) == 2, "a docstring, and the call of services.kit.service.main"


def test_all_http_services_run_in_one_process_each_at_its_own_port() -> None:
    together = importlib.import_module("services.__main__").ALL
    apart = [
        importlib.import_module(f"{name_of(folder)}.app").SERVICE
        for folder in packages()
        if name_of(folder) not in WORKERS
    ]
    assert Counter(service.name for service in together) == Counter(s.name for s in apart)
    ports = Counter(_default(service.settings, service.port) for service in together)
    assert ports.most_common(1)[0][1] == 1


def test_no_two_services_declare_a_setting_of_the_same_name() -> None:
    declared = Counter(
        name
        for folder in packages()
        for cls in vars(importlib.import_module(f"{name_of(folder)}.settings")).values()
        if isinstance(cls, type) and cls.__module__ == f"{name_of(folder)}.settings"
        for name in cls.__annotations__
        if issubclass(cls, Settings)
    )
    assert [name for name, times in declared.items() if times > 1] == []


def _default(cls: type[Settings], name: str) -> Any:
    return next(field.default for field in msgspec.structs.fields(cls) if field.name == name)


@pytest.mark.parametrize("topic", ALL, ids=lambda topic: topic.name)
def test_topic_is_named_in_the_plural_and_kebab_case(topic: Topic) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", topic.name)
    base = topic.name.removesuffix("-dlq")
    assert base.endswith("s") or base == "routing-journal"  # of journals there is one


@pytest.mark.parametrize("topic", ALL, ids=lambda topic: topic.name)
def test_topic_says_what_it_is_for_who_writes_and_who_reads(topic: Topic) -> None:
    assert topic.purpose.endswith(".")
    assert topic.key
    assert topic.written_by
    assert topic.read_by
    assert topic.config["cleanup.policy"] in {"delete", "compact"}


def test_event_types_are_a_noun_and_a_word_of_it() -> None:
    unions = [topic.events for topic in ALL] + [AnyRoutingEvent]
    classes = [cls for union in unions for cls in types_of(union)]
    assert [
        name
        for name in map(event_type, classes)
        if not re.fullmatch(r"[a-z]+\.[a-z]+(-[a-z]+)*", name)
    ] == []
    assert [cls.__name__ for cls in classes if not (cls.__doc__ or "").strip()] == []


each_metric = pytest.mark.parametrize("metric", CATALOGUE, ids=lambda metric: metric.name)
IDS = re.compile(r"(^|_)(id|ids|key|path|url|contact|conversation|customer|agent|offer|session)$")


@each_metric
def test_metric_is_named_in_base_units(metric: Metric) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)+", metric.name)
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    if metric.kind == "histogram":
        assert metric.name.endswith(("_seconds", "_bytes"))
    scaled = {"ms", "millis", "milliseconds", "minutes", "hours", "kb", "mb", "percent"}
    assert scaled.isdisjoint(metric.name.split("_"))


@each_metric
def test_metric_has_a_meaning_and_no_label_that_holds_an_id(metric: Metric) -> None:
    assert metric.meaning.endswith(".")
    assert [label for label in metric.labels if IDS.search(label)] == []


def test_metrics_are_declared_once() -> None:
    assert Counter(metric.name for metric in CATALOGUE).most_common(1)[0][1] == 1


@dataclass(frozen=True, slots=True)
class Use:
    """A place in the code that speaks of a metric. `labels` None: not written out."""

    where: str
    method: str
    name: str | None
    labels: frozenset[str] | None


@cache
def uses() -> list[Use]:
    return [use for path in modules() for use in _uses_in(path)]


def _uses_in(path: Path) -> Iterator[Use]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    loops = {
        node.target.id: node.iter
        for node in ast.walk(tree)
        if isinstance(node, ast.For) and isinstance(node.target, ast.Name)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        of = node.func.value
        receiver = of.attr if isinstance(of, ast.Attribute) else getattr(of, "id", "")
        if receiver.strip("_") != "metrics":
            continue
        if node.func.attr not in {"count", "set", "observe", "clear", "child"}:
            continue
        where = f"{path.relative_to(ROOT)}:{node.lineno}"
        given = {word.arg for word in node.keywords}
        labels = None if None in given else frozenset(str(word) for word in given)
        first = node.args[0]
        if isinstance(first, ast.Name) and isinstance(loops.get(first.id), ast.Tuple):
            names = [n.value for n in ast.walk(loops[first.id]) if isinstance(n, ast.Constant)]
        else:
            names = [first.value if isinstance(first, ast.Constant) else None]
        for name in names:
            yield Use(where, node.func.attr, None if name is None else str(name), labels)


def test_every_metric_in_the_code_is_declared_and_used_as_what_it_is() -> None:
    declared = {metric.name: metric for metric in CATALOGUE}
    kinds = {"count": "counter", "set": "gauge", "observe": "histogram", "clear": "gauge"}
    found = uses()
    assert [use.where for use in found if use.name is None] == [], "names are written out"
    assert [(use.where, use.name) for use in found if use.name not in declared] == []
    for use in found:
        metric = declared[str(use.name)]
        if use.method in kinds:
            assert metric.kind == kinds[use.method], f"{use.where}: {use.name}"
        if use.labels is not None and use.method != "clear":
            assert use.labels == set(metric.labels) - {"service"}, f"{use.where}: {use.name}"


@each_metric
def test_every_declared_metric_is_used(metric: Metric) -> None:
    assert metric.name in words()


@cache
def words() -> frozenset[str]:
    """Every string in the code of the services, but for the catalogue itself."""
    trees = [
        ast.parse(path.read_text(encoding="utf-8"))
        for path in modules()
        if path != SERVICES / "kit" / "metrics.py"
    ]
    constants = [n.value for t in trees for n in ast.walk(t) if isinstance(n, ast.Constant)]
    return frozenset(value for value in constants if isinstance(value, str))
