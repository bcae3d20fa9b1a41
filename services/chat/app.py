"""The chat's composition root."""

from fastapi import FastAPI

from services.chat import pages
from services.chat.adapters import Contacts, Talk
from services.chat.api import create_router
from services.chat.door import Door
from services.chat.frames import Read, Typing
from services.chat.hub import Hub
from services.chat.index import Index
from services.chat.places import Places
from services.chat.positions import Positions
from services.chat.settings import ChatSettings
from services.chat.silence import SilenceWatch
from services.chat.socket import Sockets
from services.kit import app as kit
from services.kit.auth import Auth
from services.kit.clock import SystemClock
from services.kit.feeds import Feeds
from services.kit.journal_reader import JournalReader
from services.kit.messages import MessagesReader
from services.kit.metrics import Metrics
from services.kit.pools import PoolDirectory
from services.kit.publisher import Publisher
from services.kit.service import Service
from services.kit.signals import Signal, Signals

NAME = "chat"


def create_app(settings: ChatSettings, feeds: Feeds | None = None) -> FastAPI:
    """The service, ready to be served."""
    clock = SystemClock()
    feeds = feeds or Feeds(settings)
    metrics = Metrics(NAME)
    auth = Auth(settings, clock)
    hub, places = Hub(), Places()
    index = Index(
        conversations=settings.chat_index_conversations,
        characters=settings.chat_index_characters,
    )
    publisher = Publisher(settings, metrics, clock)
    pools = PoolDirectory(settings)
    positions = Positions(settings, places, hub)
    messages = MessagesReader(settings, metrics, feeds.messages)
    journal = JournalReader(settings, feed=feeds.journal)
    silence = SilenceWatch(
        settings.chat_quiet_after,
        publisher,
        places.of,
        (messages.caught_up, journal.caught_up),
        clock,
    )
    talk = Talk(messages, index, hub, silence.said)
    contacts = Contacts(journal, places, hub, positions.changed)

    def heard(signal: Signal) -> None:
        if signal.who == "agent":
            frame = Typing() if signal.kind == "typing" else Read(seq=signal.seq)
            hub.push(signal.conversation, frame)

    signals = Signals(settings, heard)
    door = Door(
        settings,
        publisher=publisher,
        pools=pools,
        talk=talk,
        contacts=contacts,
        clock=clock,
        metrics=metrics,
    )
    sockets = Sockets(
        auth=auth,
        door=door,
        talk=talk,
        hub=hub,
        positions=positions,
        signals=signals,
        clock=clock,
        metrics=metrics,
        max_sockets=settings.chat_max_sockets,
    )
    return kit.create_app(
        "Jonoton chat",
        description="Customers' conversations, over REST and WebSocket.",
        metrics=metrics,
        parts=(publisher, pools, talk, contacts, silence, positions, signals),
        routers=(create_router(auth, door, talk, sockets), pages.create_router(pools)),
        max_body=64 * 1024,
        csp=pages.CSP,
    )


SERVICE = Service(NAME, ChatSettings, create_app, "chat_port")
