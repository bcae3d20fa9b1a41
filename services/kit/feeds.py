"""The topics that several services follow, read once by each process."""

from services.kit.journal_reader import JournalFeed
from services.kit.messages import MessagesFeed
from services.kit.settings import Settings


class Feeds:
    """Made by whoever composes a process, handed to each service's `create_app`; a service that
    is given none makes its own."""

    def __init__(self, settings: Settings) -> None:
        self.journal = JournalFeed(settings)
        self.messages = MessagesFeed(settings)
