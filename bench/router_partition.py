"""`python -m bench.router_partition`: one router partition on real Kafka.

A backlog of new contacts drained by a worker that was just started, then, when Faust's feed has
come through it as well, live load at several rates: time from the input's acknowledgement-free send
to the valid record in the journal, beside a plain echo (the same input read back from Kafka by a
plain consumer) in the same run, so that what Kafka costs and what the router adds can be told
apart. Client, broker and router share the cores.
"""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from bench.report import cpu_seconds, memory_mb, percentile, show
from deploy.local.broker import Broker
from deploy.local.ports import reserve
from deploy.local.process import Managed
from deploy.local.processes import environment, platform, port_names
from services.contracts.codec import encode
from services.contracts.contact_events import (
    ConfigurePool,
    ConfigurePoolData,
    ContactOpened,
    OpenedContact,
)
from services.contracts.journal import Record, decode_entry
from services.contracts.pool import ChannelConfig, PoolConfig, QueueConfig
from services.contracts.topics import CONTACT_EVENTS, ROUTING_JOURNAL
from services.kit.clock import new_id, to_datetime
from services.kit.settings import load
from services.kit.topics import provision
from services.router.settings import RouterSettings

POOL = "bench/pool"
PARTITION = 0


def _head() -> dict[str, Any]:
    return {"id": new_id(), "source": "bench", "time": to_datetime(time.time_ns() // 1_000_000)}


def _configure() -> bytes:
    config = PoolConfig(
        pool=POOL,
        partition=PARTITION,
        channels={"chat": ChannelConfig(cost=33)},
        queues={"all": QueueConfig()},
        fallback_queue="all",
    )
    return encode(ConfigurePool(**_head(), data=ConfigurePoolData(pool=POOL, config=config)))


def _contact() -> bytes:
    data = OpenedContact(
        pool=POOL,
        contact_id=new_id(),
        conversation_id=new_id(),
        channel="chat",
        opened_at=time.time_ns() // 1_000_000,
    )
    return encode(ContactOpened(**_head(), data=data))


async def _read(
    kafka: str, topic: str, start: int, seen: dict[int, float], stop: int, journal: bool
) -> None:
    """Note when each input offset below `stop` is seen in the topic."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka, group_id=None, auto_offset_reset="earliest"
    )
    await consumer.start()
    tp = TopicPartition(topic, PARTITION)
    consumer.assign([tp])
    consumer.seek(tp, start)
    try:
        while True:
            batch = (await consumer.getmany(tp, timeout_ms=1000, max_records=5000)).get(tp, [])
            now = time.perf_counter()
            for record in batch:
                offset = record.offset
                if journal:
                    entry = decode_entry(record.value)
                    if not isinstance(entry, Record):
                        continue
                    offset = entry.src.offset
                seen.setdefault(offset, now)
                if offset >= stop - 1:
                    return
    finally:
        await consumer.stop()


async def _live(
    kafka: str, producer: AIOKafkaProducer, rate: int, seconds: int
) -> tuple[list[float], list[float]]:
    """Latencies in ms through the router, and of the plain echo."""
    first = await producer.send_and_wait(CONTACT_EVENTS.name, value=_contact(), partition=PARTITION)
    count = rate * seconds
    stop = first.offset + 1 + count
    decided: dict[int, float] = {}
    echoed: dict[int, float] = {}
    readers = [
        asyncio.create_task(_read(kafka, ROUTING_JOURNAL.name, 0, decided, stop, True)),
        asyncio.create_task(_read(kafka, CONTACT_EVENTS.name, first.offset, echoed, stop, False)),
    ]
    await asyncio.sleep(2)
    sent: dict[int, float] = {}
    begin = time.perf_counter()
    for number in range(count):
        due = begin + number / rate
        if (ahead := due - time.perf_counter()) > 0:
            await asyncio.sleep(ahead)
        now = time.perf_counter()
        future = await producer.send(CONTACT_EVENTS.name, value=_contact(), partition=PARTITION)
        sent[first.offset + 1 + number] = now
        del future
    await producer.flush()
    await asyncio.wait_for(asyncio.gather(*readers), 60)
    return (
        [(decided[offset] - at) * 1000 for offset, at in sent.items()],
        [(echoed[offset] - at) * 1000 for offset, at in sent.items()],
    )


async def _until_idle(pid: int) -> float:
    """Seconds until the worker rests: Faust's feed has come through the backlog as well, which
    the owner has long read itself."""
    begin, quiet = time.perf_counter(), 0
    while quiet < 6:
        before = cpu_seconds(pid)
        await asyncio.sleep(0.5)
        quiet = quiet + 1 if cpu_seconds(pid) - before < 0.1 else 0
    return time.perf_counter() - begin - quiet / 2


async def measure(kafka: str, router: Managed, backlog: int, seconds: int) -> list[dict[str, Any]]:
    """The rows of the table."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all", linger_ms=0)
    await producer.start()
    rows: list[dict[str, Any]] = []
    try:
        await producer.send_and_wait(CONTACT_EVENTS.name, value=_configure(), partition=PARTITION)
        futures = [
            await producer.send(CONTACT_EVENTS.name, value=_contact(), partition=PARTITION)
            for _ in range(backlog)
        ]
        await asyncio.gather(*futures)
        decided: dict[int, float] = {}
        reader = asyncio.create_task(
            _read(kafka, ROUTING_JOURNAL.name, 0, decided, backlog + 1, True)
        )
        router.start()
        await asyncio.wait_for(reader, 300)
        times = sorted(decided.values())
        rate = len(times) / (times[-1] - times[0])
        rows.append(
            {
                "load": f"backlog of {backlog:,}",
                "events/s": rate,
                "at rest after s": await _until_idle(router.pid or 0),
                "memory MB": memory_mb(router.pid or 0),
            }
        )
        for live in (50, 200, 1000, 4000):
            through, echo = await _live(kafka, producer, live, seconds)
            rows.append(
                {
                    "load": f"live {live}/s",
                    "p50 ms": percentile(through, 0.5),
                    "p95 ms": percentile(through, 0.95),
                    "p99 ms": percentile(through, 0.99),
                    "echo p50 ms": percentile(echo, 0.5),
                    "echo p99 ms": percentile(echo, 0.99),
                    "memory MB": memory_mb(router.pid or 0),
                }
            )
    finally:
        await producer.stop()
    keys = {key: None for row in rows for key in row}
    return [{key: row.get(key, "") for key in keys} for row in rows]


def main() -> None:
    """Start a broker and a worker of one's own, measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backlog", type=int, default=30_000)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--out", type=Path, default=Path("build/bench/router_partition.json"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="jonoton-bench-") as name:
        folder = Path(name)
        reserved = {port: reserve() for port in port_names(1)}
        ports = {port: one.port for port, one in reserved.items()}
        env = environment(ports, folder / "data")
        broker = Broker(folder / "kafka", ports["kafka"], ports["controller"])
        broker.start()
        broker.wait_ready()
        provision(load(RouterSettings, env))
        router = platform(ports, 1)[0].managed(env, folder / "logs")
        try:
            rows = asyncio.run(
                measure(
                    broker.address,
                    router,
                    arguments.backlog,
                    arguments.seconds,
                )
            )
        finally:
            router.stop()
            broker.stop()
    show("One router partition on real Kafka", rows, arguments.out)


if __name__ == "__main__":
    main()
