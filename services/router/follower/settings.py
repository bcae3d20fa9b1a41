"""Settings of the follower."""

from services.kit.settings import Settings


class FollowerSettings(Settings, frozen=True, kw_only=True):
    """Times in seconds."""

    follower_port: int = 8007
    follower_check: float = 2.0
    """How often it looks whether the views are still there, and takes the gauges."""
    follower_plan: float = 45.0
    """How often it weighs each pool's work against its agents and proposes a plan."""
