"""Named models: found where they lie, fetched whole or not at all."""

from __future__ import annotations

import functools
import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from whet import InputError, UnknownName
from whet_mace.foundation import MODELS, Foundation, fetch, obtain

CONTENT = b"weights" * 1000


class Server(http.server.SimpleHTTPRequestHandler):
    """Serves a folder; `/cut` announces more than it sends."""

    def do_GET(self) -> None:
        if self.path == "/cut":
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(CONTENT[:100])
        else:
            super().do_GET()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "good").write_bytes(CONTENT)
    handler = functools.partial(Server, directory=str(tmp_path / "served"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()


@pytest.fixture
def nothing_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.delenv("WHET_MODELS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def model(url: str) -> Foundation:
    return Foundation(url, ("it.model",), hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))


def test_a_good_file_is_fetched(server, tmp_path):
    fetch(model(f"{server}/good"), tmp_path / "new" / "it.model")
    assert (tmp_path / "new" / "it.model").read_bytes() == CONTENT


@pytest.mark.parametrize(("page", "fault"), [("cut", "cut off"), ("absent", "cannot be downloaded")])
def test_what_does_not_come_whole_leaves_nothing(server, tmp_path, page, fault):
    with pytest.raises(InputError, match=fault) as raised:
        fetch(model(f"{server}/{page}"), tmp_path / "new" / "it.model")
    assert f"save it as {tmp_path / 'new' / 'it.model'}" in str(raised.value)
    assert list((tmp_path / "new").iterdir()) == []


def test_a_wrong_checksum_leaves_nothing(server, tmp_path):
    other = Foundation(f"{server}/good", ("it.model",), "0" * 64, len(CONTENT))
    with pytest.raises(InputError, match="SHA-256"):
        fetch(other, tmp_path / "new" / "it.model")
    assert list((tmp_path / "new").iterdir()) == []


def test_a_server_that_is_down_is_one_clear_line(tmp_path):
    with pytest.raises(InputError, match="cannot be downloaded") as raised:
        fetch(model("http://127.0.0.1:9/it"), tmp_path / "it.model")
    assert "http://127.0.0.1:9/it" in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("folder", ["named", "cache/whet/models", "cache/mace"])
def test_a_named_model_is_found_where_it_lies(monkeypatch, nothing_here, tmp_path, folder):
    monkeypatch.setitem(MODELS, "it", model("http://127.0.0.1:9/it"))
    monkeypatch.setenv("WHET_MODELS", f"{tmp_path / 'empty'}:{tmp_path / 'named'}")
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / folder / "it.model").write_bytes(CONTENT)
    assert obtain("it") == tmp_path / folder / "it.model"


def test_a_file_of_that_name_with_another_content_is_passed_over(monkeypatch, nothing_here, server, tmp_path):
    monkeypatch.setitem(MODELS, "it", model(f"{server}/good"))
    monkeypatch.setenv("WHET_MODELS", str(tmp_path))
    (tmp_path / "it.model").write_bytes(CONTENT[::-1])
    assert obtain("it") == nothing_here / "whet" / "models" / "it.model"


def test_offline_says_where_to_put_the_file(monkeypatch, nothing_here):
    monkeypatch.setitem(MODELS, "it", model("http://127.0.0.1:9/it"))
    with pytest.raises(InputError, match="WHET_MODELS"):
        obtain("it")


def test_the_published_model_is_recognized(monkeypatch, nothing_here, small_file):
    monkeypatch.setenv("WHET_MODELS", str(small_file.parent))
    assert obtain("small") == small_file


def test_an_unknown_name():
    with pytest.raises(UnknownName, match="Did you mean 'medium'"):
        obtain("mediun")
