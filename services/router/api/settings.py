"""Settings of the routing API."""

from services.kit.settings import Settings


class ApiSettings(Settings, frozen=True, kw_only=True):
    """Times in seconds."""

    api_port: int = 8001
    api_reply_timeout: float = 2.0
    """A command that the router has not answered by then gets 202 and a URL to ask again."""
    api_heartbeat: float = 2.0
    """The gateway's period; the router's patience with it is a multiple."""
    api_socket_frames: int = 256
    """Events that may wait for one slow socket; beyond that it gets a snapshot instead."""
    api_send_timeout: float = 10.0
    """A socket that does not take one frame in this time is closed."""
    api_explain_timeout: float = 5.0
    """The records of one contact are read within this time, or 503."""
    api_replay_timeout: float = 20.0
    """The journal is replayed for an explanation's candidates for this long at most, or 503."""
