"""Download against a real server on loopback that breaks off, resumes, or is not there."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from crisisflow.corpus.download import ATTEMPTS, CHUNK, download
from crisisflow.errors import CrisisflowError

BODY = bytes(range(256)) * 4096


class Server(ThreadingHTTPServer):
    """Serves BODY; each reply ends after `portion` bytes, although it promised all."""

    daemon_threads = True
    portion = len(BODY)
    ranges = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str | None] = []


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        wanted = self.headers.get("Range")
        self.server.asked.append(wanted)
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and self.server.ranges else 0
        if start >= len(BODY):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(BODY)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(BODY) - start))
        self.end_headers()
        self.wfile.write(BODY[start : start + self.server.portion])
        self.close_connection = True

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr("crisisflow.corpus.download.PAUSE", 0)


def url(server) -> str:
    return f"http://127.0.0.1:{server.server_port}/archive.tar.gz"


def test_a_broken_transfer_goes_on_where_it_broke(server, tmp_path):
    server.portion = CHUNK * (len(BODY) // CHUNK // 3 + 1)
    path = download(url(server), tmp_path)
    assert path.read_bytes() == BODY
    assert server.asked == [None, f"bytes={server.portion}-", f"bytes={2 * server.portion}-"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["archive.tar.gz"]


def test_a_second_call_downloads_nothing(server, tmp_path):
    download(url(server), tmp_path)
    download(url(server), tmp_path)
    assert len(server.asked) == 1


def test_what_came_is_kept_for_the_next_run(server, tmp_path):
    server.portion = CHUNK
    with pytest.raises(CrisisflowError, match=r"cannot download .*archive\.tar\.gz .* run again to go on"):
        download(url(server), tmp_path)
    kept = tmp_path / "archive.tar.gz.partial"
    assert kept.stat().st_size == ATTEMPTS * CHUNK
    server.portion = len(BODY)
    assert download(url(server), tmp_path).read_bytes() == BODY
    assert server.asked[-1] == f"bytes={ATTEMPTS * CHUNK}-"


def test_a_server_without_ranges_is_read_from_the_start(server, tmp_path):
    (tmp_path / "archive.tar.gz.partial").write_bytes(b"x" * 1000)
    server.ranges = False
    assert download(url(server), tmp_path).read_bytes() == BODY


def test_a_partial_file_that_is_complete_is_taken_and_one_that_is_too_long_is_not(server, tmp_path):
    partial = tmp_path / "archive.tar.gz.partial"
    partial.write_bytes(BODY)
    assert download(url(server), tmp_path).read_bytes() == BODY
    (tmp_path / "archive.tar.gz").unlink()
    partial.write_bytes(BODY + b"more")
    assert download(url(server), tmp_path).read_bytes() == BODY


def test_nobody_there(server, tmp_path):
    address = url(server)
    server.shutdown()
    server.server_close()
    with pytest.raises(CrisisflowError, match=r"cannot download .* set corpus\.source to a local copy"):
        download(address, tmp_path)
