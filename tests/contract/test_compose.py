"""docker-compose.yml keeps to what the services, the image and the local broker say."""

import re
from typing import Any

import msgspec
import pytest

from deploy.local.broker import SERVER_PROPERTIES
from services.__main__ import ALL
from services.kit.settings import PREFIX, Settings
from services.router.settings import RouterSettings
from tests.support.compose import ROOT, TOPICS, compose, default_ports, module_of

DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
PINNED = re.compile(r"[a-z0-9./-]+:(?!latest$)[\w.-]*\d[\w.-]*")
SERVICES = compose()
OURS = {name: service for name, service in SERVICES.items() if module_of(service)}


def instructions(name: str) -> list[str]:
    """The arguments of every such instruction of the Dockerfile."""
    return re.findall(rf"^{name} (.+)$", DOCKERFILE, flags=re.MULTILINE)


def ports(service: dict[str, Any]) -> list[list[str]]:
    """[address, port outside, port inside] of what a service publishes."""
    return [published.split(":") for published in service.get("ports", ())]


def test_every_process_of_the_platform_has_one_entry() -> None:
    modules = sorted(str(module_of(service)) for service in OURS.values())
    assert modules == sorted([*default_ports(), TOPICS])


def test_one_image_serves_all_of_ours_and_runs_without_root() -> None:
    assert {service["image"] for service in OURS.values()} == {"jonoton:local"}
    assert not [name for name, service in SERVICES.items() if service.get("user") == "root"]
    assert not [name for name, service in OURS.items() if "user" in service]
    assert instructions("USER")[-1] not in {"root", "0"}
    assert DOCKERFILE.rindex("\nUSER ") < DOCKERFILE.rindex("\nCMD ")


def test_every_image_of_others_is_pinned_by_tag() -> None:
    images = {service["image"] for service in SERVICES.values()} - {"jonoton:local"}
    images |= set(instructions("FROM"))
    assert len(images) > 4
    assert not [image for image in images if not PINNED.fullmatch(image)]


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_published_is_to_be_had_on_this_machine_alone(name: str) -> None:
    assert all(len(parts) == 3 and parts[0] == "127.0.0.1" for parts in ports(SERVICES[name]))


def test_published_ports_are_the_services_own_and_published_once() -> None:
    own = {module: {str(port)} for module, port in default_ports().items()}
    own["services.email"] = {"8025"}  # SMTP: over HTTP it has only health and measures
    for name, service in OURS.items():
        for _, outside, inside in ports(service):
            assert outside == inside, name
            assert inside in own[str(module_of(service))], name
    outside_ports = [parts[1] for service in SERVICES.values() for parts in ports(service)]
    assert len(outside_ports) == len(set(outside_ports))


def test_everything_comes_back_after_its_death_but_the_topics_are_made_once() -> None:
    policies = {name: service["restart"] for name, service in SERVICES.items()}
    assert policies.pop("topics") == "no"
    assert set(policies.values()) == {"unless-stopped"}


def test_services_start_when_the_topics_are_there() -> None:
    for name, service in OURS.items():
        condition = "service_healthy" if name == "topics" else "service_completed_successfully"
        after = "kafka" if name == "topics" else "topics"
        assert service["depends_on"][after] == {"condition": condition}, name


def test_every_setting_that_is_given_is_one() -> None:
    classes: set[type[Settings]] = {RouterSettings, *(one.settings for one in ALL)}
    known = {
        PREFIX + field.name.upper() for kind in classes for field in msgspec.structs.fields(kind)
    }
    given = {name for service in OURS.values() for name in service["environment"]}
    given |= {name for line in instructions("ENV") for name in re.findall(r"(\w+)=", line)}
    assert {name for name in given if name.startswith(PREFIX)} <= known


def test_the_broker_is_set_like_the_local_one() -> None:
    local = dict(line.split("=", 1) for line in SERVER_PROPERTIES.splitlines())
    given = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): str(value)
        for name, value in SERVICES["kafka"]["environment"].items()
    }
    both = {name for name in given.keys() & local.keys() if "{" not in local[name]}
    assert {"group.min.session.timeout.ms", "auto.create.topics.enable"} <= both
    assert {name: given[name] for name in both} == {name: local[name] for name in both}
