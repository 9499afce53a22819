import hashlib
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ganbook.data.download import download

CONTENT = bytes(range(256)) * 5000  # more than one chunk
SHA256 = "sha256:" + hashlib.sha256(CONTENT).hexdigest()
MD5 = "md5:" + hashlib.md5(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """One folder a behavior."""

    def do_GET(self):
        behavior = self.path.split("/")[1]
        self.server.asked.append(behavior)
        if behavior == "silent":
            self.server.closing.wait(20)
            return
        if behavior == "missing":
            self.send_error(404)
            return
        body = b"another file" if behavior == "wrong" else CONTENT
        self.send_response(200)
        if behavior != "unmeasured":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        cut = len(body) // 2 if behavior in ("truncated", "unmeasured") else None
        self.wfile.write(body[:cut])

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked, server.closing = [], threading.Event()
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{server.server_port}/"
    yield server
    server.closing.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def dead():
    """An address where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/"


@pytest.mark.parametrize("digest", [SHA256, MD5])
def test_a_good_file_arrives(server, tmp_path, digest):
    folder = tmp_path / "new" / "folder"
    path = download("file.gz", folder, [server.url + "good/"], digest)
    assert path == folder / "file.gz"
    assert path.read_bytes() == CONTENT
    assert list(folder.iterdir()) == [path]


@pytest.mark.parametrize("bad", ["wrong", "truncated", "unmeasured", "missing"])
def test_a_bad_mirror_falls_through_to_the_next(server, tmp_path, bad):
    mirrors = [f"{server.url}{bad}/", f"{server.url}good/", f"{server.url}missing/"]
    path = download("file.gz", tmp_path, mirrors, SHA256)
    assert path.read_bytes() == CONTENT
    assert server.asked == [bad, "good"]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("wrong", "wrong content: expected sha256"),
        ("truncated", "cut short: 640,000 of 1,280,000 bytes|IncompleteRead"),
        ("unmeasured", "wrong content"),
        ("missing", "404"),
    ],
)
def test_a_failure_says_why_and_leaves_nothing(server, tmp_path, bad, reason):
    with pytest.raises(OSError, match=reason):
        download("file.gz", tmp_path, [f"{server.url}{bad}/"], SHA256)
    assert list(tmp_path.iterdir()) == []


def test_a_silent_mirror_times_out(server, tmp_path):
    with pytest.raises(OSError, match="timed out"):
        download("f", tmp_path, [server.url + "silent/"], SHA256, timeout=0.1)


def test_all_dead_lists_what_was_tried_and_what_to_put_where(dead, tmp_path):
    folder = tmp_path / "cache"
    mirrors = [dead + "a/", dead + "b/"]
    with pytest.raises(OSError) as caught:
        download("file.gz", folder, mirrors, SHA256)
    message = str(caught.value)
    for expected in [*(m + "file.gz" for m in mirrors), str(folder / "file.gz")]:
        assert expected in message
    assert not folder.exists()


def test_a_failure_keeps_the_file_that_was_there(server, tmp_path):
    (tmp_path / "file.gz").write_bytes(b"old")
    with pytest.raises(OSError, match=r"cut short|IncompleteRead"):
        download("file.gz", tmp_path, [server.url + "truncated/"], SHA256)
    assert (tmp_path / "file.gz").read_bytes() == b"old"


def test_unknown_digest(tmp_path):
    with pytest.raises(ValueError, match=r"md5, sha256.*'crc32:1'"):
        download("file.gz", tmp_path, [], "crc32:1")
