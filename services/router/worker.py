"""The Faust app of a router worker: consumer-group runtime and live feed, nothing else."""

import faust
from faust.types import TP

from services.contracts.topics import CONTACT_EVENTS
from services.router.owners import Owners
from services.router.settings import RouterSettings


def create_worker(settings: RouterSettings, owners: Owners) -> faust.App:
    """No tables, no transactions, no static membership: docs/architecture.md says why."""
    data = (settings.data / "faust").absolute()
    data.parent.mkdir(parents=True, exist_ok=True)
    app = faust.App(
        settings.router_group,
        broker=[f"aiokafka://{address}" for address in settings.kafka.split(",")],
        datadir=data,
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        consumer_auto_offset_reset="earliest",
        broker_session_timeout=settings.router_session_timeout,
        broker_heartbeat_interval=settings.router_heartbeat,
        broker_rebalance_timeout=30,
        broker_request_timeout=15,
        consumer_metadata_max_age_ms=5000,
        broker_commit_interval=0.5,
        broker_commit_every=1000,
        stream_wait_empty=False,
    )

    @app.on_partitions_assigned.connect  # type: ignore[untyped-decorator]
    async def assigned(sender: faust.App, partitions: set[TP], **_: object) -> None:
        ours = frozenset(tp.partition for tp in partitions if tp.topic == CONTACT_EVENTS.name)
        owners.assigned(ours, sender.consumer_generation_id)

    return app
