"""Settings of the router worker."""

from services.kit.settings import Settings


class RouterSettings(Settings, frozen=True, kw_only=True):
    """`router_group` is the consumer group; times in seconds; `router_inbox` and
    `router_in_flight` are counts of records per partition and per process."""

    router_port: int = 8010
    router_group: str = "router"
    router_session_timeout: float = 3.0
    router_heartbeat: float = 0.5
    router_linger_ms: int = 2
    router_inbox: int = 10_000
    router_in_flight: int = 20_000
    router_patience: float = 20.0
    """Seconds without an assignment, while the broker answers, before the process ends."""
