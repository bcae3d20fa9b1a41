"""The e-mail service: SMTP in, SMTP out, and over HTTP its health and measures."""

from fastapi import FastAPI

from services.contracts.topics import MESSAGES
from services.email.adapters import Conversations, SmtpOut
from services.email.api import SmtpDoor
from services.email.core import ANSWERED, CHANNEL
from services.email.delivery import Delivery
from services.email.index import ConversationIndex
from services.email.intake import Intake
from services.email.message_ids import MessageIds
from services.email.routes import parse_routes
from services.email.settings import EmailSettings
from services.kit import app
from services.kit.clock import SystemClock
from services.kit.consumer import GroupConsumer
from services.kit.contact_states import ContactStates
from services.kit.dead_letter import DeadLetters
from services.kit.feed import FeedReader
from services.kit.feeds import Feeds
from services.kit.follow import Follower, follow_journal
from services.kit.journal_reader import JournalReader
from services.kit.keys import shared_key
from services.kit.log_ends import LogEnds
from services.kit.metrics import Metrics
from services.kit.pools import PoolDirectory
from services.kit.publisher import Publisher
from services.kit.service import Service


def create_app(settings: EmailSettings, feeds: Feeds | None = None) -> FastAPI:
    """Everything of the service, wired. Raises `RefusedToStart`."""
    clock = SystemClock()
    feeds = feeds or Feeds(settings)
    metrics = Metrics("email")
    routes = parse_routes(settings.email_routes)
    ids = MessageIds(shared_key(settings.data / "email-message-ids.key"))
    publisher = Publisher(settings, metrics, clock)
    pools = PoolDirectory(settings)
    ends = LogEnds(settings)
    index = ConversationIndex(settings.email_conversations)
    messages = Follower(FeedReader(feeds.messages), index.take, ends)
    contacts = ContactStates(ANSWERED)
    journal = follow_journal(JournalReader(settings, feed=feeds.journal), contacts.take, ends)
    conversations = Conversations(settings, index)
    intake = Intake(
        settings,
        clock=clock,
        metrics=metrics,
        publisher=publisher,
        pools=pools,
        routes=routes,
        ids=ids,
        index=index,
        conversations=conversations,
        messages=messages,
        journal=journal,
        contacts=contacts,
    )
    delivery = Delivery(
        settings,
        clock=clock,
        metrics=metrics,
        publisher=publisher,
        messages=messages,
        conversations=conversations,
        routes=routes,
        ids=ids,
        smtp=SmtpOut(settings.smtp_out, settings.smtp_hostname, settings.smtp_out_timeout),
        patience=settings.email_patience,
    )
    answers = GroupConsumer(
        settings,
        metrics,
        MESSAGES,
        CHANNEL,
        delivery.handle,
        DeadLetters(publisher, clock, CHANNEL),
    )
    door = SmtpDoor(settings, intake, routes)
    return app.create_app(
        "Jonoton e-mail",
        metrics=metrics,
        parts=(publisher, pools, ends, messages, journal, answers, door),
        description="Mails become contacts; agents' answers become mails.",
    )


SERVICE = Service("email", EmailSettings, create_app, "email_port")
