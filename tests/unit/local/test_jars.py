"""The lock of the broker's jars, and their download against a server that misbehaves."""

import hashlib
import io
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from deploy.local.errors import LocalError
from deploy.local.fetch import Fetcher
from deploy.local.jars import Jar, class_path, locked_jars, missing, read_lock
from deploy.local.progress import Progress

CONTENT = bytes(range(256)) * 2000
DIGEST = hashlib.sha256(CONTENT).hexdigest()
JAR = Jar("org.example.tools", "anvil", "1.2", DIGEST)
OTHER = Jar("org.example.tools", "bellows", "3", DIGEST)


class Repository(ThreadingHTTPServer):
    """Serves CONTENT under every path. `cut` ends the next answers after so many bytes; `broken`
    spoils the next answers; `ranges` is what was asked for."""

    block_on_close = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.paths: list[str] = []
        self.ranges: list[str | None] = []
        self.cut: list[int] = []
        self.broken = 0
        self.status: int | None = None
        self.understands_ranges = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Repository

    def do_GET(self) -> None:
        server = self.server
        wanted = self.headers.get("Range")
        server.paths.append(self.path)
        server.ranges.append(wanted)
        if server.status is not None:
            self.send_error(server.status)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if wanted and start >= len(CONTENT):
            self.send_error(416)
            return
        if not server.understands_ranges:
            start = 0
        body = CONTENT[start:]
        if server.broken:
            server.broken -= 1
            body = b"\0" * len(body)
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: server.cut.pop(0)] if server.cut else body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def repository() -> Iterator[Repository]:
    with Repository() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def fetcher(repository: Repository, folder: Path) -> Fetcher:
    return Fetcher(folder, repository.url, progress=Progress(io.StringIO()), first_pause=0.001)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_lock_is_read_line_by_line() -> None:
    text = f"# the broker\n\norg.example.tools:anvil:1.2 {DIGEST}\n"
    assert read_lock(text) == (JAR,)
    assert JAR.url_path == "org/example/tools/anvil/1.2/anvil-1.2.jar"


@pytest.mark.parametrize(
    "line",
    [
        "anvil:1.2 " + DIGEST,
        "a:b:c:d " + DIGEST,
        "a::1 " + DIGEST,
        "a:b:1",
        "a:b:1 " + DIGEST[:-1],
        "a:b:1 " + DIGEST.upper(),
    ],
)
def test_lock_with_a_wrong_line_names_the_line(line: str) -> None:
    with pytest.raises(LocalError, match=r"^Line 2 of jars\.lock"):
        read_lock(f"# first\n{line}\n")


def test_repository_pins_one_kafka_and_names_no_address() -> None:
    jars = locked_jars()
    kafka = {jar.version for jar in jars if jar.group == "org.apache.kafka"}
    assert len(kafka) == 1
    assert len({jar.artifact for jar in jars}) == len(jars)


def test_class_path_without_the_jars_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="make setup"):
        class_path(tmp_path, [JAR])


def test_jars_arrive_under_their_names(repository: Repository, tmp_path: Path) -> None:
    folder = tmp_path / "jars"
    fetcher(repository, folder).fetch([JAR, OTHER])
    assert names(folder) == {"anvil-1.2.jar", "bellows-3.jar"}
    assert (folder / JAR.file_name).read_bytes() == CONTENT
    assert missing([JAR, OTHER], folder) == []


def test_download_goes_on_where_the_last_run_stopped(
    repository: Repository, tmp_path: Path
) -> None:
    (tmp_path / "anvil-1.2.jar.part").write_bytes(CONTENT[:1000])
    fetcher(repository, tmp_path).fetch([JAR])
    assert repository.ranges == ["bytes=1000-"]
    assert (tmp_path / JAR.file_name).read_bytes() == CONTENT


def test_download_that_is_cut_goes_on_from_there(repository: Repository, tmp_path: Path) -> None:
    repository.cut = [300_000, 50_000]
    fetcher(repository, tmp_path).fetch([JAR])
    assert repository.ranges == [None, "bytes=300000-", "bytes=350000-"]
    assert (tmp_path / JAR.file_name).read_bytes() == CONTENT


def test_complete_part_needs_no_request(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "anvil-1.2.jar.part").write_bytes(CONTENT)
    fetcher(repository, tmp_path).fetch([JAR])
    assert repository.paths == []
    assert names(tmp_path) == {JAR.file_name}


def test_server_without_ranges_sends_it_all_again(repository: Repository, tmp_path: Path) -> None:
    repository.understands_ranges = False
    (tmp_path / "anvil-1.2.jar.part").write_bytes(CONTENT[:1000])
    fetcher(repository, tmp_path).fetch([JAR])
    assert len(repository.paths) == 1
    assert (tmp_path / JAR.file_name).read_bytes() == CONTENT


@pytest.mark.parametrize("part", [b"rubbish", CONTENT + b"too long"])
def test_wrong_part_on_disk_is_thrown_away(
    repository: Repository, tmp_path: Path, part: bytes
) -> None:
    (tmp_path / "anvil-1.2.jar.part").write_bytes(part)
    fetcher(repository, tmp_path).fetch([JAR])
    assert (tmp_path / JAR.file_name).read_bytes() == CONTENT


def test_spoilt_answer_is_asked_for_again(repository: Repository, tmp_path: Path) -> None:
    repository.broken = 1
    fetcher(repository, tmp_path).fetch([JAR])
    assert (tmp_path / JAR.file_name).read_bytes() == CONTENT


def test_jar_that_stays_spoilt_is_named_and_leaves_no_file(
    repository: Repository, tmp_path: Path
) -> None:
    repository.broken = 1000
    with pytest.raises(LocalError, match=r"org\.example\.tools:anvil:1\.2 .*SHA-256"):
        fetcher(repository, tmp_path).fetch([JAR])
    assert names(tmp_path) == set()


def test_jar_that_does_not_exist_is_asked_for_once(repository: Repository, tmp_path: Path) -> None:
    repository.status = 404
    with pytest.raises(LocalError, match=r"anvil:1\.2 could not be fetched .*404"):
        fetcher(repository, tmp_path).fetch([JAR])
    assert len(repository.paths) == 1


def test_repository_out_of_reach_is_one_sentence(tmp_path: Path) -> None:
    with Repository() as closed:
        url = closed.url
    unreachable = Fetcher(
        tmp_path, url, progress=Progress(io.StringIO()), first_pause=0.001, attempts=2
    )
    with pytest.raises(LocalError, match=r"anvil:1\.2 could not be fetched .*refused.*make setup"):
        unreachable.fetch([JAR])
