"""Composition root of the routing API."""

from fastapi import FastAPI

from services.contracts.topics import ROUTING_JOURNAL
from services.kit.app import create_app as kit_app
from services.kit.auth import Auth
from services.kit.clock import SystemClock
from services.kit.feeds import Feeds
from services.kit.journal_reader import JournalReader
from services.kit.metrics import Metrics
from services.kit.pools import PoolDirectory
from services.kit.publisher import Publisher
from services.kit.record_fetcher import RecordFetcher
from services.kit.service import Service
from services.router.api import (
    agents,
    assignments,
    command_status,
    contacts,
    dev,
    dry_runs,
    explain,
    offers,
    openings,
    pools,
    queues,
    quick,
    sockets,
    supervision,
)
from services.router.api.commands import Commands
from services.router.api.context import Context
from services.router.api.declarations import Declarations
from services.router.api.explainer import Explainer
from services.router.api.gateway import Gateway
from services.router.api.lines import Lines
from services.router.api.records import Records
from services.router.api.rehearsal import Stage
from services.router.api.replica import Replica
from services.router.api.settings import ApiSettings
from services.router.api.streams import Streams
from services.router.api.trail import Trail

_DESCRIPTION = """\
Agents, offers, assignments, contacts, queues and pools.

Commands are answered by the router. A command without an answer within 2 s gets `202` and a URL;
one that lost a race gets `409` with what is true instead. Repeat a command with the same
`Idempotency-Key`: it changes nothing and gets the first answer. Errors are problem documents
(RFC 9457). Times are milliseconds since 1970-01-01 UTC.

`WS /v1/agents/{tenant}/{pool}/{agent_id}/ws` is an agent's stream: the first frame is a
`snapshot`, the others are `event`s, each numbered by the agent's `revision`, without gaps; a
client that falls behind gets another `snapshot`. Token: the `Authorization` header or the
subprotocols `jonoton.bearer, <token>`. While a socket lives, the agent is present.
"""


ROUTES = (
    agents,
    offers,
    assignments,
    contacts,
    openings,
    explain,
    supervision,
    queues,
    pools,
    dry_runs,
    command_status,
)
"""What answers over HTTP; each has `create_router(context)`."""


def create_app(settings: ApiSettings, feeds: Feeds | None = None) -> FastAPI:
    """The routing API with its parts."""
    feeds = feeds or Feeds(settings)
    clock, metrics = SystemClock(), Metrics("routing-api")
    publisher = Publisher(settings, metrics, clock)
    directory = PoolDirectory(settings)
    replica = Replica(settings, JournalReader(settings, feed=feeds.journal))
    commands = Commands(
        publisher, replica, clock, metrics, reply_timeout=settings.api_reply_timeout
    )
    streams = Streams(replica, metrics, max_frames=settings.api_socket_frames)
    gateway = Gateway(publisher, replica, clock, period=settings.api_heartbeat)
    declarations = Declarations(publisher, replica, directory, clock)
    # An agent's sockets hear of an event before whoever commanded it gets the answer.
    replica.listen(streams.after, before=streams.before)
    lines = Lines()
    for part in (gateway, declarations, lines, commands):
        replica.listen(part.after)
    trail = Trail()
    replica.trace(trail.note)
    records = Records(
        RecordFetcher(settings, ROUTING_JOURNAL, max_bytes=64 * 1024),
        timeout=settings.api_explain_timeout,
    )
    stage = Stage(
        lambda number: JournalReader(settings, partitions=[number]).batches(),
        timeout=settings.api_replay_timeout,
    )
    context = Context(
        settings=settings,
        clock=clock,
        auth=Auth(settings, clock),
        publisher=publisher,
        directory=directory,
        replica=replica,
        commands=commands,
        declarations=declarations,
        streams=streams,
        gateway=gateway,
        lines=lines,
        explainer=Explainer(trail, records, stage),
    )
    modules = [*ROUTES, sockets]
    if settings.environment == "development":
        modules.append(dev)
    return kit_app(
        "Jonoton routing API",
        description=_DESCRIPTION,
        metrics=metrics,
        parts=(publisher, directory, replica, declarations, gateway, records, stage),
        routers=[module.create_router(context) for module in modules],
        quick=quick.create_routes(context),
    )


SERVICE = Service("routing-api", ApiSettings, create_app, "api_port", urgent=True)
