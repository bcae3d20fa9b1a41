"""The topics that several services follow, read once by each process."""

from services.kit.journal_reader import JournalFeed
from services.kit.messages import MessagesFeed
from services.kit.settings import Settings

GATHER = 0.01
"""Seconds. Under load each fetch then brings several records; a record that comes alone does not
wait."""


class Feeds:
    """Made by whoever composes a process, handed to each service's `create_app`; a service that
    is given none makes its own. `urgent`: somebody waits for every record of the journal."""

    def __init__(self, settings: Settings, *, urgent: bool = True) -> None:
        self.journal = JournalFeed(settings, every=0.0 if urgent else GATHER)
        self.messages = MessagesFeed(settings, every=GATHER)
