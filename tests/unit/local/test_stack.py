"""What the stack consists of, and that it refuses before it starts anything."""

import os
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from deploy.local.errors import LocalError
from deploy.local.paths import Places
from deploy.local.ports import HOST, is_free, ports_from
from deploy.local.processes import (
    environment,
    platform,
    port_names,
    router_count,
    router_names,
)
from deploy.local.stack import LocalStack

# Another one for each session on this machine, and never a port for outgoing connections.
OFFSET = str(1000 + os.getpid() % 12000)


def stack(places: Places, environ: Mapping[str, str], only: list[str] | None = None) -> LocalStack:
    return LocalStack(
        {"JONOTON_PORT_OFFSET": OFFSET, **environ},
        say=lambda _: None,
        stopping=lambda: False,
        places=places,
        only=only,
    )


def test_taken_port_starts_nothing_and_leaves_no_state(tmp_path: Path) -> None:
    places = Places(tmp_path)
    made = stack(places, {})
    with (
        socket.create_server((HOST, made.ports["chat"])),
        pytest.raises(LocalError, match=rf"^Port {made.ports['chat']} \(for chat, .* is taken"),
    ):
        made.start()
    assert not (places.run / "state.json").exists()
    assert not places.kafka.exists()
    assert is_free(made.ports["redis"])


def test_unknown_part_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match=r"no part named brokre; .*broker, redis, router"):
        stack(Places(tmp_path), {}, ["brokre"])


@pytest.mark.parametrize("count", ["0", "16", "two"])
def test_impossible_number_of_routers_is_one_sentence(count: str) -> None:
    with pytest.raises(LocalError, match="JONOTON_ROUTERS"):
        router_count({"JONOTON_ROUTERS": count})


def test_every_router_has_a_name_and_a_port_of_its_own() -> None:
    names = port_names(3)
    ports = ports_from({}, names)
    assert len(set(ports.values())) == len(names)
    routers = platform(ports, 3)[:3]
    assert tuple(spec.name for spec in routers) == router_names(3)
    assert len({spec.env["JONOTON_ROUTER_PORT"] for spec in routers}) == 3


def test_every_port_but_the_controllers_reaches_the_processes(tmp_path: Path) -> None:
    ports = ports_from({}, port_names(1))
    told = " ".join(environment(ports, tmp_path).values())
    assert [name for name, port in ports.items() if str(port) not in told] == ["controller"]


@pytest.mark.skipif(os.name != "posix", reason="folders are made with POSIX modes")
def test_part_of_a_stack_needs_only_its_own_ports(tmp_path: Path) -> None:
    made = stack(Places(tmp_path), {}, ["redis"])
    with socket.create_server((HOST, made.ports["api"])):
        made.start()
    made.stop()
    assert is_free(made.ports["redis"])
