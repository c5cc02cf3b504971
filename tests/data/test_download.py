"""Downloads from a server on this machine."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from harness.data.download import downloadable, downloads, fetch
from harness.data.sets import DATA_SETS, Download
from harness.vocabulary import HarnessError

CONTENT = bytes(range(256)) * 4000


class Handler(BaseHTTPRequestHandler):
    """Serves ``CONTENT``; /short breaks off half way, /whole knows no parts, /gone is not there."""

    asked: list[str | None]

    def do_GET(self) -> None:
        part = self.headers.get("Range")
        self.asked.append(part)
        if self.path == "/gone":
            self.send_error(404)
            return
        start = int(part.removeprefix("bytes=").rstrip("-")) if part else 0
        if start and self.path != "/whole":
            self.send_response(206)
        else:
            self.send_response(200)
            start = 0
        body = CONTENT[start:]
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(CONTENT) // 2] if self.path == "/short" else body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def server() -> Iterator[str]:
    Handler.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as served:
        thread = threading.Thread(target=served.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{served.server_port}"
        served.shutdown()
        thread.join()


def source(server: str, path: str = "/file", sha256: str = "") -> Download:
    digest = sha256 or hashlib.sha256(CONTENT).hexdigest()
    return Download(f"{server}{path}", "folder/file.bin", digest, len(CONTENT))


def test_a_file_is_fetched_once(server: str, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    assert fetch(source(server), tmp_path, lambda here, total: steps.append((here, total)))
    assert (tmp_path / "folder" / "file.bin").read_bytes() == CONTENT
    assert steps[-1] == (len(CONTENT), len(CONTENT))
    assert len(steps) > 2
    assert not fetch(source(server), tmp_path)
    assert Handler.asked == [None]


@pytest.mark.parametrize(("path", "kept"), [("/file", True), ("/whole", False)])
def test_a_broken_download_goes_on(server: str, tmp_path: Path, path: str, kept: bool) -> None:
    with pytest.raises(HarnessError, match=r"could not be downloaded.*512000 of 1024000.*go on"):
        fetch(source(server, "/short"), tmp_path)
    assert not (tmp_path / "folder" / "file.bin").exists()
    seen: list[int] = []
    fetch(source(server, path), tmp_path, lambda here, total: seen.append(here))
    assert (tmp_path / "folder" / "file.bin").read_bytes() == CONTENT
    assert Handler.asked[-1] == "bytes=512000-"
    assert seen[0] == (512_000 if kept else 0)


def test_a_wrong_checksum_leaves_nothing(server: str, tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match=r"checksum .* is the published one. It was deleted"):
        fetch(source(server, sha256="0" * 64), tmp_path)
    assert not list((tmp_path / "folder").iterdir())


def test_a_server_that_has_nothing_is_named(server: str, tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="/gone could not be downloaded: HTTP Error 404"):
        fetch(source(server, "/gone"), tmp_path)


def test_what_can_be_downloaded() -> None:
    assert downloadable() == ["mnist", "cifar10", "reuters"]
    assert len(downloads([])) == 3
    assert [d.file for d in downloads(["reuters"])] == ["reuters.npz"]
    for name in downloadable():
        assert all(d.file in DATA_SETS[name].looked_for for d in DATA_SETS[name].downloads)
    with pytest.raises(HarnessError, match="higgs cannot be downloaded. Get training.csv"):
        downloads(["higgs"])
    with pytest.raises(HarnessError, match="no data set 'minst'. Did you mean mnist"):
        downloads(["minst"])
