"""The broker's jars: pinned in `jars.lock`, fetched in parallel, verified before use.

Promises: a file under its final name has the pinned SHA-256; an interrupted download goes on where
it stopped; a failure names the jar. `JONOTON_MAVEN_URL` points at another repository; the usual
proxy and CA variables hold.
"""

from __future__ import annotations

import functools
import hashlib
import http.client
import os
import ssl
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import LocalError
from deploy.local.paths import JARS_LOCK, Places
from deploy.local.progress import Progress, progress_for

THREADS = 8
ATTEMPTS = 5
TIMEOUT = 30.0
CHUNK = 1 << 16
FIRST_PAUSE = 0.3


@dataclass(frozen=True, slots=True)
class Jar:
    """One pinned Maven artifact."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        """Its name in the jars folder, the one that Maven gives it."""
        return f"{self.artifact}-{self.version}.jar"

    @property
    def url_path(self) -> str:
        """Its path below a Maven repository's address."""
        return f"{self.group.replace('.', '/')}/{self.artifact}/{self.version}/{self.file_name}"

    def __str__(self) -> str:
        return f"{self.group}:{self.artifact}:{self.version}"


def read_lock(text: str) -> tuple[Jar, ...]:
    """Parse lines of `group:artifact:version sha256`; blank lines and `#` comments are skipped."""
    jars = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.partition("#")[0].strip()
        if not line:
            continue
        coordinate, _, digest = line.partition(" ")
        parts = coordinate.split(":")
        digest = digest.strip()
        if len(parts) != 3 or not all(parts) or not _is_sha256(digest):
            raise LocalError(
                f"Line {number} of jars.lock is not `group:artifact:version sha256`: {line!r}."
            )
        jars.append(Jar(parts[0], parts[1], parts[2], digest))
    return tuple(jars)


def _is_sha256(text: str) -> bool:
    return len(text) == 64 and set(text) <= set("0123456789abcdef")


def locked_jars() -> tuple[Jar, ...]:
    """The jars that the repository pins."""
    return read_lock(JARS_LOCK.read_text(encoding="utf-8"))


def missing(jars: Iterable[Jar], folder: Path) -> list[Jar]:
    """Those that are not in the folder yet."""
    return [jar for jar in jars if not (folder / jar.file_name).exists()]


def class_path(folder: Path, jars: Sequence[Jar] | None = None) -> str:
    """Java's class path of exactly the pinned jars; says what to run when one is missing."""
    wanted = locked_jars() if jars is None else jars
    absent = missing(wanted, folder)
    if absent:
        raise LocalError(
            f"{len(absent)} of the broker's {len(wanted)} jars are not there: run `make setup`."
        )
    return os.pathsep.join(str(folder / jar.file_name) for jar in wanted)


def repository_url() -> str:
    """The Maven repository to ask: the environment's, else jgo's default."""
    configured = os.environ.get("JONOTON_MAVEN_URL")
    if configured:
        return configured.rstrip("/")
    from jgo.constants import MAVEN_CENTRAL_URL  # noqa: PLC0415 - slow, and only needed to fetch

    return str(MAVEN_CENTRAL_URL).rstrip("/")


@functools.cache
def _trust() -> ssl.SSLContext:
    """The CA bundle that the environment names, else the system's; slow, hence made once."""
    bundles = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT")
    bundle = next((os.environ[name] for name in bundles if os.environ.get(name)), None)
    return ssl.create_default_context(cafile=bundle)


def open_url(request: urllib.request.Request) -> http.client.HTTPResponse:
    """Open through the configured proxy, with the trust that the environment configures."""
    response = urllib.request.urlopen(request, timeout=TIMEOUT, context=_trust())
    if not isinstance(response, http.client.HTTPResponse):
        raise LocalError("JONOTON_MAVEN_URL must be an HTTP or HTTPS address.")
    return response


class Fetcher:
    """Downloads jars into a folder; the first failure stops the others."""

    def __init__(
        self,
        folder: Path,
        base_url: str,
        *,
        progress: Progress,
        attempts: int = ATTEMPTS,
        first_pause: float = FIRST_PAUSE,
        opener: Callable[[urllib.request.Request], http.client.HTTPResponse] = open_url,
    ) -> None:
        self._folder = folder
        self._base_url = base_url
        self._progress = progress
        self._attempts = attempts
        self._first_pause = first_pause
        self._open = opener
        self._stopped = threading.Event()

    def fetch(self, jars: Sequence[Jar]) -> None:
        """Fetch all of them, or raise `LocalError` naming the first that could not be had."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._progress.counting(len(jars)), ThreadPoolExecutor(THREADS) as pool:
            pending = [pool.submit(self._fetch_one, jar) for jar in jars]
            try:
                for future in pending:
                    future.result()
            except BaseException:
                self._stopped.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _fetch_one(self, jar: Jar) -> None:
        reason = ""
        for attempt in range(self._attempts):
            if attempt:
                self._stopped.wait(self._first_pause * 2 ** (attempt - 1))
            if self._stopped.is_set():
                return
            try:
                self._download(jar)
            except urllib.error.HTTPError as error:
                reason = f"the repository answered {error.code}"
                if error.code in (401, 403, 404, 410):
                    break
            except (OSError, http.client.HTTPException) as error:
                reason = str(getattr(error, "reason", error)) or type(error).__name__
            else:
                self._progress.finished(jar.file_name)
                return
        raise LocalError(
            f"The broker's jar {jar} could not be fetched ({reason}): check the network and proxy "
            "settings and run `make setup` again; what is already here is kept."
        )

    def _download(self, jar: Jar) -> None:
        """Bring the part file to full length, verify it and give it its name."""
        part = self._folder / f"{jar.file_name}.part"
        digest = hashlib.sha256()
        have = 0
        if part.exists():
            with part.open("rb") as file:
                while chunk := file.read(CHUNK):
                    digest.update(chunk)
                    have += len(chunk)
        if not have or digest.hexdigest() != jar.sha256:
            digest = self._receive(jar, part, digest, have)
        if digest.hexdigest() != jar.sha256:
            part.unlink(missing_ok=True)
            raise OSError("its SHA-256 is not the pinned one")
        part.replace(self._folder / jar.file_name)

    def _receive(self, jar: Jar, part: Path, digest: hashlib._Hash, have: int) -> hashlib._Hash:
        request = urllib.request.Request(f"{self._base_url}/{jar.url_path}")
        if have:
            request.add_header("Range", f"bytes={have}-")
        try:
            response = self._open(request)
        except urllib.error.HTTPError as error:
            if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                part.unlink(missing_ok=True)
                raise OSError("the part on disk was longer than the file") from error
            raise
        with response:
            resumed = response.status == http.HTTPStatus.PARTIAL_CONTENT
            if not resumed:
                digest = hashlib.sha256()
            expected = response.length
            received = 0
            with part.open("ab" if resumed else "wb") as file:
                while chunk := response.read(CHUNK):
                    if self._stopped.is_set():
                        raise OSError("stopped")
                    file.write(chunk)
                    digest.update(chunk)
                    received += len(chunk)
                    self._progress.received(len(chunk))
        if expected is not None and received < expected:
            raise OSError("the connection ended early")
        return digest


def ensure_jars(folder: Path) -> None:
    """Fetch what is missing; asks no network when nothing is."""
    absent = missing(locked_jars(), folder)
    if absent:
        Fetcher(folder, repository_url(), progress=progress_for(sys.stderr)).fetch(absent)


def main() -> int:
    """Fetch the broker's jars; 0 when all are there."""
    try:
        ensure_jars(Places().jars)
    except LocalError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; what was fetched is kept.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
