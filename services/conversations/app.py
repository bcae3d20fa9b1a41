"""The composition root."""

from fastapi import FastAPI

from services.conversations.adapters import Assignments, Changes, Shelf, Transcripts
from services.conversations.api import create_router
from services.conversations.core import NAME
from services.conversations.desk import Desk
from services.conversations.holders import Holders
from services.conversations.library import Library
from services.conversations.repair import RepairBook
from services.conversations.repairer import Repairer
from services.conversations.settings import ConversationsSettings
from services.conversations.socket import Sockets
from services.kit import app as kit
from services.kit.auth import Auth
from services.kit.clock import SystemClock
from services.kit.feeds import Feeds
from services.kit.journal_reader import JournalReader
from services.kit.log_ends import LogEnds
from services.kit.messages import MessagesReader
from services.kit.metrics import Metrics
from services.kit.pools import PoolDirectory
from services.kit.publisher import Publisher
from services.kit.service import Service
from services.kit.signals import Signals

DESCRIPTION = """The transcript of every contact on every channel. Agents read the conversations
that are or were assigned to them and write in those that are; supervisors read and write their
company's, administrators read them. An agent's socket (`/v1/agents/{tenant}/{pool}/{agent_id}/ws`,
token in the `Authorization` header or as subprotocols `jonoton.bearer, <token>`) begins with a
`snapshot` of the conversations in hand; then come `msg`, `assigned`, `released`, `delivery`,
`typing` and `read`."""


def create_app(settings: ConversationsSettings, feeds: Feeds | None = None) -> FastAPI:
    """The service, ready to be served."""
    clock = SystemClock()
    feeds = feeds or Feeds(settings)
    metrics = Metrics(NAME)
    auth = Auth(settings, clock)
    holders, changes = Holders(), Changes()
    desk = Desk(holders)
    shelf = Shelf(settings.conversations_cache)
    publisher = Publisher(settings, metrics, clock)
    pools = PoolDirectory(settings)
    ends = LogEnds(settings)
    book = RepairBook(settings.conversations_repair_grace)
    repairer = Repairer(book, publisher, pools, ends, clock, metrics)
    transcripts = Transcripts(
        MessagesReader(settings, metrics, feeds.messages), shelf, desk, changes, repairer.began
    )
    journal = JournalReader(settings, feed=feeds.journal)
    assignments = Assignments(journal, shelf, desk, changes, book, clock, repairer.turned)
    signals = Signals(settings, desk.signal)
    library = Library(
        settings,
        shelf=shelf,
        transcripts=transcripts,
        assignments=assignments,
        holders=holders,
        changes=changes,
        book=book,
        publisher=publisher,
        clock=clock,
        metrics=metrics,
    )
    sockets = Sockets(auth, shelf, desk, signals)
    return kit.create_app(
        "Jonoton conversations",
        description=DESCRIPTION,
        metrics=metrics,
        parts=(shelf, publisher, pools, ends, transcripts, assignments, repairer, signals),
        routers=(create_router(auth, library, holders, sockets),),
        max_body=1024 * 1024,
    )


SERVICE = Service(NAME, ConversationsSettings, create_app, "conversations_port")
