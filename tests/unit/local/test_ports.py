"""Ports: taken ones are named, free ones are not given out twice."""

import os
import socket
from collections.abc import Iterator

import pytest

from deploy.local import ports
from deploy.local.errors import LocalError
from deploy.local.ports import HOST, check_free, is_free, ports_from, reserve


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server((HOST, 0)) as server:
        yield server.getsockname()[1]


def test_taken_port_is_named_with_its_holder(taken: int) -> None:
    with pytest.raises(LocalError) as caught:
        check_free({"kafka": taken})
    sentence = str(caught.value)
    assert sentence.startswith(f"Port {taken} (for kafka")
    assert "nothing was started" in sentence
    assert f"pid {os.getpid()}" in sentence


def test_all_taken_ports_are_named_at_once(taken: int) -> None:
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(LocalError, match=rf"^Ports {taken} .*, {port} .* are taken"):
            check_free({"api": taken, "chat": port})


def test_free_ports_pass() -> None:
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
    check_free({"api": port})


def test_offset_moves_every_port() -> None:
    moved = ports_from({"JONOTON_PORT_OFFSET": "1000"}, ["api", "router", "router-3"])
    assert moved == {"api": 9001, "router": 9010, "router-3": 9012}


@pytest.mark.parametrize("offset", ["many", "-7500", "60000"])
def test_impossible_offset_is_one_sentence(offset: str) -> None:
    with pytest.raises(LocalError, match="JONOTON_PORT_OFFSET"):
        ports_from({"JONOTON_PORT_OFFSET": offset}, ["api", "kafka"])


def test_reserved_port_is_not_given_to_anybody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    first = reserve()
    monkeypatch.setattr(ports, "TEST_RANGE", range(first.port, first.port + 1))
    assert is_free(first.port)
    with pytest.raises(LocalError, match=r"^No port from"):
        reserve()
    first.release()
    again = reserve()
    assert again.port == first.port
    again.release()


def test_taken_port_is_not_reserved(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "TEST_RANGE", range(taken, taken + 1))
    with pytest.raises(LocalError, match=r"^No port from"):
        reserve()
