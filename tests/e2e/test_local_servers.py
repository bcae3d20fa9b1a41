"""The local broker keeps what it acknowledged, and the supervisor brings the real servers back."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition

from deploy.local.broker import Broker
from deploy.local.process import wait_until
from deploy.local.redis import Redis
from deploy.local.supervisor import Supervisor
from tests.support.stack import Servers

DEADLINE = 60.0
TOPIC = "kept"


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    made = Servers(tmp_path_factory.mktemp("local-servers"))
    try:
        made.redis.start()
        made.broker.start()
        yield made
    finally:
        made.release()


def create_topic(broker: Broker) -> None:
    admin = KafkaAdminClient(bootstrap_servers=broker.address)
    try:
        admin.create_topics({TOPIC: {"num_partitions": 1, "replication_factor": 1, "configs": {}}})
    finally:
        admin.close()


def send(broker: Broker, value: bytes) -> None:
    """Return when the broker has acknowledged it."""
    producer = KafkaProducer(bootstrap_servers=broker.address, acks="all")
    try:
        producer.send(TOPIC, value, partition=0).get(DEADLINE)
    finally:
        producer.close()


def kept(broker: Broker) -> list[bytes]:
    """Every record from the first to what is the end now."""
    consumer = KafkaConsumer(bootstrap_servers=broker.address, auto_offset_reset="earliest")
    try:
        partition = TopicPartition(TOPIC, 0)
        consumer.assign([partition])
        end = consumer.end_offsets([partition])[partition]
        values: list[bytes] = []
        while consumer.position(partition) < end:
            for records in consumer.poll(timeout_ms=500).values():
                values += [record.value for record in records]
        return values
    finally:
        consumer.close()


def test_acknowledged_records_outlive_a_kill_and_a_stop(servers: Servers) -> None:
    broker = servers.broker
    create_topic(broker)
    send(broker, b"before the kill")
    broker.kill()
    assert not broker.ready
    broker.start()
    send(broker, b"before the stop")
    broker.stop()
    broker.start()
    assert kept(broker) == [b"before the kill", b"before the stop"]


@pytest.mark.parametrize("which", ["broker", "redis"])
def test_paused_server_is_not_ready_until_it_is_resumed(servers: Servers, which: str) -> None:
    server: Broker | Redis = getattr(servers, which)
    server.pause()
    assert server.running
    assert not server.ready
    server.resume()
    assert wait_until(lambda: server.ready, DEADLINE)


def test_supervisor_brings_killed_servers_back_with_their_data(tmp_path: Path) -> None:
    said: list[str] = []
    servers = Servers(tmp_path)
    supervisor = Supervisor(said.append)
    both = (servers.broker, servers.redis)

    def turn(condition: Callable[[], bool]) -> bool:
        supervisor.tick()
        return condition()

    try:
        for server in both:
            supervisor.watch(server)
        assert wait_until(lambda: turn(lambda: all(s.ready for s in both)), DEADLINE)
        create_topic(servers.broker)
        send(servers.broker, b"1")
        for server in both:
            server.kill()
        assert wait_until(lambda: turn(lambda: len(said) == 4), DEADLINE), said
        assert kept(servers.broker) == [b"1"]
    finally:
        supervisor.stop()
        servers.release()
    assert not any(server.running for server in both)
