"""Downloads: whole and checked or not at all, whatever the server does; what has come is not fetched twice."""

from __future__ import annotations

import hashlib
import http.server
import multiprocessing
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from whet.data import download as module
from whet.data.download import download
from whet.data.errors import InputError

CONTENT = bytes(range(256)) * 4000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(http.server.BaseHTTPRequestHandler):
    """Misbehaves as the first word of the path says; notes which ranges it was asked for."""

    asked: list[str]

    def do_GET(self) -> None:
        page = self.path.strip("/")
        self.asked.append(f"{page} {self.headers.get('Range', 'all')}")
        tries = sum(line.startswith(page + " ") for line in self.asked)
        start = int(self.headers["Range"][6:-1]) if self.headers.get("Range") else 0
        if page == "absent":
            self.send_error(404)
            return
        if page == "busy":
            self.send_error(503)
            return
        if page == "no-range":
            start = 0
        body = CONTENT[start:]
        self.send_response(206 if start else 200)
        if page == "lies-length":
            self.send_header("Content-Length", str(len(body) - 1000))
            body = body[:-1000]
        elif page == "no-length":
            pass
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if page == "login":
            body = b"<html>please log in</html>".ljust(len(body))
        elif page in ("cut", "cut-always", "no-range", "stalls") and (tries == 1 or page in ("cut-always", "stalls")):
            body = body[: len(body) // 2]
        elif page == "flipped":
            body = body[::-1]
        self.wfile.write(body)
        if page == "stalls":
            self.wfile.flush()
            time.sleep(2)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(Server, "asked", [], raising=False)
    monkeypatch.setattr(module, "SILENCE", 0.3)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as running:
        running.daemon_threads = True
        running.block_on_close = False
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()


def fetch(server: str, page: str, path: Path, **known: object) -> None:
    download(f"{server}/{page}", path, **{"size": len(CONTENT), "sha256": SHA256, "way_out": "Go elsewhere", **known})


@pytest.mark.parametrize("page", ["good", "no-length", "cut", "no-range"])
def test_a_file_comes_whole(server: str, tmp_path: Path, page: str) -> None:
    told: list[tuple[int, int]] = []
    fetch(server, page, tmp_path / "new" / "it", progress=lambda had, total: told.append((had, total)))
    assert (tmp_path / "new" / "it").read_bytes() == CONTENT
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["it"]


def test_a_connection_that_breaks_is_taken_up_where_it_ended(server: str, tmp_path: Path) -> None:
    fetch(server, "cut", tmp_path / "it")
    kept = len(CONTENT) // 2 // module.BLOCK * module.BLOCK
    assert Server.asked == ["cut all", f"cut bytes={kept}-"]


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        ("absent", "the server answers 404"),
        ("busy", "the server answers 503"),
        ("login", "SHA-256"),
        ("flipped", "SHA-256"),
        ("lies-length", "bytes instead of"),
    ],
)
def test_what_is_not_the_model_leaves_nothing(server: str, tmp_path: Path, page: str, fault: str) -> None:
    with pytest.raises(InputError, match=fault) as raised:
        fetch(server, page, tmp_path / "new" / "it")
    line = str(raised.value)
    assert f"{server}/{page}" in line
    assert line.endswith("Go elsewhere")
    assert "\n" not in line
    assert not (tmp_path / "new" / "it").exists()
    # Kept is only what the next try can go on from.
    assert [p.name for p in (tmp_path / "new").iterdir() if p.stat().st_size] in ([], [".it.partial"])


@pytest.mark.parametrize("page", ["stalls", "cut-always"])
def test_what_has_come_is_kept_for_the_next_try(server: str, tmp_path: Path, page: str) -> None:
    with pytest.raises(InputError, match="which are kept"):
        fetch(server, page, tmp_path / "it")
    had = (tmp_path / ".it.partial").stat().st_size
    assert 0 < had < len(CONTENT)
    assert not (tmp_path / "it").exists()
    fetch(server, "good", tmp_path / "it")
    assert Server.asked[-1] == f"good bytes={had}-"
    assert (tmp_path / "it").read_bytes() == CONTENT


def test_the_beginning_of_another_file_is_fetched_anew(server: str, tmp_path: Path) -> None:
    (tmp_path / ".it.partial").write_bytes(b"something else")
    fetch(server, "good", tmp_path / "it")
    assert (tmp_path / "it").read_bytes() == CONTENT


def test_without_a_checksum_nothing_is_gone_on_from(server: str, tmp_path: Path) -> None:
    """The end of this file behind the beginning of another would have the right size and no name for its fault."""
    (tmp_path / ".it.partial").write_bytes(b"something else")
    fetch(server, "good", tmp_path / "it", sha256="")
    assert (tmp_path / "it").read_bytes() == CONTENT
    assert Server.asked == ["good all"]
    with pytest.raises(InputError, match="cannot be downloaded"):
        fetch(server, "cut-always", tmp_path / "other", sha256="")
    assert [path.name for path in tmp_path.iterdir()] == ["it"]


def test_a_complete_partial_file_needs_no_server(tmp_path: Path) -> None:
    (tmp_path / ".it.partial").write_bytes(CONTENT)
    fetch("http://127.0.0.1:9", "down", tmp_path / "it")
    assert (tmp_path / "it").read_bytes() == CONTENT


def test_a_server_that_is_down_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be downloaded") as raised:
        fetch("http://127.0.0.1:9", "it", tmp_path / "it")
    assert "http://127.0.0.1:9/it" in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_two_processes_fetch_it_once(server: str, tmp_path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    both = [fork.Process(target=fetch, args=(server, "good", tmp_path / "it")) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join()
    assert [process.exitcode for process in both] == [0, 0]
    assert (tmp_path / "it").read_bytes() == CONTENT
    assert Server.asked == ["good all"]
