import hashlib
import importlib
import io
import stat
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from PIL import Image

from ganbook.data.archives import fetch_archive, unpack


def zipped(content):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as opened:
        opened.writestr("content", content)
    return file.getvalue()


CONTENT = zipped(bytes(range(256)) * 9000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """A server that breaks off, and goes on where it is asked to."""

    def do_GET(self):
        server, first = self.server, 0
        asked = self.headers.get("Range")
        server.asked.append((asked, self.headers.get("If-Range")))
        body = server.content
        same = self.headers.get("If-Range") in (None, server.etag)
        if asked and server.ranges and same:
            first = int(asked.removeprefix("bytes=").rstrip("-"))
            if first >= len(body):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(body)}")
                self.end_headers()
                return
        self.send_response(206 if first else 200)
        self.send_header("Content-Length", str(len(body) - first))
        if server.etag:
            self.send_header("ETag", server.etag)
        self.end_headers()
        cut = server.cuts.pop(0) if server.cuts else len(body)
        self.wfile.write(body[first:cut])

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.content, server.etag, server.ranges = CONTENT, '"one"', True
    server.asked, server.cuts = [], []
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{server.server_port}/a.zip"
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_download_goes_on_where_it_was_cut(server, tmp_path):
    server.cuts = [1_000_000]
    with pytest.raises(OSError, match=r"cut short|IncompleteRead") as caught:
        fetch_archive("a.zip", tmp_path, [server.url], SHA256)
    assert str(tmp_path / "a.zip") in str(caught.value)
    assert not (tmp_path / "a.zip").exists()
    part = tmp_path / ".a.zip.part"
    have = part.stat().st_size
    assert part.read_bytes() == CONTENT[:have] and have > 0
    path = fetch_archive("a.zip", tmp_path, [server.url], SHA256)
    assert path.read_bytes() == CONTENT
    assert server.asked[1] == (f"bytes={have}-", '"one"')
    assert [p.name for p in tmp_path.iterdir()] == ["a.zip"]


def test_the_next_mirror_goes_on_too(server, tmp_path):
    server.cuts = [1_000_000]
    addresses = ["http://127.0.0.1:9/a.zip", server.url, server.url]
    path = fetch_archive("a.zip", tmp_path, addresses, SHA256)
    assert path.read_bytes() == CONTENT
    assert len(server.asked) == 2


@pytest.mark.parametrize("ranges", [True, False])
def test_a_file_that_changed_meanwhile_is_not_mixed(server, tmp_path, ranges):
    server.cuts, server.ranges = [1_000_000], ranges
    with pytest.raises(OSError):
        fetch_archive("a.zip", tmp_path, [server.url], None)
    server.content, server.etag = zipped(CONTENT), '"two"'
    path = fetch_archive("a.zip", tmp_path, [server.url], None)
    assert path.read_bytes() == server.content


def test_without_an_etag_and_a_hash_it_starts_over(server, tmp_path):
    server.cuts, server.etag = [1_000_000], None
    with pytest.raises(OSError):
        fetch_archive("a.zip", tmp_path, [server.url], None)
    fetch_archive("a.zip", tmp_path, [server.url], None)
    assert server.asked[1] == (None, None)


@pytest.mark.parametrize("known", [True, False])
def test_what_came_whole_is_not_fetched_again(server, tmp_path, known):
    """Killed before the file took its name."""
    (tmp_path / ".a.zip.part").write_bytes(CONTENT)
    (tmp_path / ".a.zip.etag").write_text(server.etag)
    path = fetch_archive("a.zip", tmp_path, [server.url], SHA256 if known else None)
    assert path.read_bytes() == CONTENT
    assert server.asked == [(f"bytes={len(CONTENT)}-", server.etag)]
    assert not any(p.name.startswith(".") for p in tmp_path.iterdir())


def test_a_download_stopped_while_it_is_hashed_is_not_lost(
    server, tmp_path, monkeypatch
):
    def stop(path):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("ganbook.data.archives._sha256", stop)
        fetch_archive("a.zip", tmp_path, [server.url], None)
    fetch_archive("a.zip", tmp_path, [server.url], None)
    assert server.asked[1] == (f"bytes={len(CONTENT)}-", server.etag)


@pytest.mark.parametrize(
    ("digest", "wanted"), [(SHA256, f"sha256 {SHA256}"), (None, "a zip file")]
)
def test_wrong_content_leaves_nothing_to_continue(server, tmp_path, digest, wanted):
    server.content = b"<html>Too much traffic.</html>"
    with pytest.raises(OSError, match=f"wrong content: expected {wanted}, got"):
        fetch_archive("a.zip", tmp_path, [server.url], digest)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_hash_is_noted_and_later_held_to(server, tmp_path):
    path = fetch_archive("a.zip", tmp_path, [server.url], None)
    assert (tmp_path / "a.zip.sha256").read_text() == f"{SHA256}  a.zip\n"
    path.unlink()
    server.content = CONTENT[:-1]
    with pytest.raises(OSError, match=r"wrong content: .*noted in .*a\.zip\.sha256"):
        fetch_archive("a.zip", tmp_path, [server.url], None)


# Unpacking


def archive(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def everything(name):
    return name


def take(archive, folder, keep=everything, most_bytes=10**6):
    return unpack(archive, folder, keep, most_bytes=most_bytes)


def test_what_is_to_be_kept_is_unpacked(tmp_path):
    path = archive(tmp_path / "a.zip", {"a/x.txt": "1", "a/b/y.txt": "2", "z": "3"})
    keep = {"a/x.txt": "x", "a/b/y.txt": "deep/er/y"}.get
    assert take(path, tmp_path / "out", keep) == 2
    assert (tmp_path / "out" / "x").read_text() == "1"
    assert (tmp_path / "out" / "deep" / "er" / "y").read_text() == "2"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zip", "out"]


@pytest.mark.parametrize(
    "name", ["../x", "a/../../x", "/etc/x", "a\\..\\x", "C:/x", "a/../x"]
)
def test_nothing_leaves_the_folder(tmp_path, name):
    path = archive(tmp_path / "a.zip", {"good": "1", name: "2"})
    with pytest.raises(ValueError, match="outside of its folder; refused"):
        take(path, tmp_path / "out")
    with pytest.raises(ValueError, match="outside of its folder; refused"):
        take(archive(tmp_path / "b.zip", {"a": "1"}), tmp_path / "out", lambda _: name)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zip", "b.zip"]


def test_links_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        file.writestr(link, "/etc/passwd")
    with pytest.raises(ValueError, match="holds a link, 'link'"):
        take(tmp_path / "a.zip", tmp_path / "out")


def test_bombs_are_refused_before_anything_is_written(tmp_path):
    path = archive(tmp_path / "a.zip", {"zeros": b"\0" * 2_000_000})
    with pytest.raises(
        ValueError, match="unpack to 2,000,000 bytes; at most 1,000,000"
    ):
        take(path, tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["a.zip"]


def test_damage_is_found_and_leaves_nothing(tmp_path):
    path = archive(tmp_path / "a.zip", {"x": "cat" * 1000})
    content = bytearray(path.read_bytes())
    content[40] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(ValueError, match="no whole zip file"):
        take(path, tmp_path / "out")
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match="no whole zip file"):
        take(path, tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["a.zip"]


def test_existing_folders_and_useless_archives(tmp_path):
    path = archive(tmp_path / "a.zip", {"x": "1"})
    with pytest.raises(ValueError, match="none of the files"):
        take(path, tmp_path / "out", lambda _: None)
    (tmp_path / "out").mkdir()
    with pytest.raises(FileExistsError, match="remove it"):
        take(path, tmp_path / "out")


@pytest.fixture
def published(server, tmp_path, monkeypatch):
    """The module of cats, with an archive to fetch and nothing on the disk."""
    module = importlib.import_module("ganbook.data.cats")
    picture = io.BytesIO()
    Image.new("RGB", (40, 40), "orange").save(picture, "png")
    names = ("train/cat/a.png", "train/cat/b.png", "val/cat/c.png", "train/dog/d.png")
    members = {f"afhq/{name}": picture.getvalue() for name in names}
    server.content = archive(tmp_path / "b.zip", members).read_bytes()
    archives = dict.fromkeys(
        module.ARCHIVES, module.Archive((server.url,), None, 10**6)
    )
    monkeypatch.setattr(module, "ARCHIVES", archives)
    monkeypatch.setenv("GANBOOK_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return module


def test_cats_come_down_and_stay(published, server, tmp_path, capsys):
    assert len(published.cats(size=32, download=True).images) == 2
    assert "downloading afhq.zip" in capsys.readouterr().out
    assert len(published.cats(split="val", size=32).images) == 1
    assert len(published.cats(size=32, download=True).images) == 2
    assert len(server.asked) == 1
    assert not (tmp_path / "data" / "afhq" / "train" / "dog").exists()
    named = published.cats(size=32, download="afhq_v2")
    assert "afhq_v2/train/cat" in named.origin and len(server.asked) == 2


def test_two_who_ask_for_cats_at_once_share_one_download(published, server):
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda _: published.cats(size=32, download=True), "ab"))
    assert [len(cats.images) for cats in found] == [2, 2]
    assert len(server.asked) == 1


def test_a_folder_without_the_split_is_said_before_the_download(
    published, server, tmp_path
):
    (tmp_path / "data" / "afhq" / "train" / "cat").mkdir(parents=True)
    with pytest.raises(FileExistsError, match="afhq has no val/cat; remove it"):
        published.cats(split="val", size=32, download=True)
    assert server.asked == []
