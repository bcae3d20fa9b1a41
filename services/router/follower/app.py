"""Composition root of the follower."""

from fastapi import FastAPI

from services.kit import redis
from services.kit.app import create_app as kit_app
from services.kit.clock import SystemClock
from services.kit.dead_letter import DeadLetters
from services.kit.feeds import Feeds
from services.kit.journal_reader import JournalReader
from services.kit.log_ends import LogEnds
from services.kit.metrics import Metrics
from services.kit.publisher import Publisher
from services.kit.service import Service
from services.router.follower.courier import Courier
from services.router.follower.dead_letters import READER, RejectedInputs
from services.router.follower.follow import Follow
from services.router.follower.numbers import Counters, Gauges
from services.router.follower.settings import FollowerSettings
from services.router.follower.views import Views
from services.router.planner.planner import Planner


def create_app(settings: FollowerSettings, feeds: Feeds | None = None) -> FastAPI:
    """The follower with its parts; over HTTP only health and metrics."""
    feeds = feeds or Feeds(settings)
    clock, metrics = SystemClock(), Metrics("follower")
    publisher = Publisher(settings, metrics, clock)
    ends = LogEnds(settings)
    follow = Follow(settings, JournalReader(settings, feed=feeds.journal), Counters(metrics))
    views = Views(
        redis.connect(settings.redis), follow, ends, metrics, clock, check=settings.follower_check
    )
    rejected = RejectedInputs(settings, DeadLetters(publisher, clock, READER), clock)
    partitions = [followed.partition for followed in follow.followed]
    gauges = Gauges(metrics, clock, partitions, period=settings.follower_check)
    planner = Planner(follow, partitions, publisher, clock, period=settings.follower_plan)
    follow.note = planner.note
    courier = Courier(follow, partitions, publisher, clock)
    return kit_app(
        "Jonoton follower",
        metrics=metrics,
        parts=(publisher, ends, follow, views, rejected, gauges, planner, courier),
    )


SERVICE = Service("follower", FollowerSettings, create_app, "follower_port")
