"""`python -m services.kit.topics`: creates every declared topic. Idempotent.

Refuses, in one sentence, a site whose topics have another number of partitions than declared.
"""

import os
import sys
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError

from services.contracts.topics import ALL, Topic
from services.kit.errors import RefusedToStart, Unavailable
from services.kit.settings import Settings, load


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


def main() -> int:
    """Provision with the settings of the environment."""
    try:
        ids = provision(load(Settings, os.environ))
    except (RefusedToStart, Unavailable) as error:
        print(f"topics: {error}", file=sys.stderr)
        return 1
    print(f"topics: {len(ids)} there")
    return 0


if __name__ == "__main__":
    sys.exit(main())
