"""The bot's composition root."""

from fastapi import FastAPI

from services.bot.adapters import Platform
from services.bot.answering import Answering
from services.bot.api import create_router
from services.bot.articles import read_articles
from services.bot.core import CHANNEL, SERVED
from services.bot.door import Door
from services.bot.index import ConversationIndex
from services.bot.settings import BotSettings
from services.contracts.topics import MESSAGES
from services.kit import app as kit
from services.kit.auth import Auth
from services.kit.clock import SystemClock
from services.kit.consumer import GroupConsumer
from services.kit.contact_states import ContactStates
from services.kit.dead_letter import DeadLetters
from services.kit.feed import FeedReader
from services.kit.feeds import Feeds
from services.kit.follow import Follower, follow_journal
from services.kit.journal_reader import JournalReader
from services.kit.log_ends import LogEnds
from services.kit.metrics import Metrics
from services.kit.pools import PoolDirectory
from services.kit.publisher import Publisher
from services.kit.service import Service


def create_app(settings: BotSettings, feeds: Feeds | None = None) -> FastAPI:
    """The service, ready to be served. Raises `RefusedToStart`."""
    clock = SystemClock()
    feeds = feeds or Feeds(settings)
    metrics = Metrics(CHANNEL)
    auth = Auth(settings, clock)
    articles = read_articles(settings.bot_articles)
    publisher = Publisher(settings, metrics, clock)
    pools = PoolDirectory(settings)
    ends = LogEnds(settings)
    index = ConversationIndex(settings.bot_conversations)
    messages = Follower(FeedReader(feeds.messages), index.take, ends)
    contacts = ContactStates(SERVED)
    journal = follow_journal(JournalReader(settings, feed=feeds.journal), contacts.take, ends)
    platform = Platform(
        settings,
        publisher=publisher,
        pools=pools,
        index=index,
        messages=messages,
        contacts=contacts,
        journal=journal,
    )
    answering = Answering(articles, platform, clock, metrics, settings.bot_patience)
    questions = GroupConsumer(
        settings,
        metrics,
        MESSAGES,
        CHANNEL,
        answering.handle,
        DeadLetters(publisher, clock, CHANNEL),
    )
    door = Door(platform, answering, clock, metrics)
    return kit.create_app(
        "Jonoton bot",
        description="Answers what it knows for certain, beside the queue.",
        metrics=metrics,
        parts=(publisher, pools, ends, messages, journal, questions),
        routers=(create_router(auth, door),),
        max_body=64 * 1024,
    )


SERVICE = Service(CHANNEL, BotSettings, create_app, "bot_port")
