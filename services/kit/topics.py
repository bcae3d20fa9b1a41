"""`python -m services.kit.topics [--wait SECONDS]`: creates every declared topic. Idempotent.

Refuses, in one sentence, a site whose topics have another number of partitions than declared.
`--wait`: how long a broker may be away before it is given up.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from threading import Event
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError

from services.contracts.topics import ALL, Topic
from services.kit.clock import Clock, SystemClock
from services.kit.errors import RefusedToStart, Unavailable
from services.kit.settings import Settings, load

_PAUSE = 0.5


def provision(settings: Settings) -> dict[str, str]:
    """Create what is missing; returns topic name → topic id (UUID).

    Raises `RefusedToStart` when an existing topic does not have the declared partitions, and
    `Unavailable` when the broker is away.
    """
    try:
        return _provision(settings)
    except KafkaError as error:
        raise Unavailable(f"Kafka cannot be reached at {settings.kafka}: {error!r}") from error


def _provision(settings: Settings) -> dict[str, str]:
    admin = KafkaAdminClient(
        bootstrap_servers=settings.kafka.split(","), client_id="jonoton-topics"
    )
    try:
        existing = set(admin.list_topics())
        for topic in ALL:
            if topic.name not in existing:
                _create(admin, topic, settings)
        described = admin.describe_topics([topic.name for topic in ALL])
    finally:
        admin.close()
    ids = {}
    for topic in ALL:
        found = next(d for d in described if d["name"] == topic.name)
        wanted = topic.partitions or settings.partitions
        if len(found["partitions"]) != wanted:
            raise RefusedToStart(
                f"topic {topic.name} has {len(found['partitions'])} partitions and "
                f"JONOTON_PARTITIONS asks for {wanted}: the number is fixed at installation"
            )
        ids[topic.name] = str(found["topic_id"])
    return ids


def _create(admin: Any, topic: Topic, settings: Settings) -> None:
    options = {
        "num_partitions": topic.partitions or settings.partitions,
        "replication_factor": settings.replication,
        "configs": dict(topic.config),
    }
    try:
        admin.create_topics({topic.name: options}, wait_for_metadata=True)
    except TopicAlreadyExistsError:
        return


def provision_within(
    settings: Settings, seconds: float, clock: Clock, pause: Event
) -> dict[str, str]:
    """As `provision`, again and again for so long while the broker is away. Raises as it does."""
    end = clock.monotonic() + seconds
    while True:
        try:
            return provision(settings)
        except Unavailable:
            if clock.monotonic() >= end:
                raise
        pause.wait(_PAUSE)


def main(arguments: Sequence[str] | None = None) -> int:
    """Provision with the settings of the environment."""
    parser = argparse.ArgumentParser(prog="topics", description="Create every declared topic.")
    parser.add_argument("--wait", type=float, default=0.0, metavar="SECONDS")
    seconds = parser.parse_args(arguments).wait
    try:
        ids = provision_within(load(Settings, os.environ), seconds, SystemClock(), Event())
    except (RefusedToStart, Unavailable) as error:
        print(f"topics: {error}", file=sys.stderr)
        return 1
    print(f"topics: {len(ids)} there")
    return 0


if __name__ == "__main__":
    sys.exit(main())
