import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from services.kit import log
from services.kit.clock import SystemClock
from services.kit.log import JsonLines, OncePer


def record(name: str = "services.chat", message: str = "a %s", *args: Any) -> logging.LogRecord:
    return logging.LogRecord(name, logging.WARNING, __file__, 1, message, args, None)


def test_line_is_one_json_object_with_what_was_given_as_extra() -> None:
    made = record("services.chat", "%s waits", "chat")
    made.__dict__ |= {"partition": 3, "at": {1}}
    text = JsonLines("chat").format(made)
    assert "\n" not in text
    line = json.loads(text)
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "warning",
        "service": "chat",
        "logger": "services.chat",
        "message": "chat waits",
        "partition": 3,
        "at": "{1}",
    }


def test_traceback_and_lines_of_a_text_stay_in_the_object() -> None:
    made = record("services.chat", "two\nlines")
    try:
        raise RuntimeError("förlåt")
    except RuntimeError as error:
        made.exc_info = (type(error), error, error.__traceback__)
    text = JsonLines("chat").format(made)
    assert "\n" not in text
    line = json.loads(text)
    assert line["message"] == "two\nlines"
    assert line["error"].endswith("RuntimeError: förlåt")


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that the filter sees, as a list of one."""
    now = [100.0]
    monkeypatch.setattr(SystemClock, "monotonic", lambda _: now[0])
    return now


def test_chatty_library_says_the_same_once_in_a_while(at: list[float]) -> None:
    once = OncePer(5.0)
    refused = [once.filter(record("aiokafka.conn", "refused %d", n)) for n in range(30)]
    assert refused == [True] + [False] * 29
    assert once.filter(record("aiokafka.conn", "something else"))
    assert once.filter(record("kafka.conn", "refused %d", 1))
    at[0] += 4.9
    assert not once.filter(record("aiokafka.conn", "refused %d", 31))
    at[0] += 0.1
    assert once.filter(record("aiokafka.conn", "refused %d", 32))


def test_we_are_never_cut_short(at: list[float]) -> None:
    once = OncePer(5.0)
    assert all(once.filter(record("services.kit.publisher", "Kafka is away")) for _ in range(9))
    assert all(once.filter(record("modern.library", "not mode's")) for _ in range(9))


def test_memory_of_what_was_said_is_bounded(at: list[float]) -> None:
    once = OncePer(5.0)
    for number in range(5000):
        once.filter(record("kafka", f"message {number}"))
    assert len(once._last) <= 1001


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Standard error after `configure`; all of logging as it was at the end."""
    out = io.StringIO()
    monkeypatch.setattr("sys.stderr", out)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    names = (*log._NOISY, "uvicorn.access", "mail.log", "httpx", "httpcore")
    levels = {name: logging.getLogger(name).level for name in names}
    log.configure("chat", "INFO")
    yield out
    root.handlers[:], root.level = handlers, level
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


def test_process_writes_json_lines_to_standard_error(configured: io.StringIO) -> None:
    logging.getLogger("services.chat").info("started", extra={"port": 8003})
    logging.getLogger("services.chat").debug("not asked for")
    for number in range(20):
        logging.getLogger("kafka.net").error("Connection failed: %d", number)
        logging.getLogger("kafka.net").info("chatter")
    lines = [json.loads(line) for line in configured.getvalue().splitlines()]
    assert [line["message"] for line in lines] == ["started", "Connection failed: 0"]
    assert lines[0]["port"] == 8003
