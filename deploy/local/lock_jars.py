"""Writes `jars.lock` anew: the broker's runtime closure, resolved and hashed (`make lock`)."""

from __future__ import annotations

import hashlib
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jgo.maven import Dependency, MavenContext

from deploy.local.fetch import THREADS, repository_url
from deploy.local.jars import Jar
from deploy.local.paths import JARS_LOCK

ROOTS = (
    ("org.apache.kafka", "kafka_2.13", "4.1.1"),
    ("org.apache.logging.log4j", "log4j-slf4j-impl", "2.24.3"),
)
NOT_NEEDED = ("jersey", "jetty", "jakarta", "hk2", "connect", "swagger")
HEADER = "# The Kafka broker and what it needs at run time. Written by `make lock`.\n"


def is_needed(group: str, artifact: str) -> bool:
    """False for what only Kafka Connect and the REST parts use."""
    return not any(word in f"{group}:{artifact}" for word in NOT_NEEDED)


def resolve(cache: Path) -> list[Jar]:
    """Ask the repository for the closure and hash every jar (each checked against its SHA-1).

    The roots are `raw`: otherwise jgo takes each for a bill of materials, and log4j's would put an
    old kafka-clients beside the new broker.
    """
    context = MavenContext(repo_cache=cache, remote_repos={"repository": repository_url()})
    roots = [
        Dependency(context.project(group, artifact).at_version(version).artifact(), raw=True)
        for group, artifact, version in ROOTS
    ]
    inputs, closure = context.resolver.resolve(roots)
    wanted = [d for d in (*inputs, *closure) if is_needed(d.groupId, d.artifactId)]

    def pin(dependency: Dependency) -> Jar:
        digest = hashlib.sha256(dependency.artifact.resolve().read_bytes()).hexdigest()
        return Jar(dependency.groupId, dependency.artifactId, dependency.version, digest)

    with ThreadPoolExecutor(THREADS) as pool:
        return sorted(pool.map(pin, wanted), key=str)


def main() -> int:
    """Replace `jars.lock`."""
    with tempfile.TemporaryDirectory() as cache:
        jars = resolve(Path(cache))
    JARS_LOCK.write_text(HEADER + "".join(f"{jar} {jar.sha256}\n" for jar in jars), "utf-8")
    print(f"{len(jars)} jars locked.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
