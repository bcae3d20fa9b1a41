"""End-to-end tests run against real servers: the fixtures of `tests.support.stack`."""

from tests.support.stack import _servers, broker, new_stack, redis_server, stack

__all__ = ["_servers", "broker", "new_stack", "redis_server", "stack"]
