"""Structured logs: one JSON object a line. No names, addresses or texts of customers in them."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

from services.kit.clock import SystemClock

_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_NOISY = ("aiokafka", "kafka", "faust", "mode")


class JsonLines(logging.Formatter):
    """`time, level, logger, message`, whatever was given as `extra`, and the traceback."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {key: value for key, value in vars(record).items() if key not in _PLAIN}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


class OncePer(logging.Filter):
    """Lets a message of a chatty library through once per `seconds` (Kafka clients write 20 to 40
    lines a second while a broker is away)."""

    def __init__(self, seconds: float = 5.0) -> None:
        super().__init__()
        self._seconds = seconds
        self._clock = SystemClock()
        self._last: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written."""
        if record.name.partition(".")[0] not in _NOISY:
            return True
        key = (record.name, str(record.msg)[:60])
        now = self._clock.monotonic()
        if now - self._last.get(key, -self._seconds) < self._seconds:
            return False
        if len(self._last) > 1000:
            self._last.clear()
        self._last[key] = now
        return True


def configure(service: str, level: str = "INFO") -> None:
    """Set up logging for this process."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(service))
    handler.addFilter(OncePer())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # uvicorn.error tells of every WebSocket at INFO, with the customer's address.
    for name in (*_NOISY, "uvicorn.access", "uvicorn.error", "mail.log", "httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
