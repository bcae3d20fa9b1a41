"""Downloads jars: several at a time, resumed where they stopped, verified before they get a name.

`JONOTON_MAVEN_URL` points at another repository; the usual proxy and CA variables hold.
"""

from __future__ import annotations

import functools
import hashlib
import http
import http.client
import os
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deploy.local.errors import LocalError
from deploy.local.jars import Jar
from deploy.local.progress import Progress

THREADS = 8
ATTEMPTS = 5
TIMEOUT = 30.0
CHUNK = 1 << 16
FIRST_PAUSE = 0.3


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
