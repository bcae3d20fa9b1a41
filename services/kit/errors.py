"""Failing has names. Anything else that is raised is a bug: the process dies and is restarted."""


class InvalidMessage(Exception):
    """A record that can never be used → dead letters, with `reason` (one word) and `detail`."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class Unavailable(Exception):
    """A dependency is away → wait and retry in place; over HTTP 503 with Retry-After.

    `outcome_unknown`: the thing may have been done all the same; retry with the same id.
    """

    def __init__(
        self, detail: str, *, retry_after: float = 2.0, outcome_unknown: bool = False
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after = retry_after
        self.outcome_unknown = outcome_unknown


class RefusedToStart(Exception):
    """The settings or the surroundings do not allow this process to run. One clear sentence."""
