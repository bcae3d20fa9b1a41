"""Redis, for views only: short time-outs, few retries, absence is an expected state."""

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff


def connect(url: str) -> "Redis":
    """A client for commands. Every command answers or fails within about a second."""
    return Redis.from_url(
        url,
        socket_timeout=1.0,
        socket_connect_timeout=0.5,
        retry=Retry(NoBackoff(), 1),
        decode_responses=True,
        health_check_interval=0,
    )
